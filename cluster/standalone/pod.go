package standalone

import (
	"os/exec"
	"strconv"
)

// Pod is where a process is when each has a pod of its own.
type Pod struct {
	// JobManager is the name by which TaskManagers find the JobManager.
	JobManager string
	// Address of this pod.
	Address string
	// Name of this pod.
	Name string
	// Native is set when the JobManager itself has Kubernetes make the pods of
	// TaskManagers.
	Native bool
	// Arguments are then what the JobManager wants a TaskManager to be, and
	// JVMOptions the memory of its JVM.
	Arguments, JVMOptions []string
}

// podPorts are those of a JobManager in a pod. The REST API is for the process
// beside it only.
var podPorts = ports{rest: 8082, rpc: 6123, blob: 6124}

// podData is where TaskManagers send each other rows.
const podData = 6121

// podRPC is where TaskManagers are spoken to.
const podRPC = 6122

// settle changes what is different when processes are not on one machine.
func (p *Pod) settle(config map[string]string) {
	if p == nil {
		return
	}
	for k, v := range map[string]string{
		"jobmanager.rpc.address": p.JobManager, "jobmanager.bind-host": "0.0.0.0",
		"taskmanager.host": p.Address, "taskmanager.bind-host": "0.0.0.0",
		"taskmanager.rpc.port": strconv.Itoa(podRPC), "taskmanager.data.port": strconv.Itoa(podData),
	} {
		config[k] = v
	}
	// Networks between machines are slower than one machine.
	for k, here := range map[string][2]string{"heartbeat.interval": {"2000", "5000"}, "heartbeat.timeout": {"10000", "30000"}} {
		if config[k] == here[0] {
			config[k] = here[1]
		}
	}
	// A TaskManager that is there before the JobManager comes soon after it.
	for _, k := range []string{"cluster.registration.error-delay", "cluster.registration.refused-registration-delay"} {
		if config[k] == "" {
			config[k] = "1 s"
		}
	}
	if highlyAvailable(config) {
		// The JobManager that leads is found by its own address.
		config["jobmanager.rpc.address"] = p.Address
	}
}

// TaskManager is the command of the TaskManager of a pod.
func (c *Cluster) TaskManager() *exec.Cmd { return c.taskManager(c.config.Pod.Name) }

// native tells whether the JobManager brings up TaskManagers.
func (c *Cluster) native() bool { return c.config.Pod != nil && c.config.Pod.Native }
