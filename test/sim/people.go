package sim

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"strconv"
	"time"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

// Faults are the chances of things going wrong, and of people changing their
// minds, each a probability at each occasion.
type Faults struct {
	RequestLost, ReplyLost      float64
	LaunchFails                 float64
	SavepointFails, StopRevives float64
	NotificationLost            float64
	Restart                     float64 // of the platform, at each step
	TaskFails, JobFails         float64 // at each step, of some cluster
	Failover, FailoverWithoutHA float64
	Vanish, Breaks, FallsSilent float64
	Cancelled                   float64 // by others
	Edit                        float64 // at each step, of some deployment
	EditIdle                    float64 // when nothing is due
}

// Storm is much of everything.
func Storm() Faults {
	return Faults{
		RequestLost: .06, ReplyLost: .06, LaunchFails: .1, SavepointFails: .35, StopRevives: .1, NotificationLost: .05,
		Restart: .006, TaskFails: .004, JobFails: .002, Failover: .002, FailoverWithoutHA: .001,
		Vanish: .0015, Breaks: .0015, FallsSilent: .004, Edit: .01, Cancelled: .001, EditIdle: .5,
	}
}

// Drizzle is a little of what disturbs savepoints, and people who change much.
func Drizzle() Faults {
	return Faults{
		RequestLost: .03, ReplyLost: .03, SavepointFails: .1, StopRevives: .02, NotificationLost: .05, Restart: .004,
		TaskFails: .002, JobFails: .002, Vanish: .0005, Edit: .005, EditIdle: .05,
	}
}

// vary makes another weather of it: some misfortunes do not happen at all,
// others twice as often.
func (f Faults) vary(rng *rand.Rand) Faults {
	v := reflect.ValueOf(&f).Elem()
	for i := range v.NumField() {
		x := 2 * rng.Float64()
		if rng.Float64() < .4 {
			x = 0
		}
		v.Field(i).SetFloat(v.Field(i).Float() * x)
	}
	return f
}

func (f Faults) on() bool { return f != Faults{} }

// misfortune is what happens by itself at a step.
func (w *World) misfortune() {
	f := w.faults
	if !f.on() {
		return
	}
	if w.chance(f.Restart) {
		w.restart()
	}
	if w.chance(f.Edit) && len(w.deployments.rows) > 0 {
		w.edit(w.deployments.rows[w.rng.IntN(len(w.deployments.rows))])
	}
	w.sessionMisfortune()
	var there []*fakeCluster
	for _, c := range w.clusters {
		if !c.gone {
			there = append(there, c)
		}
	}
	if len(there) == 0 {
		return
	}
	c := there[w.rng.IntN(len(there))]
	strike := func(p float64, what string, do func()) {
		if w.chance(p) && c.there() && !c.broken {
			c.catchUp()
			w.tracef("cluster %s: %s (job %s)", short(c.job.Metadata.ID), what, c.status)
			do()
		}
	}
	if c.standby { // nothing runs in it
		strike(f.Vanish, "vanishes", func() { c.gone = true })
		strike(f.Breaks, "breaks", func() { c.broken = true })
		return
	}
	strike(f.TaskFails, "a task fails", c.restart)
	strike(f.JobFails, "the job fails", func() {
		if !c.status.Terminal() {
			c.failure = "java.lang.IllegalStateException: out of luck"
			c.become(flink.JobFailed)
		}
	})
	if h := c.host(); h != nil { // what happens to its process happens to all
		strike(f.Failover+f.FailoverWithoutHA+f.Vanish, "its session cluster vanishes", func() { h.die(true) })
		strike(f.Breaks, "the process of its session cluster ends", func() { h.die(false) })
		return
	}
	strike(f.Failover, "failover with high availability", func() { c.failover(true) })
	strike(f.FailoverWithoutHA, "failover without high availability", func() { c.failover(false) })
	strike(f.Cancelled, "somebody cancels the job", func() {
		if !c.status.Terminal() {
			c.become(flink.JobCanceled)
		}
	})
	strike(f.Vanish, "vanishes", func() { c.gone, c.unlucky = true, true })
	strike(f.Breaks, "its main process ends", func() { c.broken, c.unlucky = true, true })
	strike(f.FallsSilent, "falls silent", func() { c.silentUntil = w.now.Add(w.between(0, 20*time.Second)) })
}

// Deploy makes a deployment that is to run.
func (w *World) Deploy(name string) string {
	v := resource.Deployment{
		Metadata: resource.Metadata{Name: name, Namespace: "default"},
		Spec: resource.DeploymentSpec{
			State:                resource.StateRunning,
			UpgradeStrategy:      resource.UpgradeStrategy{Kind: resource.UpgradeStateful},
			RestoreStrategy:      resource.RestoreStrategy{Kind: resource.RestoreLatestState},
			DeploymentTargetName: "local", MaxSavepointCreationAttempts: 2, MaxJobCreationAttempts: 4,
			Template: resource.Template{Spec: resource.JobTemplate{
				Artifact:    resource.Artifact{Kind: resource.ArtifactSQLScript, SQLScript: "INSERT INTO b SELECT * FROM a"},
				Parallelism: 1, FlinkConfiguration: w.opts.configuration(),
			}},
		},
	}
	v.CountSpecVersion(resource.Deployment{})
	v, err := w.deployments.create("user", v)
	if err != nil {
		panic(err)
	}
	return v.Metadata.ID
}

// rescales tells whether this is a world in which running jobs can be told to
// run at another parallelism.
func (o Options) rescales() bool { return o.Adaptive || o.Seed/4%8 == 1 }

func (o Options) configuration() map[string]string {
	if o.rescales() {
		return map[string]string{"jobmanager.scheduler": "adaptive"}
	}
	return map[string]string{}
}

// Edit changes the spec of a deployment as a person does.
func (w *World) Edit(id, what string, change func(*resource.DeploymentSpec)) {
	d, err := w.deployments.update("user", id, func(d *resource.Deployment) error {
		old := *d
		d.Spec.Template.Spec.FlinkConfiguration = maps.Clone(d.Spec.Template.Spec.FlinkConfiguration)
		change(&d.Spec)
		d.CountSpecVersion(old)
		return nil
	})
	if err != nil {
		panic(err)
	}
	w.tracef("user: %s of %s, now generation %d", what, d.Metadata.Name, d.Metadata.Generation)
}

// edit is a change of mind at random.
func (w *World) edit(d *resource.Deployment) {
	id := d.Metadata.ID
	choices := 21
	if len(w.sessions.rows) > 0 {
		choices += 2
	}
	switch w.rng.IntN(choices) {
	case 0, 1, 2:
		n := 1 + w.rng.IntN(8)
		w.Edit(id, "parallelism "+strconv.Itoa(n), func(s *resource.DeploymentSpec) { s.Template.Spec.Parallelism = n })
	case 3:
		w.Edit(id, "break", func(s *resource.DeploymentSpec) { s.Template.Spec.FlinkConfiguration["sim.broken"] = "true" })
	case 4:
		w.Edit(id, "break for good", func(s *resource.DeploymentSpec) { s.Template.Spec.FlinkConfiguration["sim.broken"] = "refused" })
	case 5, 6:
		w.Edit(id, "mend", func(s *resource.DeploymentSpec) { delete(s.Template.Spec.FlinkConfiguration, "sim.broken") })
	case 7:
		state := []resource.State{resource.StateCancelled, resource.StateSuspended}[w.rng.IntN(2)]
		w.Edit(id, "state "+string(state), func(s *resource.DeploymentSpec) { s.State = state })
	case 8, 9, 10:
		w.Edit(id, "state RUNNING", func(s *resource.DeploymentSpec) { s.State = resource.StateRunning })
	case 11:
		up := []resource.UpgradeKind{resource.UpgradeStateful, resource.UpgradeStateful, resource.UpgradeStateless, resource.UpgradeNone}[w.rng.IntN(4)]
		re := []resource.RestoreKind{resource.RestoreLatestState, resource.RestoreLatestState, resource.RestoreLatestSavepoint, resource.RestoreNone}[w.rng.IntN(4)]
		w.Edit(id, fmt.Sprintf("strategies %s %s", up, re), func(s *resource.DeploymentSpec) {
			s.UpgradeStrategy.Kind, s.RestoreStrategy.Kind = up, re
		})
	case 12:
		w.Savepoint(id)
	case 16:
		w.Dispose(id)
	case 17:
		every, keep, keepFor := []string{"", "2s", "20s"}[w.rng.IntN(3)], w.rng.IntN(4), []string{"", "30s", "10min"}[w.rng.IntN(3)]
		w.Edit(id, fmt.Sprintf("savepoints every %q, keep %d, for %q", every, keep, keepFor), func(s *resource.DeploymentSpec) {
			s.Savepoints = resource.SavepointPolicy{Every: every, Keep: keep, KeepFor: keepFor}
		})
	case 19:
		refer := w.chance(.7)
		w.Edit(id, fmt.Sprintf("refer to a secret: %v", refer), func(s *resource.DeploymentSpec) {
			delete(s.Template.Spec.FlinkConfiguration, "sim.secret")
			if refer {
				s.Template.Spec.FlinkConfiguration["sim.secret"] = secretReference
			}
		})
	case 20:
		w.Secret(w.chance(.5))
	case 18:
		target := []string{"local", "local", "other", "missing"}[w.rng.IntN(4)]
		w.Edit(id, "target "+target, func(s *resource.DeploymentSpec) { s.DeploymentTargetName, s.SessionClusterName = target, "" })
	case 13, 14:
		w.Reset(id)
	case 15:
		bounded := []string{"true", ""}[w.rng.IntN(2)]
		w.Edit(id, "bounded input: "+bounded, func(s *resource.DeploymentSpec) { s.Template.Spec.FlinkConfiguration["sim.bound"] = bounded })
	case 21, 22:
		w.move(id)
	}
}

// Savepoint asks for a savepoint, as the API lets people do.
func (w *World) Savepoint(deploymentID string) {
	for _, j := range w.jobs.owned[deploymentID] {
		if j.Status.State != resource.JobStarted {
			continue
		}
		s := resource.Savepoint{
			Metadata: resource.Metadata{
				ID: w.newID(), Namespace: "default", DeploymentID: deploymentID, JobID: j.Metadata.ID,
				Origin: resource.OriginUserRequest, Type: resource.SavepointTypeFull,
			},
			Status: resource.SavepointStatus{State: resource.SavepointStarted},
		}
		w.tracef("user: savepoint %s of job %s", short(s.Metadata.ID), short(j.Metadata.ID))
		if _, err := w.savepoints.create("user", s); err != nil {
			panic(err)
		}
	}
}

// Secret takes the one secret away or puts it back.
func (w *World) Secret(there bool) {
	if w.secretGone == !there {
		return
	}
	w.secretGone = !there
	w.tracef("user: the secret is there: %v", there)
	w.notify(resource.Key{Kind: resource.KindSecretValue, Namespace: "default", ID: "secret"})
}

// Dispose gives up a savepoint at random that is not the newest state, by
// force at times.
func (w *World) Dispose(deploymentID string) {
	var choice []*resource.Savepoint
	for _, p := range w.savepoints.owned[deploymentID] {
		mine, ok := w.rankOf(p)
		if !ok || p.Spec.Delete || p.Status.State == resource.SavepointStarted {
			continue
		}
		for _, o := range w.savepoints.owned[deploymentID] {
			if r, there := w.rankOf(o); there && restorable(o) && mine.less(r) {
				choice = append(choice, p)
				break
			}
		}
	}
	if len(choice) == 0 {
		return
	}
	p := choice[w.rng.IntN(len(choice))]
	for _, q := range choice {
		if w.inUse(q) && w.chance(.5) {
			p = q
		}
	}
	force := w.chance(.3)
	w.tracef("user: dispose of savepoint %s, force %v", short(p.Metadata.ID), force)
	if _, err := w.savepoints.update("user", p.Metadata.ID, func(s *resource.Savepoint) error {
		s.Spec.Delete, s.Spec.Force = true, force
		return nil
	}); err != nil {
		panic(err)
	}
}

// Reset goes back to a savepoint at random.
func (w *World) Reset(deploymentID string) {
	var choice []*resource.Savepoint
	for _, p := range w.savepoints.owned[deploymentID] {
		if restorable(p) && w.storage[p.Spec.SavepointLocation] != nil {
			choice = append(choice, p)
		}
	}
	if len(choice) == 0 {
		return
	}
	from := choice[w.rng.IntN(len(choice))]
	top := 0.0
	for _, p := range w.savepoints.owned[deploymentID] {
		top = max(top, w.ranks[p.Metadata.ID].epoch)
		if s := w.storage[p.Spec.SavepointLocation]; s != nil {
			top = max(top, s.epoch)
		}
	}
	for _, j := range w.jobs.owned[deploymentID] {
		top = max(top, w.ranks[j.Metadata.ID].epoch)
	}
	s := resource.Savepoint{
		Metadata: resource.Metadata{
			ID: w.newID(), Namespace: "default", DeploymentID: deploymentID, JobID: from.Metadata.JobID,
			Origin: resource.OriginCopied, Type: from.Metadata.Type,
			Annotations: map[string]string{control.AnnotationReset: "true"},
		},
		Spec:   resource.SavepointSpec{SavepointLocation: from.Spec.SavepointLocation},
		Status: resource.SavepointStatus{State: resource.SavepointCompleted, CompletedAt: resource.At(w.now)},
	}
	w.ranks[s.Metadata.ID] = rank{epoch: float64(int(top)) + 1, pos: w.storage[s.Spec.SavepointLocation].pos}
	w.tracef("user: reset %s to %s %v", short(s.Metadata.ID), s.Spec.SavepointLocation, w.ranks[s.Metadata.ID])
	if _, err := w.savepoints.create("user", s); err != nil {
		panic(err)
	}
}

// Steps lets n things happen.
func (w *World) Steps(n int, f Faults) {
	w.faults = f
	for range n {
		w.Step()
	}
	w.faults = Faults{}
}
