package standalone

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
)

// child is a JVM.
type child struct {
	name string // "jobmanager", "taskmanager-1"
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	how  error         // then: how
	out  string        // file of its standard output and error
	log  string        // file of its log
}

// nursery starts children on a thread that lives as long as we do: the kernel
// kills a child when the thread that started it ends.
type nursery struct{ births chan func() }

func newNursery(done <-chan struct{}) *nursery {
	n := &nursery{births: make(chan func())}
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		for {
			select {
			case birth := <-n.births:
				birth()
			case <-done:
				return
			}
		}
	}()
	return n
}

func (n *nursery) start(cmd *exec.Cmd) error {
	failed := make(chan error)
	n.births <- func() { failed <- cmd.Start() }
	return <-failed
}

// jvm is the command of a JVM with a class and its arguments.
func (c *Cluster) jvm(log string, options []string, class string, args ...string) *exec.Cmd {
	conf := filepath.Join(c.config.Dir, "conf")
	all := slices.Concat(c.java, options, []string{
		"-XX:+ExitOnOutOfMemoryError", "-Dlog.file=" + log, "-Dlog4j.configurationFile=file:" + filepath.Join(conf, "log4j.properties"),
		"-cp", c.classPath(), class, "-c", conf,
	}, args)
	cmd := exec.Command(c.config.Java.Path, all...)
	cmd.Dir = c.config.Dir
	cmd.Env = c.environment(conf)
	return cmd
}

// start starts a JVM with a class and its arguments.
func (c *Cluster) start(name string, cmd *exec.Cmd) (*child, error) {
	ch := &child{name: name, done: make(chan struct{}), out: filepath.Join(c.logs(), name+".out"), log: c.logOf(name), cmd: cmd}
	if c.config.Life != nil {
		ch.cmd.ExtraFiles = []*os.File{c.config.Life}
	}
	ch.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := os.OpenFile(ch.out, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start the %s: %w", name, err)
	}
	defer out.Close()
	ch.cmd.Stdout, ch.cmd.Stderr = out, out
	if c.config.Pod != nil { // whose log is what its processes write
		ch.cmd.Stdout, ch.cmd.Stderr = os.Stdout, os.Stderr
	}
	if err := c.nursery.start(ch.cmd); err != nil {
		return nil, fmt.Errorf("start the %s: %w", name, err)
	}
	c.config.Log.Info("process started", "process", name, "pid", ch.cmd.Process.Pid)
	go func() {
		ch.how = ch.cmd.Wait()
		close(ch.done)
	}()
	return ch, nil
}

func (c *Cluster) logOf(name string) string { return filepath.Join(c.logs(), name+".log") }

func (c *Cluster) logs() string { return filepath.Join(c.config.Dir, "logs") }

func (c *Cluster) classPath() string {
	return strings.Join(append(slices.Clone(c.config.Jars), c.config.Home.ClassPath()), string(os.PathListSeparator))
}

// environment is ours, without our own settings, and where Flink finds its own.
func (c *Cluster) environment(conf string) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "WEIR_") || strings.HasPrefix(v, "FLINK_") || strings.HasPrefix(v, "JAVA_TOOL_OPTIONS=")
	})
	h := c.config.Home
	return append(env, "FLINK_CONF_DIR="+conf, "FLINK_LIB_DIR="+h.LibDir(), "FLINK_OPT_DIR="+h.OptDir(), "FLINK_PLUGINS_DIR="+h.PluginsDir(), "FLINK_LOG_DIR="+c.logs(),
		"MALLOC_ARENA_MAX=2", // many threads would each keep an arena of their own
	)
}

// options are the settings of a role's JVM in the configuration.
func (c *Cluster) options(role string) []string {
	var all []string
	for _, k := range []string{"env.java.default-opts.all", "env.java.default-opts." + role, "env.java.opts.all", "env.java.opts", "env.java.opts." + role} {
		all = append(all, strings.Fields(c.plan.config[k])...)
	}
	return all
}

// frugal JVMs use one thread to collect garbage and the first compiler only:
// half the processor time until a job runs, and a quarter less memory. Their
// heaps begin small.
var frugal = []string{"-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xss512k", "-XX:ReservedCodeCacheSize=64m", "-XX:MinHeapFreeRatio=20", "-XX:MaxHeapFreeRatio=40"}

// modest JVMs have heaps for which one thread collects garbage soonest; they
// begin small and give back what they do not need. They compile as well as others.
var modest = []string{"-XX:+UseSerialGC", "-Xss512k", "-XX:MinHeapFreeRatio=20", "-XX:MaxHeapFreeRatio=40"}

// modestHeap is up to where a TaskManager's heap is modest.
const modestHeap = 512 << 20

// frugalHeap is what the heap of a frugal or modest JVM begins with.
const frugalHeap = 48 << 20

func (c *Cluster) startJobManager() (*child, error) {
	m := c.plan.jobManager
	options := slices.Concat(frugal, []string{
		fmt.Sprintf("-Xms%d", min(m.Heap, frugalHeap)), fmt.Sprintf("-Xmx%d", m.Heap), fmt.Sprintf("-XX:MaxMetaspaceSize=%d", m.Metaspace),
	}, c.options("jobmanager"))
	class := "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
	if c.native() {
		class = "org.apache.flink.kubernetes.entrypoint.KubernetesSessionClusterEntrypoint"
	}
	return c.start("jobmanager", c.jvm(c.logOf("jobmanager"), options, class))
}

func (c *Cluster) startTaskManager(n int) (*child, error) {
	name := fmt.Sprintf("taskmanager-%d", n)
	return c.start(name, c.taskManager(name))
}

// taskManager is the command of a TaskManager.
func (c *Cluster) taskManager(name string) *exec.Cmd {
	m := c.plan.taskManager
	var options []string
	least := m.Heap()
	switch {
	case c.plan.frugal:
		options, least = append(options, frugal...), min(least, frugalHeap)
	case m.Heap() <= modestHeap:
		options, least = append(options, modest...), min(least, frugalHeap)
	}
	sizes := []string{
		fmt.Sprintf("-Xms%d", least), fmt.Sprintf("-Xmx%d", m.Heap()),
		fmt.Sprintf("-XX:MaxDirectMemorySize=%d", m.Direct()), fmt.Sprintf("-XX:MaxMetaspaceSize=%d", m.Metaspace),
	}
	class := "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
	if c.native() { // the JobManager has decided
		class, sizes = "org.apache.flink.kubernetes.taskmanager.KubernetesTaskExecutorRunner", c.config.Pod.JVMOptions
	}
	options = slices.Concat(options, sizes, c.options("taskmanager"))
	properties := m.Properties()
	properties["taskmanager.resource-id"] = name
	properties["taskmanager.cpu.cores"] = c.plan.config["taskmanager.numberOfTaskSlots"] + ".0"
	if v := c.plan.config["taskmanager.cpu.cores"]; v != "" {
		properties["taskmanager.cpu.cores"] = v
	}
	var args []string
	for _, k := range slices.Sorted(maps.Keys(properties)) {
		args = append(args, "-D", k+"="+properties[k])
	}
	if c.native() {
		args = append(args, c.config.Pod.Arguments...) // the last word counts
	}
	return c.jvm(c.logOf(name), options, class, args...)
}

// over tells whether a child has ended.
func (ch *child) over() bool {
	select {
	case <-ch.done:
		return true
	default:
		return false
	}
}

// end asks a child to end, and makes it; at once, when there is no grace.
func (ch *child) end(grace time.Duration) {
	if ch == nil {
		return
	}
	if grace <= 0 {
		_ = ch.cmd.Process.Kill() // it may have ended
		<-ch.done
		return
	}
	_ = ch.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case <-ch.done:
		return
	case <-t.C:
	}
	_ = ch.cmd.Process.Kill()
	<-ch.done
}

// epitaph says how a child ended and its last words.
func (ch *child) epitaph() string {
	how := "exited with status 0"
	var exit *exec.ExitError
	if errors.As(ch.how, &exit) {
		how = fmt.Sprintf("exited with status %d", exit.ExitCode())
		if s, ok := exit.Sys().(syscall.WaitStatus); ok && s.Signaled() {
			how = fmt.Sprintf("was ended by signal %d (%s)", s.Signal(), s.Signal())
		}
	} else if ch.how != nil {
		how = "has ended: " + ch.how.Error()
	}
	if words := whyNotStarted(ch.log); words != "" {
		return how + ": " + words
	}
	words := lastWords(ch.out, func(line string) bool {
		return strings.Contains(line, "Error") || strings.Contains(line, "Exception") || strings.Contains(line, "Could not") || strings.HasPrefix(line, "Unrecognized")
	})
	if words == "" {
		words = lastWords(ch.log, func(line string) bool {
			return strings.Contains(line, " ERROR ") || strings.HasPrefix(line, "Caused by: ")
		})
	}
	if words != "" {
		how += ": " + words
	}
	return how
}

// whyNotStarted is the cause that a process of Flink's gives when it cannot
// start. What it says after that is about its end.
func whyNotStarted(log string) string {
	lines := cluster.LastLines(log)
	at := slices.IndexFunc(lines, func(line string) bool {
		return strings.Contains(line, "Could not start cluster entrypoint") || strings.Contains(line, "Terminating TaskManagerRunner with exit code 1")
	})
	if at < 0 {
		return ""
	}
	trace := lines[at+1:]
	if end := slices.IndexFunc(trace, func(line string) bool { return logLine.MatchString(line) }); end >= 0 {
		trace = trace[:end]
	}
	return cluster.Words(flink.Cause(strings.Join(trace, "\n")))
}

// logLine knows the beginning of an entry of a log.
var logLine = regexp.MustCompile(`^\d{4}-\d\d-\d\d `)

// lastWords is the last line of a file's end that tells something.
func lastWords(path string, tells func(string) bool) string {
	for _, line := range slices.Backward(cluster.LastLines(path)) {
		if line = strings.TrimSpace(line); line != "" && tells(line) {
			return cluster.Words(line)
		}
	}
	return ""
}
