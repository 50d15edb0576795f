package sim

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/control/deployment"
	"github.com/weir-streams/weir/control/job"
	"github.com/weir-streams/weir/control/savepoint"
	"github.com/weir-streams/weir/control/sessioncluster"
	"github.com/weir-streams/weir/resource"
)

// Options choose the world.
type Options struct {
	Adaptive bool // running jobs can be told to run at another parallelism; else in every eighth world
	Seed     uint64
	Trace    bool // keep what happened, for printing
	// ForgetSavepoints reverts the rule that a cluster outlives the savepoints
	// in flight on it.
	ForgetSavepoints bool
	// IgnoreRemoval lets that pass, to see what comes of it.
	IgnoreRemoval bool
	// Blind takes away the storage that finds what clusters do not tell.
	Blind bool
}

// World is a platform, its clusters, its people and its bad luck.
type World struct {
	opts  Options
	rng   *rand.Rand
	dice  *rand.PCG
	now   time.Time
	trace []string

	deployments *table[resource.Deployment, *resource.Deployment]
	jobs        *table[resource.Job, *resource.Job]
	savepoints  *table[resource.Savepoint, *resource.Savepoint]
	sessions    *table[resource.SessionCluster, *resource.SessionCluster]
	revisions   map[string][]resource.Revision
	eventCount  int
	rescales    int

	clusters   []*fakeCluster
	byJob      map[string]*fakeCluster
	storage    map[string]*snap
	ranks      map[string]rank // of savepoint resources that were copied in
	top        map[string]float64
	secretGone bool            // the one secret there is does not exist now
	disposed   map[string]bool // locations whose savepoint is given up

	sessionStarts []*fakeSession
	bySession     map[string]*fakeSession

	controllers []control.Controller
	tasks       []*task
	byTask      map[taskKey]*task
	feed        []resource.Key
	running     []*pass
	spare       []*pass
	current     *pass
	resyncAt    time.Time

	faults Faults
	steps  int
	passes int
}

type taskKey struct {
	controller int
	id         string
}

// task is a resource in the simulated loop.
type task struct {
	taskKey
	key      resource.Key
	due      time.Time // zero: asleep
	running  bool
	again    time.Time // woken while running
	failures int
}

// pass is one Reconcile under way, in a coroutine that makes one after the other.
type pass struct {
	task  *task
	next  func() (struct{}, bool)
	stop  func()
	yield func(struct{}) bool
	done  bool
	again time.Time
	err   error
}

// killed unwinds a pass when the platform ends.
type killed struct{}

// New makes an empty world.
func New(o Options) *World {
	dice := rand.NewPCG(o.Seed, 0x9e3779b97f4a7c15)
	w := &World{
		opts: o, dice: dice, rng: rand.New(dice),
		now:       time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		revisions: map[string][]resource.Revision{}, byJob: map[string]*fakeCluster{},
		bySession: map[string]*fakeSession{},
		storage:   map[string]*snap{}, ranks: map[string]rank{}, top: map[string]float64{}, disposed: map[string]bool{}, byTask: map[taskKey]*task{},
	}
	if o.Trace {
		w.trace = []string{}
	}
	w.deployments = newTable[resource.Deployment, *resource.Deployment](w)
	w.jobs = newTable[resource.Job, *resource.Job](w)
	w.savepoints = newTable[resource.Savepoint, *resource.Savepoint](w)
	w.sessions = newTable[resource.SessionCluster, *resource.SessionCluster](w)
	w.jobs.check = w.checkNewJob
	w.savepoints.changing = w.checkDiscard
	w.jobs.removing = w.checkForget
	w.jobs.changing = func(_ string, before, after *resource.Job) {
		if control.OnStandby(*before) && !control.OnStandby(*after) {
			w.checkNewJob(after)
		}
	}
	w.resyncAt = w.now.Add(time.Minute)
	log := slog.New(slog.DiscardHandler)
	vault := control.NewVault(vaultDoor{w}, nil, nil)
	now := func() time.Time { return w.now }
	var checkpoints job.Checkpoints
	var storage savepoint.Storage
	if !o.Blind {
		checkpoints, storage = disk{w}, disk{w}
	}
	shared := sessions{collection[resource.SessionCluster, *resource.SessionCluster]{w.sessions}}
	w.controllers = []control.Controller{
		deployment.New(deployment.Needs{
			Deployments: collection[resource.Deployment, *resource.Deployment]{w.deployments},
			Jobs:        collection[resource.Job, *resource.Job]{w.jobs},
			Savepoints:  collection[resource.Savepoint, *resource.Savepoint]{w.savepoints},
			Targets:     targets{}, Sessions: shared, Revisions: history{w}, Launchers: launchers{warm: o.Seed/2%2 == 1, rescales: o.rescales()}, State: disk{w}, Secrets: vault, Events: events{w}, Log: log, Now: now,
		}, deployment.Config{StateBase: "file:/state", JobHistory: int(o.Seed%3) * 2}),
		job.New(job.Needs{
			Jobs:       collection[resource.Job, *resource.Job]{w.jobs},
			Savepoints: collection[resource.Savepoint, *resource.Savepoint]{w.savepoints},
			Clusters:   clusters{w}, Checkpoints: checkpoints, Vault: vault, Events: events{w}, Log: log, Now: now,
		}, job.Config{ForgetsSavepoints: o.ForgetSavepoints}),
		savepoint.New(savepoint.Needs{
			Savepoints: collection[resource.Savepoint, *resource.Savepoint]{w.savepoints},
			Jobs:       collection[resource.Job, *resource.Job]{w.jobs},
			Clusters:   clusters{w}, Storage: storage, Events: events{w}, Log: log, Now: now,
		}, savepoint.Config{StateBase: "file:/state"}),
		sessioncluster.New(sessioncluster.Needs{
			SessionClusters: shared,
			Deployments:     collection[resource.Deployment, *resource.Deployment]{w.deployments},
			Jobs:            collection[resource.Job, *resource.Job]{w.jobs},
			Targets:         targets{}, Clusters: clusters{w}, Events: events{w}, Log: log, Now: now,
		}, sessioncluster.Config{Attempts: 4}),
	}
	return w
}

// Step does one thing: something goes wrong, a notification arrives, a pass
// begins or goes on, or time passes.
func (w *World) Step() {
	w.steps++
	w.now = w.now.Add(time.Duration(w.rng.IntN(3000)) * time.Microsecond)
	w.misfortune()
	switch due := w.dueTasks(); {
	case len(w.feed) > 0 && (w.chance(.5) || len(w.running) == 0 && len(due) == 0):
		w.deliver()
	case len(w.running) > 0 && (w.chance(.6) || len(due) == 0 || len(w.running) >= 4):
		p := w.running[w.rng.IntN(len(w.running))]
		n := 1
		if !w.faults.on() || w.chance(.6) {
			n = 1000
		}
		w.resume(p, n)
	case len(due) > 0:
		w.begin(due[w.rng.IntN(len(due))])
	case w.chance(w.faults.EditIdle):
		w.edit(w.deployments.rows[w.rng.IntN(len(w.deployments.rows))])
	default:
		w.idle()
	}
	w.checkStep()
}

// idle lets time pass until something is due.
func (w *World) idle() {
	next := w.resyncAt
	for _, t := range w.tasks {
		if !t.due.IsZero() && t.due.Before(next) {
			next = t.due
		}
	}
	if next.After(w.now) {
		w.now = next
	}
	if !w.now.Before(w.resyncAt) {
		w.resync()
	}
}

func (w *World) resync() {
	w.resyncAt = w.now.Add(time.Minute)
	for i, c := range w.controllers {
		keys, err := c.Keys(context.Background())
		if err != nil {
			w.fail("keys of %s: %v", c.Kind(), err)
		}
		for _, k := range keys {
			w.wake(i, k, w.now)
		}
	}
}

// deliver hands one notification, not always the oldest, to the controllers.
func (w *World) deliver() {
	i := w.rng.IntN(len(w.feed))
	key := w.feed[i]
	w.feed = slices.Delete(w.feed, i, i+1)
	if w.chance(w.faults.NotificationLost) {
		return
	}
	for i, c := range w.controllers {
		keys, err := c.Related(context.Background(), key)
		if err != nil && !errors.Is(err, resource.ErrNotFound) {
			w.fail("related of %s: %v", c.Kind(), err)
		}
		for _, k := range keys {
			w.wake(i, k, w.now)
		}
	}
}

func (w *World) notify(k resource.Key) {
	if !slices.Contains(w.feed, k) {
		w.feed = append(w.feed, k)
	}
}

func (w *World) wake(controller int, k resource.Key, due time.Time) {
	id := taskKey{controller, k.ID}
	t := w.byTask[id]
	if t == nil {
		t = &task{taskKey: id, key: k}
		w.byTask[id] = t
		w.tasks = append(w.tasks, t)
	}
	switch {
	case t.running:
		if t.again.IsZero() || due.Before(t.again) {
			t.again = due
		}
	case t.due.IsZero() || due.Before(t.due):
		t.due = due
	}
}

func (w *World) dueTasks() []*task {
	var due []*task
	for _, t := range w.tasks {
		if !t.running && !t.due.IsZero() && !t.due.After(w.now) {
			due = append(due, t)
		}
	}
	return due
}

// begin starts a pass; it goes on when it is resumed.
func (w *World) begin(t *task) {
	w.passes++
	t.running, t.due, t.again = true, time.Time{}, time.Time{}
	var p *pass
	if n := len(w.spare); n > 0 {
		p, w.spare = w.spare[n-1], w.spare[:n-1]
	} else {
		p = w.newPass()
	}
	p.task, p.done = t, false
	w.running = append(w.running, p)
}

func (w *World) newPass() *pass {
	p := &pass{}
	p.next, p.stop = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			if r := recover(); r != nil {
				if _, ended := r.(killed); !ended {
					panic(r)
				}
			}
		}()
		p.yield = yield
		for yield(struct{}{}) {
			p.again, p.err = w.controllers[p.task.controller].Reconcile(context.Background(), p.task.key)
			p.done = true
		}
	})
	p.next()
	return p
}

// resume lets a pass make up to n accesses more.
func (w *World) resume(p *pass, n int) {
	w.current = p
	defer func() { w.current = nil }()
	for range n {
		if p.next(); p.done {
			w.finish(p)
			return
		}
	}
}

func (w *World) finish(p *pass) {
	w.running = slices.DeleteFunc(w.running, func(q *pass) bool { return q == p })
	w.spare = append(w.spare, p)
	t := p.task
	t.running = false
	due := p.again
	if p.err != nil {
		t.failures++
		due = w.now.Add(control.Pause(t.failures, 50*time.Millisecond, 30*time.Second, .5))
		if w.trace != nil {
			w.tracef("  %s %s: %v", t.key.Kind, short(t.key.ID), p.err)
		}
		if control.IsTerminal(p.err) {
			w.fail("%s %s gave up: %v", t.key.Kind, t.key.ID, p.err)
		}
	} else {
		t.failures = 0
	}
	if !t.again.IsZero() && (due.IsZero() || t.again.Before(due)) {
		due = t.again
	}
	t.due = due
}

// pause is called before every access to the store or a cluster.
func (w *World) pause() {
	if w.current == nil {
		return
	}
	if !w.current.yield(struct{}{}) {
		panic(killed{})
	}
}

// restart ends the platform in the middle of whatever it does, and starts it.
func (w *World) restart() {
	w.tracef("the platform restarts in %d passes", len(w.running))
	for _, p := range w.running {
		p.stop()
	}
	w.running, w.feed, w.tasks = nil, nil, nil
	clear(w.byTask)
	w.resync()
}

func (w *World) close() {
	for _, p := range append(w.running, w.spare...) {
		p.stop()
	}
}

func (w *World) chance(p float64) bool { return p > 0 && w.rng.Float64() < p }

func (w *World) between(a, b time.Duration) time.Duration {
	return a + time.Duration(w.rng.Int64N(int64(b-a)+1))
}

func (w *World) newID() string {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:8], w.rng.Uint64())
	binary.LittleEndian.PutUint64(b[8:], w.rng.Uint64())
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

func (w *World) tracef(format string, args ...any) {
	if w.trace != nil {
		w.trace = append(w.trace, fmt.Sprintf("%6d %9.3f ", w.steps, w.now.Sub(start).Seconds())+fmt.Sprintf(format, args...))
	}
}

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func short(id string) string {
	s, _, _ := strings.Cut(id, "-")
	return s
}

// violation ends a history.
type violation string

func (w *World) fail(format string, args ...any) {
	panic(violation(fmt.Sprintf(format, args...)))
}
