package resource

import "strings"

// UsageRecord says how many CPUs the jobs of a namespace had from a minute on,
// until its next record.
type UsageRecord struct {
	Namespace string
	At        Time
	Used      float64
}

// Compare orders records by time and then namespace.
func (r UsageRecord) Compare(other UsageRecord) int {
	if c := r.At.Compare(other.At.Time); c != 0 {
		return c
	}
	return strings.Compare(r.Namespace, other.Namespace)
}

// CPUs is how many cores a job has asked for: none once it has ended, and none
// on a session cluster, whose cores are its own.
func (j Job) CPUs() float64 {
	if j.Status.State.Terminal() || j.Spec.SessionClusterID != "" {
		return 0
	}
	return cpus(j.Spec.Resources, j.Spec.NumberOfTaskManagers)
}

// CPUs is how many cores a session cluster has asked for while it is up.
func (s SessionCluster) CPUs() float64 {
	switch s.Status.State {
	case SessionStarting, SessionRunning, SessionUpdating, SessionStopping:
		return cpus(s.Spec.Resources, s.Spec.NumberOfTaskManagers)
	}
	return 0
}

func cpus(r Resources, taskManagers int) float64 {
	return r.JobManager.CPU + float64(max(taskManagers, 1))*r.TaskManager.CPU
}
