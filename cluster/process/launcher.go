package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
)

// Config of a Launcher.
type Config struct {
	// Dir is the folder of the clusters, one folder each. It is made when it
	// is not there, and must not go away while the launcher is used.
	Dir string
	// Command is the program to start and its first arguments, such as
	// "/usr/bin/weir", "engine"; "--dir" and the cluster's folder follow.
	Command []string
	// Artifacts are the kinds of programs that it runs; empty: SQLSCRIPT only.
	Artifacts []string
	// Grace is how long a process may take to end by itself; 0 is 10 seconds.
	Grace time.Duration
	// Warms says that the command can bring up a cluster without its job.
	Warms bool
	// Rescales says that the command's clusters get the processes that a running
	// job needs at another parallelism.
	Rescales bool
	Log      *slog.Logger // nil: slog.Default()
}

// Launcher is a cluster.Launcher. It has no goroutines, and several of them,
// also of several processes, may work on the same folder.
type Launcher struct {
	config Config
	place  string // name of the folder

	mu       sync.Mutex
	children map[int]directory             // started by us and not yet awaited
	conns    map[cluster.Ref]*flink.Client // each with a transport of its own
}

// New returns a launcher for the clusters in a folder, those of an earlier
// launcher included.
func New(c Config) (*Launcher, error) {
	if len(c.Command) == 0 {
		return nil, errors.New("process launcher: no command to start clusters with")
	}
	if len(c.Artifacts) == 0 {
		c.Artifacts = []string{"SQLSCRIPT"}
	}
	if c.Grace <= 0 {
		c.Grace = 10 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("folder of clusters %q: %w", c.Dir, err)
	}
	c.Dir = dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of clusters: %w", err)
	}
	// Removals that were interrupted.
	old, _ := filepath.Glob(filepath.Join(dir, ".*.old")) // a folder with odd characters in its name keeps them
	for _, path := range old {
		if err := os.RemoveAll(path); err != nil {
			return nil, fmt.Errorf("finish the removal of a cluster: %w", err)
		}
	}
	place, err := placeOf(dir)
	if err != nil {
		return nil, err
	}
	return &Launcher{config: c, place: place, children: map[int]directory{}, conns: map[cluster.Ref]*flink.Client{}}, nil
}

// Launch starts the process, unless one was ever started for this ref.
func (l *Launcher) Launch(ctx context.Context, spec cluster.Spec) error {
	if err := l.launch(ctx, spec); err != nil {
		return fmt.Errorf("launch %s: %w", spec.Ref, err)
	}
	return nil
}

func (l *Launcher) launch(ctx context.Context, spec cluster.Spec) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !spec.IsSession() && !slices.Contains(l.config.Artifacts, spec.Artifact.Kind) {
		return fmt.Errorf("%w: this deployment target runs %s, not an artifact of kind %s; JAR and PYTHON need a deployment target that runs Apache Flink (spec.launcher: flink)",
			cluster.ErrRefused, strings.Join(l.config.Artifacts, " and "), spec.Artifact.Kind)
	}
	if spec.OnSession() {
		return cluster.LaunchOn(ctx, l, spec)
	}
	dir, err := l.directoryOf(spec.Ref)
	if err != nil {
		return err
	}
	if spec.Standby && !l.config.Warms {
		return fmt.Errorf("%w: this launcher brings up no cluster before its job", cluster.ErrRefused)
	}
	held, err := lock(ctx, string(dir)+".lock", unix.LOCK_EX)
	if err != nil {
		return err
	}
	defer held.Close()
	standby, err := l.prepare(dir, spec)
	if err != nil {
		return err
	}
	if standby && !spec.Standby {
		held.Close() // which looking at the cluster takes again
		return l.handOver(ctx, spec)
	}
	// Whoever has this lock is the process, or is about to start it.
	alive, err := os.OpenFile(dir.file(aliveName), os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("prepare the process: %w", err)
	}
	defer alive.Close()
	free, err := tryLock(alive, unix.LOCK_EX)
	if err != nil || !free {
		return err // not free: it lives
	}
	if _, err := dir.identity(); !errors.Is(err, fs.ErrNotExist) {
		return err // it has lived, and does not a second time
	}
	return l.start(dir, spec, alive)
}

// prepare makes the directory, or checks that it is for the same cluster, and
// tells whether that was brought up without its job.
func (l *Launcher) prepare(dir directory, spec cluster.Spec) (standby bool, err error) {
	exists, err := dir.exists()
	if err != nil {
		return false, fmt.Errorf("look at the cluster's directory: %w", err)
	}
	if !exists {
		return false, dir.create(spec)
	}
	old, err := dir.spec()
	if err != nil {
		return false, err
	}
	if old.Ref != spec.Ref {
		return false, fmt.Errorf("%w: %s is the %s of deployment %q in namespace %s", cluster.ErrRefused, dir, old.Ref, old.DeploymentID, old.Namespace)
	}
	return old.Standby, nil
}

// handOver brings the job to a cluster that was brought up without it. Doing so
// again does nothing.
func (l *Launcher) handOver(ctx context.Context, spec cluster.Spec) error {
	client, err := l.connect(ctx, spec.Ref)
	if err != nil {
		return err
	}
	err = client.SubmitJob(ctx, spec.FlinkJobID(), spec)
	var said *flink.Error
	if errors.As(err, &said) && said.Status >= 400 && said.Status < 500 {
		return fmt.Errorf("%w: %w", cluster.ErrRefused, err)
	}
	return err
}

// Warms tells whether clusters can be brought up before their jobs.
func (l *Launcher) Warms() bool { return l.config.Warms }

// Rescales tells whether clusters get the processes that a running job needs at
// another parallelism.
func (l *Launcher) Rescales() bool { return l.config.Rescales }

// start makes the process. It inherits the locked file, so it holds the lock
// from its first moment, whatever becomes of us.
func (l *Launcher) start(dir directory, spec cluster.Spec, alive *os.File) error {
	log, err := os.OpenFile(dir.file(logName), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open the cluster's log: %w", err)
	}
	defer log.Close()
	args := append(slices.Clone(l.config.Command[1:]), "--dir", string(dir))
	cmd := exec.Command(l.config.Command[0], args...)
	cmd.Env = environment(spec)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{alive}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	l.mu.Lock() // so that nobody awaits it before we know it
	defer l.mu.Unlock()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", strings.Join(cmd.Args, " "), err)
	}
	l.children[cmd.Process.Pid] = dir
	l.config.Log.Info("cluster process started", "cluster", spec.Incarnation(), "pid", cmd.Process.Pid, "dir", string(dir))
	// Its end is fetched when somebody looks: see reap.
	if err := cmd.Process.Release(); err != nil {
		l.config.Log.Warn("cluster process: release its handle", "error", err)
	}
	return nil
}

// environment is ours without our own settings, and the limits of the spec.
func environment(spec cluster.Spec) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "WEIR_") || strings.HasPrefix(v, "GOMEMLIMIT=") || strings.HasPrefix(v, "GOGC=")
	})
	env = append(env, lifeEnv+"="+strconv.Itoa(lifeFile))
	if limit := memoryLimit(spec); limit > 0 {
		env = append(env, "GOMEMLIMIT="+strconv.FormatInt(limit, 10))
	}
	if gogc := spec.Configuration["weir.engine.gogc"]; gogc != "" {
		env = append(env, "GOGC="+gogc)
	}
	return env
}

// memoryLimit is what the process may use of its heap: nine tenths of what
// the spec gives all task managers, since the process does the work of all.
// 0 when the spec does not say.
func memoryLimit(spec cluster.Spec) int64 {
	n := int64(max(spec.TaskManagers, 1))
	if spec.TaskManagerMemory <= 0 || spec.TaskManagerMemory > math.MaxInt64/n {
		return 0
	}
	return spec.TaskManagerMemory * n / 10 * 9
}

// reap fetches how children of ours ended, so that none stays a zombie, and
// notes it in their directories.
func (l *Launcher) reap() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, pid := range slices.Collect(maps.Keys(l.children)) {
		var status syscall.WaitStatus
		got, err := syscall.Wait4(pid, &status, syscall.WNOHANG, nil)
		if errors.Is(err, syscall.EINTR) || err == nil && got == 0 {
			continue
		}
		dir := l.children[pid]
		delete(l.children, pid)
		if err != nil || got != pid {
			continue // somebody else has fetched it
		}
		how := fmt.Sprintf("exited with status %d", status.ExitStatus())
		if status.Signaled() {
			how = fmt.Sprintf("was ended by signal %d (%s)", status.Signal(), status.Signal())
		}
		l.config.Log.Info("cluster process ended", "cluster", filepath.Base(string(dir)), "pid", pid, "how", how)
		if err := replaceFile(dir.file(exitName), []byte(how)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			l.config.Log.Warn("cluster process: note how it ended", "cluster", filepath.Base(string(dir)), "error", err)
		}
	}
}

// mourn fetches how a process of ours ended that does not hold its lock any
// more: the kernel takes that away a moment before it tells the parent.
func (l *Launcher) mourn(ctx context.Context, dir directory) {
	for range 200 {
		l.reap()
		l.mu.Lock()
		waiting := slices.Contains(slices.Collect(maps.Values(l.children)), dir)
		l.mu.Unlock()
		if !waiting || wait(ctx, time.Millisecond) != nil {
			return
		}
	}
}

// RunsSessions says that refs with a Session are known.
func (l *Launcher) RunsSessions() {}

// List finds the clusters in the folder, dead ones too.
func (l *Launcher) List(context.Context) ([]cluster.Ref, error) {
	entries, err := os.ReadDir(l.config.Dir)
	if err != nil {
		return nil, fmt.Errorf("list clusters: %w", err)
	}
	var refs []cluster.Ref
	for _, e := range entries {
		if !e.IsDir() || !safeName.MatchString(e.Name()) || e.Name() == logsName {
			continue
		}
		spec, err := directory(filepath.Join(l.config.Dir, e.Name())).spec()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list clusters: %w", err)
		}
		refs = append(refs, spec.Ref)
	}
	return refs, nil
}
