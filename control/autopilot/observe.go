package autopilot

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

// snapshot is what decides about one policy.
type snapshot struct {
	resource.AutopilotPolicy
	deployment resource.Deployment
	gone       bool // the deployment is
	job        resource.Job
	running    bool // the job is
	load       []stage
	missing    string // why the load is not known
}

// stage is one vertex of the job, measured. Rates are rows a second of all its
// tasks; shares are of the time, of the mean task.
type stage struct {
	id, name     string
	inputs       []string
	parallelism  int
	most         int // parallelism that it can have; 0: not known
	in, out      float64
	busy         float64
	held         float64 // back-pressured: it waited for those after it
	busiest      float64 // busy, of the busiest task
	sourceOfData bool
}

// Flink's names of what is measured.
const (
	metricBusy = "busyTimeMsPerSecond"
	metricHeld = "backPressuredTimeMsPerSecond"
	metricIdle = "idleTimeMsPerSecond"
	metricIn   = "numRecordsInPerSecond"
	metricOut  = "numRecordsOutPerSecond"
)

func (c *Controller) observe(ctx context.Context, p resource.AutopilotPolicy) (*snapshot, error) {
	seen := &snapshot{AutopilotPolicy: p}
	seen.Spec = p.Spec.WithDefaults()
	var err error
	seen.deployment, err = c.Deployments.Get(ctx, p.Metadata.Name)
	if errors.Is(err, resource.ErrNotFound) {
		seen.gone = true
		return seen, nil
	}
	if err != nil {
		return nil, err
	}
	id := seen.deployment.Status.Running.JobID
	if seen.Spec.Mode == resource.AutopilotDisabled || id == "" {
		return seen, nil
	}
	seen.job, err = c.Jobs.Get(ctx, id)
	if errors.Is(err, resource.ErrNotFound) {
		return seen, nil
	}
	if err != nil {
		return nil, err
	}
	seen.running = seen.job.Status.State == resource.JobStarted
	if !seen.running || !due(c.Now(), c.config, seen) || warming(c.Now(), c.config, seen) {
		return seen, nil
	}
	if err := c.measure(ctx, seen); err != nil {
		seen.missing = err.Error() // trouble on the way is part of the picture
	}
	return seen, nil
}

// measure asks the job's cluster how its stages do.
func (c *Controller) measure(ctx context.Context, seen *snapshot) error {
	client, err := c.Clusters.Client(ctx, seen.job)
	if err != nil {
		return err
	}
	id := control.Ref(seen.job).FlinkJobID()
	details, err := client.Job(ctx, id)
	if err != nil {
		return err
	}
	if !details.AllTasksRunning() {
		return errors.New("not all tasks run")
	}
	inputs := map[string][]string{}
	for _, n := range details.Plan.Nodes {
		for _, in := range n.Inputs {
			inputs[n.ID] = append(inputs[n.ID], in.ID)
		}
	}
	for _, v := range details.Vertices {
		m, err := client.TaskMetrics(ctx, id, v.ID, metricBusy, metricHeld, metricIdle, metricIn, metricOut)
		if err != nil {
			return err
		}
		s, err := read(v, m)
		if err != nil {
			return err
		}
		s.inputs = inputs[v.ID]
		s.sourceOfData = len(s.inputs) == 0
		seen.load = append(seen.load, s)
	}
	return nil
}

// read makes a stage of metrics; without how busy it is nothing can be said.
func read(v flink.Vertex, m map[string]flink.Aggregate) (stage, error) {
	s := stage{id: v.ID, name: v.Name, parallelism: max(v.Parallelism, 1), most: v.MaxParallelism}
	value := func(name string, of func(flink.Aggregate) flink.Number) (float64, bool) {
		a, ok := m[name]
		f := float64(of(a))
		return f, ok && !math.IsNaN(f) && !math.IsInf(f, 0)
	}
	avg := func(a flink.Aggregate) flink.Number { return a.Avg }
	sum := func(a flink.Aggregate) flink.Number { return a.Sum }
	share := func(ms float64) float64 { return min(max(ms/1000, 0), 1) }

	held, heldKnown := value(metricHeld, avg)
	s.held = share(held)
	busy, busyKnown := value(metricBusy, avg)
	if idle, ok := value(metricIdle, avg); !busyKnown && ok && heldKnown {
		// Old sources of Flink do not say how busy they are.
		busy, busyKnown = 1000-idle-held, true
	}
	if !busyKnown {
		return s, fmt.Errorf("stage %s does not tell %s", brief(v.Name), metricBusy)
	}
	s.busy, s.busiest = share(busy), share(busy)
	if most, ok := value(metricBusy, func(a flink.Aggregate) flink.Number { return a.Max }); ok {
		s.busiest = share(most)
	}
	s.in, _ = value(metricIn, sum)
	s.out, _ = value(metricOut, sum)
	return s, nil
}

// brief is the beginning of a stage's name, which may have a whole query in it.
func brief(name string) string {
	name, _, _ = strings.Cut(name, " -> ")
	if r := []rune(name); len(r) > 60 {
		name = string(r[:57]) + "…"
	}
	return name
}
