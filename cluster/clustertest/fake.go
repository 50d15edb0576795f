package clustertest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/flink/flinktest"
)

// Call is a method of a launcher.
type Call string

// Calls of a launcher.
const (
	Launch    Call = "Launch"
	Observe   Call = "Observe"
	Connect   Call = "Connect"
	Terminate Call = "Terminate"
)

// Fault is something that goes wrong in a call.
type Fault string

// Faults of a launcher.
const (
	None      Fault = ""
	Before    Fault = "before" // an error, and nothing was done; Observe: an error
	After     Fault = "after"  // it was done, but there is an error; Observe: Unknown without an error
	Refuse    Fault = "refuse" // Launch: ErrRefused, nothing done
	DeadBorn  Fault = "dead"   // Launch: the cluster exists, but its process has ended
	StaleView Fault = "stale"  // Observe: what the last Observe saw
)

// Options describe a fake launcher.
type Options struct {
	Storage *flinktest.Storage // nil: its own
	Start   time.Time          // of its time; zero is a fixed date
	Timing  flinktest.Timing   // of its clusters
	// Choose decides what goes wrong in a call; nil is nothing. It is asked
	// under the lock of the Fake and must not call it.
	Choose func(Call, cluster.Ref) Fault
	// Faults decides what goes wrong inside the clusters; nil is nothing.
	Faults flinktest.Chooser
	// Customize may change what a cluster will be; nil changes nothing.
	Customize func(cluster.Spec, *flinktest.Options)
}

// Rates are the probabilities of faults, each between 0 and 1.
type Rates struct {
	LaunchBefore, LaunchAfter, LaunchRefuse, DeadBorn float64
	ObserveError, ObserveUnknown, ObserveStale        float64
	ConnectError                                      float64
	TerminateBefore, TerminateAfter                   float64
}

// Seeded chooses faults by dice.
func Seeded(dice *rand.Rand, r Rates) func(Call, cluster.Ref) Fault {
	type chance struct {
		fault Fault
		rate  float64
	}
	chances := map[Call][]chance{
		Launch:    {{Before, r.LaunchBefore}, {After, r.LaunchAfter}, {Refuse, r.LaunchRefuse}, {DeadBorn, r.DeadBorn}},
		Observe:   {{Before, r.ObserveError}, {After, r.ObserveUnknown}, {StaleView, r.ObserveStale}},
		Connect:   {{Before, r.ConnectError}},
		Terminate: {{Before, r.TerminateBefore}, {After, r.TerminateAfter}},
	}
	return func(call Call, _ cluster.Ref) Fault {
		at := dice.Float64()
		for _, c := range chances[call] {
			if at -= c.rate; at < 0 {
				return c.fault
			}
		}
		return None
	}
}

// Fake is a launcher whose clusters are flinktest JobManagers. It is safe for
// concurrent use.
type Fake struct {
	mu       sync.Mutex
	opts     Options
	now      time.Time
	clusters map[cluster.Ref]*Cluster // with one job, or a job on a session cluster
	sessions map[cluster.Ref]*Session
	refs     []cluster.Ref // of clusters, in the order of their launch
	seen     map[cluster.Ref]cluster.Observation
	launched map[cluster.Ref]int
}

// Cluster is a cluster of a Fake.
type Cluster struct {
	*flinktest.JobManager
	Spec cluster.Spec
	dead string // why its process ended
}

// Session is a session cluster of a Fake.
type Session struct {
	*flinktest.Session
	Spec cluster.Spec
	dead string // why its process ended
}

// NewFake returns a launcher without clusters.
func NewFake(o Options) *Fake {
	if o.Storage == nil {
		o.Storage = flinktest.NewStorage()
	}
	if o.Start.IsZero() {
		o.Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return &Fake{
		opts: o, now: o.Start, clusters: map[cluster.Ref]*Cluster{}, sessions: map[cluster.Ref]*Session{},
		seen: map[cluster.Ref]cluster.Observation{}, launched: map[cluster.Ref]int{},
	}
}

// errLost is an error that says nothing about what was done.
var errLost = errors.New("connection to the machine lost")

// RunsSessions says that refs with a Session are known.
func (f *Fake) RunsSessions() {}

// Launch makes the cluster exist.
func (f *Fake) Launch(ctx context.Context, spec cluster.Spec) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	fault := f.choose(Launch, spec.Ref)
	switch fault {
	case Before:
		return fmt.Errorf("launch %s: %w", spec.Ref, errLost)
	case Refuse:
		return fmt.Errorf("launch %s: %w: no such program", spec.Ref, cluster.ErrRefused)
	}
	if spec.Ref.Session != "" {
		if err := f.launchSession(spec, fault); err != nil {
			return err
		}
	} else if f.clusters[spec.Ref] == nil {
		c := &Cluster{Spec: spec, JobManager: flinktest.New(f.describe(spec))}
		if fault == DeadBorn {
			c.dead = "exited with status 1: out of memory"
			c.Strike(flinktest.Vanish)
		}
		f.clusters[spec.Ref] = c
		f.refs = append(f.refs, spec.Ref)
		f.launched[spec.Ref]++
	}
	if fault == After {
		return fmt.Errorf("launch %s: %w", spec.Ref, errLost)
	}
	return nil
}

func (f *Fake) describe(spec cluster.Spec) flinktest.Options {
	config := make(map[string]string, len(spec.Configuration)+1)
	for k, v := range spec.Configuration {
		config[k] = v
	}
	config[flink.IncarnationKey] = spec.Incarnation()
	o := flinktest.Options{
		JobID: spec.FlinkJobID(), Name: spec.DeploymentName, Parallelism: spec.Parallelism, Configuration: config,
		Location: spec.SavepointLocation, Storage: f.opts.Storage, Start: f.now, Timing: f.opts.Timing, Choose: f.opts.Faults,
	}
	if f.opts.Customize != nil {
		f.opts.Customize(spec, &o)
	}
	return o
}

// Observe says whether the cluster is there.
func (f *Fake) Observe(ctx context.Context, ref cluster.Ref) (cluster.Observation, error) {
	if err := ctx.Err(); err != nil {
		return cluster.Observation{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch f.choose(Observe, ref) {
	case Before:
		return cluster.Observation{}, fmt.Errorf("observe %s: %w", ref, errLost)
	case After:
		return cluster.Observation{Presence: cluster.Unknown, Message: "the machine does not answer"}, nil
	case StaleView:
		// Absence is proved, so a stale view never claims it.
		if old, ok := f.seen[ref]; ok && old.Presence != cluster.Absent {
			return old, nil
		}
	}
	o := cluster.Observation{Presence: cluster.Absent}
	if ref.Session != "" {
		o = f.observeSession(ref)
	} else if c := f.clusters[ref]; c != nil {
		o.Presence = cluster.Present
		switch {
		case c.dead != "":
			o.Failed, o.Message = true, c.dead
		case c.Gone():
			o.Failed, o.Message = true, "exited with status 0"
		}
	}
	f.seen[ref] = o
	return o, nil
}

// Connect returns a client of the cluster.
func (f *Fake) Connect(ctx context.Context, ref cluster.Ref) (*flink.Client, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	fault := f.choose(Connect, ref)
	c := f.clusters[ref]
	switch {
	case fault != None:
		return nil, fmt.Errorf("connect to %s: %w", ref, cluster.ErrUnreachable)
	case ref.Session != "":
		return f.connectSession(ref)
	case c == nil:
		return nil, fmt.Errorf("connect to %s: %w", ref, cluster.ErrGone)
	case !c.Answering():
		return nil, fmt.Errorf("connect to %s: %w", ref, cluster.ErrUnreachable)
	}
	return c.Client(), nil
}

// Terminate removes the cluster; its snapshots stay.
func (f *Fake) Terminate(ctx context.Context, ref cluster.Ref) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	fault := f.choose(Terminate, ref)
	if fault == Before {
		return fmt.Errorf("terminate %s: %w", ref, errLost)
	}
	f.remove(ref)
	if fault == After {
		return fmt.Errorf("terminate %s: %w", ref, errLost)
	}
	return nil
}

// Advance lets time pass in all clusters, in the order of their launch.
func (f *Fake) Advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(max(d, 0))
	for _, ref := range f.refs {
		f.clusters[ref].Advance(d)
	}
}

// Now is the launcher's time.
func (f *Fake) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// Storage is where the snapshots of its clusters lie.
func (f *Fake) Storage() *flinktest.Storage { return f.opts.Storage }

// Cluster is the cluster of this ref, nil when there is none.
func (f *Fake) Cluster(ref cluster.Ref) *Cluster {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.clusters[ref]
}

// Clusters lists all clusters in the order of their launch.
func (f *Fake) Clusters() []*Cluster {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]*Cluster, 0, len(f.refs))
	for _, ref := range f.refs {
		all = append(all, f.clusters[ref])
	}
	return all
}

// Launches counts how often a cluster of this ref was really made.
func (f *Fake) Launches(ref cluster.Ref) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.launched[ref]
}

// Remove makes a cluster absent, as when its machine is taken away.
func (f *Fake) Remove(ref cluster.Ref) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.remove(ref)
}

// SetFaults changes what goes wrong from now on, also in clusters launched
// later; nil is nothing. Clusters launched already keep their chooser.
func (f *Fake) SetFaults(choose func(Call, cluster.Ref) Fault, inside flinktest.Chooser) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.opts.Choose, f.opts.Faults = choose, inside
}

// String lists the clusters with the state of their jobs.
func (f *Fake) String() string {
	var b strings.Builder
	for _, c := range f.Clusters() {
		fmt.Fprintf(&b, "%s/%s %s at %d\n", c.Spec.DeploymentID, c.Spec.JobID, c.Status(), c.Position())
	}
	return b.String()
}

func (f *Fake) choose(call Call, ref cluster.Ref) Fault {
	if f.opts.Choose == nil {
		return None
	}
	return f.opts.Choose(call, ref)
}
