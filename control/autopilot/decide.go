package autopilot

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/resource"
)

const (
	// agreement is how many measurements in a row decide together.
	agreement = 3
	// mostGrowth bounds what one change multiplies the parallelism by: what a
	// source that is held up would send is a guess that gets worse with size.
	mostGrowth = 4
	// slack is how much smaller the load must be to give up parallelism.
	slack = 0.8
	// uneven is how busy one task must be, and how idle the mean, to say that
	// more tasks would not help.
	uneven = 0.95
)

// plan is what to do now.
type plan struct {
	remove bool // the policy: its deployment is gone
	write  bool // the status
	status resource.AutopilotStatus
	scale  int // the deployment to this parallelism; 0: leave it
	why    string
	again  time.Time
}

// due tells whether it is time for a measurement, or something is new.
func due(now time.Time, c Config, seen *snapshot) bool {
	s := seen.Status
	return s.ObservedGeneration != seen.Metadata.Generation || s.JobID != seen.deployment.Status.Running.JobID ||
		!now.Before(s.UpdateTime.Add(c.Interval))
}

// warming tells whether the job runs too short a time to say anything.
func warming(now time.Time, c Config, seen *snapshot) bool {
	since := seen.job.Status.Started.StartedAt
	return since.IsZero() || now.Before(since.Add(c.WarmUp))
}

// decide is the whole policy of the autopilot. Same snapshot and time, same plan.
func decide(now time.Time, c Config, seen *snapshot) plan {
	d := decision{now: now, snapshot: seen}
	s := seen.Status
	d.status = resource.AutopilotStatus{
		UpdateTime: resource.At(now), ObservedGeneration: seen.Metadata.Generation, LastActionTime: s.LastActionTime,
		JobID: seen.deployment.Status.Running.JobID, Parallelism: seen.deployment.Spec.Template.Spec.Parallelism,
	}
	d.write = true
	switch {
	case seen.gone:
		return plan{remove: true}
	case seen.Spec.Mode == resource.AutopilotDisabled:
		d.status.UpdateTime, d.status.JobID, d.status.Parallelism = s.UpdateTime, "", 0
		return d.off("the autopilot is off")
	case seen.deployment.Status.State != resource.StateRunning || !seen.running:
		d.status.JobID = ""
		return d.off("the deployment is " + string(seen.deployment.Status.State) + ": there is nothing to measure")
	case !due(now, c, seen):
		return plan{again: s.UpdateTime.Add(c.Interval)}
	case warming(now, c, seen):
		d.again = now.Add(c.Interval)
		d.status.Message = fmt.Sprintf("the job has just started; it is measured when it has run for %s", c.WarmUp)
		return d.plan
	case seen.missing != "":
		d.again = now.Add(c.Interval)
		d.status.Failed = true
		d.status.Message = "metrics are missing: " + seen.missing
		return d.plan
	}
	d.again = now.Add(c.Interval)
	d.judge()
	return d.plan
}

type decision struct {
	plan
	*snapshot
	now time.Time
}

// off is a policy that has nothing to do until something changes.
func (d *decision) off(message string) plan {
	d.status.Message = message
	d.write = d.Status.Message != message || d.Status.ObservedGeneration != d.status.ObservedGeneration
	return d.plan
}

// judge says what the load asks for and, if it may, does it.
func (d *decision) judge() {
	present := d.status.Parallelism
	wanted, why := d.needs()
	if s := d.Status; s.JobID == d.status.JobID && s.Parallelism == present {
		d.status.Proposals = append(slices.Clone(s.Proposals), wanted)
	} else {
		d.status.Proposals = []int{wanted}
	}
	if n := len(d.status.Proposals); n > agreement {
		d.status.Proposals = d.status.Proposals[n-agreement:]
	}
	if n := len(d.status.Proposals); n < agreement {
		d.status.Message = fmt.Sprintf("measured %d of %d times", n, agreement)
		return
	}
	agreed := slices.Sorted(slices.Values(d.status.Proposals))[agreement/2]
	if agreed == present {
		d.status.Message = why
		return
	}
	d.status.Recommended = agreed
	d.status.Reason = fmt.Sprintf("parallelism %d instead of %d: %s", agreed, present, why)
	d.status.Message = d.status.Reason
	if d.Spec.Mode != resource.AutopilotActive {
		return
	}
	cooldown := time.Duration(d.Spec.Autoscaler.CooldownMinutes) * time.Minute
	switch until := d.Status.LastActionTime.Add(cooldown); {
	case d.deployment.Spec.UpgradeStrategy.Kind != resource.UpgradeStateful:
		d.status.Message += fmt.Sprintf("; not done, because the upgrade strategy is %s and not STATEFUL", d.deployment.Spec.UpgradeStrategy.Kind)
	case !d.Status.LastActionTime.IsZero() && d.now.Before(until):
		d.status.Message += "; waiting for the end of the cooldown at " + until.UTC().Format(time.RFC3339)
	default:
		d.scale, d.why = agreed, d.status.Reason
		d.status.LastActionTime = resource.At(d.now)
		d.status.Proposals = nil
	}
}

// needs works out the parallelism that the load asks for, within the bounds of
// the policy, and says why.
func (d *decision) needs() (int, string) {
	a := d.Spec.Autoscaler
	present := d.status.Parallelism
	target := float64(a.TargetUtilization) / 100
	d.status.Vertices = measured(d.load, target)
	needs, of, stuck := 0, 0, false
	var notes []string
	for i, v := range d.status.Vertices {
		s := d.load[i]
		if v.Parallelism < present && v.Needs > v.Parallelism {
			notes = append(notes, fmt.Sprintf("stage %s cannot have more than %d tasks and is busy %s of the time", brief(v.Name), v.Parallelism, percent(v.Utilization)))
			stuck = true
			continue
		}
		if s.busiest >= uneven && s.busy < target {
			notes = append(notes, fmt.Sprintf("one task of stage %s is busy %s of the time and the mean %s: its keys are uneven, which more tasks do not mend", brief(v.Name), percent(s.busiest), percent(s.busy)))
		}
		if v.Needs > needs {
			needs, of = v.Needs, i
		}
	}
	if needs == 0 { // every stage is at its end
		return present, strings.Join(notes, "; ")
	}
	v := d.status.Vertices[of]
	why := fmt.Sprintf("stage %s is busy %s of the time with %s rows/s", brief(v.Name), percent(v.Utilization), rate(v.Throughput))
	if v.Demand > 1.05*v.Throughput {
		why += fmt.Sprintf(" and would take %s if nothing waited", rate(v.Demand))
	}
	wanted := min(needs, present*mostGrowth)
	if stuck {
		wanted = min(wanted, present) // the others wait for that stage however many they are
	}
	if wanted < present && float64(wanted) > slack*float64(present) {
		wanted = present // not worth a restart
	}
	if most := d.mostTasks(); wanted > most {
		notes = append(notes, fmt.Sprintf("it would need %d, but the most is %d", wanted, most))
		wanted = most
	}
	if wanted < a.MinParallelism {
		wanted = a.MinParallelism
	}
	return wanted, strings.Join(append([]string{why}, notes...), "; ")
}

// mostTasks is the highest parallelism that policy and job allow.
func (d *decision) mostTasks() int {
	most := d.Spec.Autoscaler.MaxParallelism
	if n, err := strconv.Atoi(d.deployment.Spec.Template.Spec.FlinkConfiguration["pipeline.max-parallelism"]); err == nil && n > 0 {
		most = min(most, n)
	}
	for _, s := range d.load {
		if s.most >= d.status.Parallelism && s.most > 1 {
			most = min(most, s.most)
		}
	}
	return most
}

// measured is the load with what each stage could take, is to take, and needs
// for that.
func measured(load []stage, target float64) []resource.AutopilotVertex {
	byID := map[string]int{}
	for i, s := range load {
		byID[s.id] = i
	}
	growth := make([]float64, len(load)) // demand by what is taken now
	var grow func(i, depth int) float64
	grow = func(i, depth int) float64 {
		s := load[i]
		if growth[i] > 0 || depth > len(load) {
			return max(growth[i], 1)
		}
		g, more, all := 1.0, 0.0, 0.0
		if s.sourceOfData && s.held > 0.05 {
			// In the time that it was held up it would have gone on as before.
			g = 1 + s.held/max(s.busy, 0.01)
		}
		for _, id := range s.inputs {
			if j, ok := byID[id]; ok {
				weight := max(load[j].out, 1e-9)
				more += weight * grow(j, depth+1)
				all += weight
			}
		}
		if all > 0 {
			g = more / all
		}
		growth[i] = g
		return g
	}
	out := make([]resource.AutopilotVertex, len(load))
	for i, s := range load {
		v := resource.AutopilotVertex{ID: s.id, Name: s.name, Source: s.sourceOfData, Parallelism: s.parallelism, Utilization: round(s.busy)}
		v.Throughput = s.in
		if s.sourceOfData && s.out > 0 {
			v.Throughput = s.out
		}
		g := grow(i, 0)
		v.Demand = v.Throughput * g
		if s.busy > 0.001 {
			v.Capacity = v.Throughput / s.busy
		}
		// Less than one part in a hundred above a whole number is noise.
		v.Needs = max(int(math.Ceil(float64(s.parallelism)*s.busy*g/target-0.01)), 1)
		v.Throughput, v.Capacity, v.Demand = round(v.Throughput), round(v.Capacity), round(v.Demand)
		out[i] = v
	}
	return out
}

func round(f float64) float64 { return math.Round(f*1000) / 1000 }

func percent(share float64) string { return strconv.Itoa(int(math.Round(100*share))) + "%" }

func rate(f float64) string {
	if f >= 100 {
		return strconv.FormatFloat(math.Round(f), 'f', 0, 64)
	}
	return strconv.FormatFloat(f, 'g', 3, 64)
}
