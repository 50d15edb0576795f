package standalone

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/flink/memory"
)

// small is the memory of a cluster whose spec does not say any: enough for SQL
// with modest state, as measured; a JobManager and a TaskManager stay below
// 600 MiB together.
var small = map[string]string{
	"jobmanager.memory.heap.size": "192m", "jobmanager.memory.off-heap.size": "64m", "jobmanager.memory.jvm-metaspace.size": "160m",
	"jobmanager.memory.jvm-overhead.min": "64m", "jobmanager.memory.jvm-overhead.max": "64m",
	"taskmanager.memory.task.heap.size": "128m", "taskmanager.memory.framework.heap.size": "128m", "taskmanager.memory.framework.off-heap.size": "64m",
	"taskmanager.memory.managed.size": "32m", "taskmanager.memory.network.min": "32m", "taskmanager.memory.network.max": "32m",
	"taskmanager.memory.jvm-metaspace.size": "192m", "taskmanager.memory.jvm-overhead.min": "64m", "taskmanager.memory.jvm-overhead.max": "64m",
}

// managedForSlot is the least managed memory that SQL operators of a slot need.
const managedForSlot = 8 << 20

// ports are those of a JobManager on this machine.
type ports struct{ rest, rpc, blob int }

// freePorts finds ports that nobody listens on now. Somebody may before the
// JobManager does; then others are tried.
func freePorts() (p ports, err error) {
	for _, port := range []*int{&p.rest, &p.rpc, &p.blob} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return p, fmt.Errorf("find a free port: %w", err)
		}
		defer l.Close() // after all are found, so that they differ
		*port = l.Addr().(*net.TCPAddr).Port
	}
	return p, nil
}

// plan is all that is needed to start the processes.
type plan struct {
	config       map[string]string // of config.yaml, without the memory of TaskManagers
	jobManager   memory.JobManager
	taskManager  memory.TaskManager
	taskManagers int
	frugal       bool // JVMs that compile less and need less
}

// planOf makes the configuration of a cluster from its spec. What the spec says
// wins, except for where the processes find each other.
func planOf(spec cluster.Spec, dir string, p ports) (plan, error) {
	config := maps.Clone(spec.Configuration)
	if config == nil {
		config = map[string]string{}
	}
	out := plan{config: config, taskManagers: max(spec.TaskManagers, 1)}
	memorySet := func(role string) bool {
		for k := range config {
			if strings.HasPrefix(k, role+".memory.") {
				return true
			}
		}
		return false
	}
	for role, bytes := range map[string]int64{"jobmanager": spec.JobManagerMemory, "taskmanager": spec.TaskManagerMemory} {
		switch {
		case memorySet(role):
		case bytes > 0:
			config[role+".memory.process.size"] = strconv.FormatInt(bytes, 10) + "b"
		default:
			out.frugal = out.frugal || role == "taskmanager"
			for k, v := range small {
				if strings.HasPrefix(k, role+".") {
					config[k] = v
				}
			}
		}
	}
	slots, err := strconv.Atoi(config["taskmanager.numberOfTaskSlots"])
	if config["taskmanager.numberOfTaskSlots"] == "" {
		slots, err = (max(spec.Parallelism, 1)+out.taskManagers-1)/out.taskManagers, nil
	}
	if err != nil || slots < 1 {
		return out, fmt.Errorf("%w: taskmanager.numberOfTaskSlots is %q, want a number from 1", cluster.ErrRefused, config["taskmanager.numberOfTaskSlots"])
	}
	config["taskmanager.numberOfTaskSlots"] = strconv.Itoa(slots)
	if out.frugal {
		config["taskmanager.memory.managed.size"] = strconv.Itoa(max(32<<20, slots*managedForSlot)) + "b"
	}
	if out.jobManager, err = memory.ForJobManager(config); err != nil {
		return out, fmt.Errorf("%w: %w", cluster.ErrRefused, err)
	}
	if out.taskManager, err = memory.ForTaskManager(config); err != nil {
		return out, fmt.Errorf("%w: %w", cluster.ErrRefused, err)
	}
	maps.Copy(config, out.jobManager.Properties())
	for k, v := range map[string]string{
		"pipeline.name": spec.DeploymentName, "parallelism.default": strconv.Itoa(max(spec.Parallelism, 1)),
		"io.tmp.dirs": filepath.Join(dir, "tmp"), "web.cancel.enable": "true", "web.submit.enable": "true",
		"execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
		// On one machine silence means the end of a process.
		"heartbeat.interval": "2000", "heartbeat.timeout": "10000",
		// A busy machine is no reason to give a start up.
		"pekko.startup-timeout": "60 s",
		// So that the JobManager and what it tells are there until they are taken away.
		"execution.shutdown-on-application-finish": "false",
		"jobstore.expiration-time":                 "20000000",
		"job-result-store.delete-on-commit":        "false",
	} {
		if config[k] == "" && v != "" {
			config[k] = v
		}
	}
	if spec.Artifact.Kind == "PYTHON" {
		for _, key := range []string{pythonClient, pythonWorkers} {
			if config[key] == "" {
				config[key] = pythonOf(config)
			}
		}
	}
	if spec.IsSession() {
		delete(config, "pipeline.name") // each job has its own
	}
	for k, v := range map[string]string{
		flink.IncarnationKey: spec.Incarnation(), "jobmanager.rpc.address": "127.0.0.1", "jobmanager.bind-host": "127.0.0.1",
		"jobmanager.rpc.port": strconv.Itoa(p.rpc), "blob.server.port": strconv.Itoa(p.blob),
		"rest.address": "127.0.0.1", "rest.bind-address": "127.0.0.1", "rest.port": strconv.Itoa(p.rest), "rest.bind-port": strconv.Itoa(p.rest),
		"taskmanager.host": "127.0.0.1", "taskmanager.bind-host": "127.0.0.1",
		"web.tmpdir": filepath.Join(dir, "tmp"), "web.upload.dir": filepath.Join(dir, "upload"),
	} {
		config[k] = v
	}
	if statistics := "rest.cache.checkpoint-statistics.timeout"; config[statistics] == "" {
		// For three seconds Flink would answer what was true when somebody asked
		// last: in the pause between two attempts, that there are no checkpoints.
		config[statistics] = "1 ms"
	}
	if highlyAvailable(config) {
		// What is kept is this incarnation's, and no other one goes on from it.
		config["high-availability.cluster-id"] = spec.Incarnation()
		if config["high-availability.storageDir"] == "" {
			config["high-availability.storageDir"] = "file://" + filepath.Join(dir, "ha")
		}
	}
	return out, nil
}

// HighlyAvailable tells whether Flink keeps what a new JobManager needs.
func highlyAvailable(config map[string]string) bool {
	kind := config["high-availability.type"]
	if kind == "" {
		kind = config["high-availability"]
	}
	return kind != "" && !strings.EqualFold(kind, "none")
}

// writeConfig writes the files that Flink's processes read.
func writeConfig(conf string, config map[string]string, log4j string) error {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(config)) {
		key, err := json.Marshal(k)
		if err != nil {
			return err
		}
		value, err := json.Marshal(config[k]) // a JSON string is a YAML string
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s: %s\n", key, value)
	}
	if err := os.WriteFile(filepath.Join(conf, "config.yaml"), []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("write Flink's configuration: %w", err)
	}
	if err := os.WriteFile(filepath.Join(conf, "log4j.properties"), []byte(log4j), 0o600); err != nil {
		return fmt.Errorf("write Flink's configuration: %w", err)
	}
	return nil
}

// scratch is where nothing that is to be kept is written.
func scratch(dir string) string { return "file://" + filepath.Join(dir, "tmp", "scratch") }
