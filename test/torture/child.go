package torture

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/connector/filesystem"
)

// Fault is what goes wrong in one life of the process.
type Fault string

// The faults.
const (
	Nothing    Fault = ""
	Kill       Fault = "kill"        // kill -9, anywhere
	KillCommit Fault = "kill-commit" // kill -9 between the files that a checkpoint publishes
	Panic      Fault = "panic"       // a task panics
	PanicSink  Fault = "panic-sink"  // likewise, within a sink
	Refuse     Fault = "refuse"      // the disk takes no more for a while
	Slow       Fault = "slow"        // the disk is slow
	Rot        Fault = "rot"         // a byte of the newest checkpoint is another, then a task panics
)

// life is what a process is told to do.
type life struct {
	Dir         string
	Query       string
	Restore     string // checkpoint to start from
	Parallelism int
	Rows        int
	Seed        uint64
	Fault       Fault
	At          int64 // polls before it
}

// report is what a process says at its end.
type report struct {
	State    string
	Restarts int
	Failures []string
}

const jobID = "70727475726500000000000000000001"

// live is the process: it ends the program.
func live(text string) {
	var l life
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	r, err := l.run()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	out, _ := json.Marshal(r)
	fmt.Println(string(out))
	os.Exit(0)
}

// world is what the faults of one process share.
type world struct {
	life
	polls  atomic.Int64
	done   atomic.Bool
	random *rand.Rand
}

func (l life) run() (report, error) {
	w := &world{life: l, random: rand.New(rand.NewPCG(l.Seed, 3))}
	files := *filesystem.Connector
	files.Name = "files"
	inner := files.Sink
	files.Sink = func(s connector.SinkSpec) (connector.Sink, error) {
		sink, err := inner(s)
		return &shaky{sink, w}, err
	}
	e := engine.New(engine.Config{Dir: l.Dir, Connectors: []*connector.Connector{numbers(w), &files}})
	config := map[string]string{
		"parallelism.default": strconv.Itoa(l.Parallelism), "table.local-time-zone": "UTC",
		"execution.checkpointing.interval": "15 ms", "execution.checkpointing.dir": filepath.Join(l.Dir, "checkpoints"),
		"execution.checkpointing.num-retained":                      "3",
		"execution.checkpointing.tolerable-failed-checkpoints":      "1000",
		"execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
		"restart-strategy.type":                                     "fixed-delay", "restart-strategy.fixed-delay.attempts": "1000", "restart-strategy.fixed-delay.delay": "5 ms",
	}
	plan, err := e.Compile(queries[l.Query].script(), config)
	if err != nil {
		return report{}, err
	}
	ctx := context.Background()
	job, err := e.Start(ctx, engine.JobSpec{ID: jobID, Name: l.Query, Graph: plan.Graph, Config: plan.Config, SavepointPath: l.Restore})
	if err != nil {
		return report{}, err
	}
	_ = job.Wait(ctx) // Info says it
	info := job.Info()
	r := report{State: string(info.State), Restarts: info.Restarts}
	for _, f := range info.Failures {
		r.Failures = append(r.Failures, f.Message)
	}
	return r, nil
}

// strike makes the fault happen when its time has come.
func (w *world) strike() {
	n := w.polls.Add(1)
	if n < w.At || w.Fault == Nothing {
		return
	}
	once := func() bool { return w.done.CompareAndSwap(false, true) }
	switch w.Fault {
	case Kill:
		die()
	case Panic:
		if once() {
			panic("torture: a task panics")
		}
	case Rot:
		if newest(w.Dir) != "" && once() {
			path, err := rot(w.Dir, w.random)
			if err != nil {
				panic(fmt.Sprintf("torture: rot: %v", err))
			}
			panic("torture: a task panics beside a damaged " + path)
		}
	case Refuse:
		if once() {
			limit(512)
		}
		if n > w.At+40 {
			limit(1 << 40)
		}
	case KillCommit, PanicSink, Slow: // in the sink
	}
}

func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// limit bounds what a file may have: more is refused, as a full disk does.
func limit(bytes uint64) {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &r); err != nil {
		panic(fmt.Sprintf("torture: %v", err))
	}
	r.Cur = min(bytes, r.Max)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &r); err != nil {
		panic(fmt.Sprintf("torture: %v", err))
	}
}

// shaky is the sink of files, disturbed.
type shaky struct {
	connector.Sink
	w *world
}

func (s *shaky) slow() {
	if s.w.Fault == Slow {
		time.Sleep(time.Duration(s.w.polls.Load()%7) * time.Millisecond)
	}
}

func (s *shaky) Prepare(id int64) ([][]byte, error) {
	s.slow()
	if s.w.Fault == PanicSink && s.w.polls.Load() >= s.w.At && s.w.done.CompareAndSwap(false, true) {
		panic("torture: a sink panics")
	}
	return s.Sink.Prepare(id)
}

func (s *shaky) Commit(items [][]byte) error {
	s.slow()
	if s.w.Fault == KillCommit && len(items) > 0 && s.w.polls.Load() >= s.w.At {
		if err := s.Sink.Commit(items[:s.w.At%int64(len(items)+1)]); err != nil {
			return err
		}
		die()
	}
	return s.Sink.Commit(items)
}

// newest is the path of the newest checkpoint that was completed; empty: none.
func newest(dir string) string {
	if all := completed(dir); len(all) > 0 {
		return all[len(all)-1]
	}
	return ""
}

// completed lists the checkpoints that were completed, oldest first.
func completed(dir string) []string {
	found, _ := filepath.Glob(filepath.Join(dir, "checkpoints", jobID, "chk-*", "_metadata"))
	for i := range found {
		found[i] = filepath.Dir(found[i])
	}
	slices.SortFunc(found, func(a, b string) int { return number(a) - number(b) })
	return found
}

func number(checkpoint string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(filepath.Base(checkpoint), "chk-"))
	return n
}

// files lists those that the newest checkpoint alone has written.
func files(checkpoint string) []string {
	own, _ := filepath.Glob(filepath.Join(checkpoint, "*"))
	shared, _ := filepath.Glob(filepath.Join(filepath.Dir(checkpoint), "shared", strconv.Itoa(number(checkpoint))+"-*"))
	return append(own, shared...)
}

// rot changes a byte of the newest checkpoint, and tells of which file.
func rot(dir string, random *rand.Rand) (string, error) {
	all := files(newest(dir))
	if len(all) == 0 {
		return "", errors.New("there is no checkpoint")
	}
	path := all[random.IntN(len(all))]
	content, err := os.ReadFile(path)
	if err != nil || len(content) == 0 {
		return path, err
	}
	content[random.IntN(len(content))] ^= 1 << random.IntN(8)
	return path, os.WriteFile(path, content, 0o600)
}
