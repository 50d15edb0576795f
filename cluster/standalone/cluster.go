package standalone

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/flink/distribution"
)

// Config is what a cluster is made with.
type Config struct {
	Dir  string // the cluster's folder; conf, logs, tmp and upload are made in it
	Spec cluster.Spec
	Home distribution.Home
	Java distribution.Java
	// Jars are on the class path of all processes, such as connectors.
	Jars []string
	// Pod is set when each process of the cluster is in a pod of its own; this
	// one then has the JobManager, and somebody else brings up TaskManagers.
	Pod *Pod
	// Life is held by every process of the cluster until it ends; nil: nothing is.
	Life *os.File
	// Waiting answers for a job that Flink does not have.
	Waiting func(Waiting) http.Handler
	// Fetch brings a file of a job that is brought later to this machine; nil:
	// such jobs bring none.
	Fetch func(ctx context.Context, f cluster.File) error
	// Hide is told of values of jobs that are brought later, which must not be shown.
	Hide func(values []string)
	Log  *slog.Logger
}

// Waiting is a job that Flink does not have, because it is not up yet or because
// it will never have it.
type Waiting struct {
	Spec     cluster.Spec
	Since    time.Time
	Refused  error  // why Flink refused it
	Canceled bool   // somebody wanted its end before it came to Flink
	Cancel   func() // somebody wants its end
}

// Cluster is a JobManager, its TaskManagers, and the jobs brought to them. It is
// an http.Handler: Flink's REST API with the paths of weir's session clusters.
type Cluster struct {
	config  Config
	plan    plan
	java    []string // options of every JVM
	nursery *nursery
	client  *flink.Client
	proxy   http.Handler
	stop    context.CancelFunc // ends Run

	mu    sync.Mutex
	ready bool // the JobManager has answered
	asked bool // the cluster was asked to end, not only this process
	jobs  map[string]*job
	warm  flink.Standby  // of a cluster whose job comes later
	wg    sync.WaitGroup // of jobs being brought
	ctx   context.Context
	base  string        // the JobManager's REST API
	hands int           // TaskManagers that are to run
	more  chan struct{} // closed when hands has grown
}

const (
	restartPause = time.Second      // between the end of a TaskManager and the next
	restartMost  = 30 * time.Second // that pause at most
	childGrace   = 2 * time.Second  // for a JVM to end by itself
	podGrace     = 8 * time.Second  // for one in a pod to take away what it keeps
	startTries   = 5                // of ports
)

// New prepares a cluster. Nothing runs before Run.
func New(c Config) (*Cluster, error) {
	for _, name := range []string{"conf", "logs", "tmp", "upload"} {
		if err := os.MkdirAll(filepath.Join(c.Dir, name), 0o700); err != nil {
			return nil, fmt.Errorf("make the cluster's folders: %w", err)
		}
	}
	java, err := c.Home.JavaOptions()
	if err != nil {
		return nil, err
	}
	if c.Java.Major < 9 { // it has no modules
		java = slices.DeleteFunc(java, func(o string) bool { return strings.HasPrefix(o, "--add-") })
	}
	// Options of another Java are no reason not to start.
	java = append([]string{"-XX:+IgnoreUnrecognizedVMOptions"}, java...)
	cl := &Cluster{config: c, java: java, jobs: map[string]*job{}, more: make(chan struct{})}
	if err := cl.place(); err != nil {
		return nil, err
	}
	if !c.Spec.IsSession() && !c.Spec.Standby {
		cl.jobs[c.Spec.FlinkJobID()] = &job{spec: c.Spec, since: time.Now()}
	}
	return cl, nil
}

// place chooses ports and writes the configuration.
func (c *Cluster) place() error {
	p, err := podPorts, error(nil)
	if c.config.Pod == nil {
		p, err = freePorts()
	}
	if err != nil {
		return err
	}
	plan, err := planOf(c.config.Spec, c.config.Dir, p)
	if err != nil {
		return err
	}
	c.config.Pod.settle(plan.config)
	if err := writeConfig(filepath.Join(c.config.Dir, "conf"), plan.config, log4jOf(c.config.Spec.Logging, c.config.Pod != nil)); err != nil {
		return err
	}
	base := fmt.Sprintf("http://127.0.0.1:%d", p.rest)
	target, err := url.Parse(base)
	if err != nil {
		return err
	}
	transport := &impatient{
		patient: &http.Transport{MaxIdleConns: 16, MaxIdleConnsPerHost: 16, DisableCompression: true},
		hasty:   &http.Transport{MaxIdleConns: 16, MaxIdleConnsPerHost: 16, DisableCompression: true, ResponseHeaderTimeout: silence},
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.plan, c.base = plan, base
	c.client = flink.NewClient(transport, base)
	c.proxy = &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = target.Host },
		Transport: transport,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, "the JobManager does not answer: "+err.Error(), http.StatusBadGateway)
		},
	}
	return nil
}

// errPortTaken is why a JobManager did not start that may at other ports.
var errPortTaken = errors.New("a port was taken by somebody else")

// Run starts the processes and watches over them until ctx ends (nil), somebody
// asks the cluster to end (nil), or its JobManager has ended (the reason). No
// process is left when it returns.
func (c *Cluster) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	c.mu.Lock()
	c.stop, c.ctx = stop, ctx
	c.mu.Unlock()
	over := make(chan struct{})
	defer close(over)
	c.nursery = newNursery(over)
	defer c.wg.Wait()
	defer stop() // before it waits
	switch {
	case c.config.Spec.IsSession():
	case c.config.Spec.Standby:
		c.wg.Go(func() { c.warmUp(ctx) })
	default:
		c.bring(c.config.Spec.FlinkJobID())
	}
	for try := 1; ; try++ {
		err := c.runProcesses(ctx)
		switch {
		case errors.Is(err, context.Canceled):
			return nil
		case !errors.Is(err, errPortTaken) || try == startTries:
			return err
		}
		// Everything begins anew: TaskManagers know the JobManager by its port.
		c.config.Log.Warn("a port was taken by somebody else; trying others", "try", try)
		if err := c.place(); err != nil {
			return err
		}
	}
}

// endJobManager ends a JobManager. With high availability it takes away first
// what it keeps for others to come: there are none of this cluster, unless only
// this pod of it ends.
func (c *Cluster) endJobManager(ctx context.Context, ch *child) {
	if highlyAvailable(c.plan.config) && c.isReady() && (c.config.Pod == nil || c.isAsked()) {
		wait := childGrace
		if c.config.Pod != nil { // nobody waits for its end but Kubernetes
			wait = podGrace
		}
		ask, cancel := context.WithTimeout(context.WithoutCancel(ctx), wait)
		defer cancel()
		if err := c.flink().Shutdown(ask); err != nil {
			c.config.Log.Warn("what Flink's high availability keeps may be left over", "error", err)
		} else {
			select {
			case <-ch.done:
			case <-ask.Done():
			}
		}
	}
	ch.end(c.grace())
}

func (c *Cluster) isAsked() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

// grace is what processes get to end by themselves. A cluster is asked to end
// when its job has ended, or is not to be kept: what they would still do, they
// would do only for other JobManagers to come.
func (c *Cluster) grace() time.Duration {
	if highlyAvailable(c.plan.config) {
		return childGrace
	}
	return 0
}

// runProcesses runs all processes until one of those ends that the cluster
// cannot do without, and ends the others.
func (c *Cluster) runProcesses(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return c.runJobManager(ctx) })
	if c.config.Pod != nil { // TaskManagers are others' pods
		return g.Wait()
	}
	g.Go(func() error {
		running := 0
		for {
			most, more := c.wanted()
			for n := running + 1; n <= most; n++ {
				g.Go(func() error { return c.runTaskManager(ctx, n) })
			}
			running = most
			select {
			case <-more:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
	return g.Wait()
}

// runJobManager keeps a JobManager running.
func (c *Cluster) runJobManager(ctx context.Context) error {
	for {
		ch, err := c.startJobManager()
		if err != nil {
			return err
		}
		if err := c.awaitJobManager(ctx, ch); err != nil {
			if ctx.Err() != nil {
				c.endJobManager(ctx, ch)
				return ctx.Err()
			}
			if portTaken(ch) {
				return fmt.Errorf("%w: %w", errPortTaken, err)
			}
			return err
		}
		c.setReady(false)
		how := ch.epitaph()
		if !highlyAvailable(c.plan.config) {
			return fmt.Errorf("the JobManager %s", how)
		}
		c.config.Log.Warn("the JobManager ended; another one goes on from what Flink's high availability keeps", "how", how)
		if !sleep(ctx, restartPause) {
			return ctx.Err()
		}
	}
}

// awaitJobManager waits until the JobManager answers, and then for its end.
func (c *Cluster) awaitJobManager(ctx context.Context, ch *child) error {
	for answered := false; ; {
		select {
		case <-ch.done:
			if answered {
				return nil
			}
			return fmt.Errorf("the JobManager did not start: it %s", ch.epitaph())
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
		if !answered {
			probe, cancel := context.WithTimeout(ctx, 5*time.Second)
			_, err := c.flink().Overview(probe)
			cancel()
			if answered = err == nil; answered {
				c.setReady(true)
				c.config.Log.Info("the JobManager answers", "address", c.base)
			}
			continue
		}
		select {
		case <-ch.done:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func portTaken(ch *child) bool {
	said := func(line string) bool {
		return strings.Contains(line, "BindException") || strings.Contains(line, "Could not start rest endpoint") || strings.Contains(line, "Could not bind")
	}
	return ch.over() && (lastWords(ch.log, said) != "" || lastWords(ch.out, said) != "")
}

// runTaskManager keeps a TaskManager running: Flink starts the tasks again that
// were on one that ended.
func (c *Cluster) runTaskManager(ctx context.Context, n int) error {
	for pause := restartPause; ; {
		began := time.Now()
		ch, err := c.startTaskManager(n)
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			ch.end(c.grace())
			return ctx.Err()
		case <-ch.done:
		}
		c.config.Log.Warn("a TaskManager ended; starting another one", "process", ch.name, "how", ch.epitaph(), "pause", pause)
		if time.Since(began) > 10*restartMost {
			pause = restartPause
		}
		if !sleep(ctx, pause) {
			return ctx.Err()
		}
		pause = min(2*pause, restartMost)
	}
}

// flink is the client of the JobManager.
func (c *Cluster) flink() *flink.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.client
}

func (c *Cluster) setReady(ready bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ready = ready
}

func (c *Cluster) isReady() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ready
}

// sleep waits; false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
