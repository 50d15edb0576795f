package kubernetes

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
)

// stuck says why a pod does not start, or keeps ending, from what its status
// says; empty: it says nothing of that.
func stuck(pod *corev1.Pod) string {
	for _, s := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
		if w := s.State.Waiting; w != nil {
			switch w.Reason {
			case "", "ContainerCreating", "PodInitializing":
			case "CrashLoopBackOff":
				words := fmt.Sprintf("container %s ends again and again (%d times)", s.Name, s.RestartCount)
				if t := s.LastTerminationState.Terminated; t != nil {
					words += ", the last time it " + endOf(pod, s.Name, t)
				}
				return words
			default:
				return advise(w.Reason, fmt.Sprintf("container %s, image %s: %s: %s", s.Name, s.Image, w.Reason, w.Message))
			}
		}
		if t := s.State.Terminated; t != nil && t.ExitCode != 0 {
			if s.RestartCount > 0 {
				return fmt.Sprintf("container %s ends again and again (%d times), the last time it %s", s.Name, s.RestartCount+1, endOf(pod, s.Name, t))
			}
			return fmt.Sprintf("container %s %s", s.Name, endOf(pod, s.Name, t))
		}
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return advise(c.Reason, c.Message)
		}
	}
	return ""
}

// epitaph says how a pod ended.
func epitaph(pod *corev1.Pod) string {
	by := ""
	switch {
	case pod.Status.Reason == "Evicted":
		by = "its pod was evicted from node " + pod.Spec.NodeName + ": " + advise("Evicted", strings.TrimSpace(pod.Status.Message))
	case disrupted(pod) != "":
		by = disrupted(pod)
	case pod.DeletionTimestamp != nil && pod.Status.Reason == "":
		by = "somebody deleted its pod"
		if pod.Spec.NodeName != "" {
			by += " on node " + pod.Spec.NodeName
		}
	case pod.Status.Reason != "":
		by = strings.TrimSuffix(fmt.Sprintf("its pod ended: %s: %s", pod.Status.Reason, pod.Status.Message), ": ")
	}
	if s := mainStatus(pod); s != nil && s.State.Terminated != nil {
		if how := "container " + s.Name + " " + endOf(pod, s.Name, s.State.Terminated); by == "" {
			by = how
		} else {
			by += "; " + how
		}
	} else if by == "" {
		if by = stuck(pod); by == "" {
			by = "the pod was deleted"
			if pod.Spec.NodeName != "" {
				by += " on node " + pod.Spec.NodeName
			}
		}
	}
	return by
}

// displaced tells whether something else than its program ended a main pod:
// somebody deleted it, or Kubernetes wanted its place or lost its node. A pod
// that a node evicts may have taken more than it asked for, which is its own.
func displaced(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.DisruptionTarget && c.Status == corev1.ConditionTrue {
			return c.Reason != corev1.PodReasonTerminationByKubelet || nodeEnded[pod.Status.Reason]
		}
	}
	switch {
	case pod.Status.Reason != "":
		return nodeEnded[pod.Status.Reason]
	case pod.DeletionTimestamp == nil:
		return false
	}
	// It may have ended by itself before it was deleted.
	asked := pod.DeletionTimestamp.Time
	if s := pod.DeletionGracePeriodSeconds; s != nil {
		asked = asked.Add(-time.Duration(*s) * time.Second)
	}
	s := mainStatus(pod)
	return s == nil || s.State.Terminated == nil || !s.State.Terminated.FinishedAt.Time.Before(asked)
}

// nodeEnded has the reasons of pods that ended with their node, or were never
// right for it.
var nodeEnded = map[string]bool{
	"Terminated": true, "NodeShutdown": true, "Shutdown": true, "NodeAffinity": true, "NodeLost": true, "UnexpectedAdmissionError": true,
	"OutOfcpu": true, "OutOfmemory": true, "OutOfpods": true, "OutOfephemeral-storage": true,
}

// disrupted is why Kubernetes ended a pod, if it did.
func disrupted(pod *corev1.Pod) string {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.DisruptionTarget && c.Status == corev1.ConditionTrue {
			words := "its pod was ended by Kubernetes: " + c.Reason + ": " + c.Message
			switch c.Reason {
			case corev1.PodReasonPreemptionByScheduler:
				words = fmt.Sprintf("its pod was pre-empted: Kubernetes ended it on node %s to make room for one of a higher priority (%s); to prevent that, give it a priority class (priorityClassName in a pod template), or add nodes",
					pod.Spec.NodeName, c.Message)
			case "EvictionByEvictionAPI":
				words = fmt.Sprintf("its pod was evicted from node %s on somebody's request, as when a node is drained (%s)", pod.Spec.NodeName, c.Message)
			case "DeletionByTaintManager":
				words = fmt.Sprintf("its pod had to leave node %s, which does not answer or has a taint that the pod does not tolerate (%s)", pod.Spec.NodeName, c.Message)
			case "DeletionByPodGC":
				words = fmt.Sprintf("node %s, which its pod was on, is gone (%s)", pod.Spec.NodeName, c.Message)
			case corev1.PodReasonTerminationByKubelet:
				words = fmt.Sprintf("node %s ended its pod: %s", pod.Spec.NodeName, advise("Evicted", c.Message))
			}
			return words
		}
	}
	return ""
}

// endOf says how a container ended, what to do about it, and its last words.
func endOf(pod *corev1.Pod, container string, t *corev1.ContainerStateTerminated) string {
	how := fmt.Sprintf("exited with status %d", t.ExitCode)
	switch {
	case t.Reason == "OOMKilled", strings.Contains(t.Message, "OOM-killed"):
		how = "was killed because it needed more memory than its limit" + limitOf(pod, container)
		component, what := pod.Labels[labelComponent], "resources.taskmanager.memory"
		switch {
		case container != containerOf(pod):
			what = "the memory limit of that container in spec.template.spec.kubernetes"
		case component == componentJobManager:
			what = "resources.jobmanager.memory"
		}
		return how + "; raise " + what
	case t.Signal != 0:
		how = fmt.Sprintf("was ended by signal %d", t.Signal)
	case t.ExitCode > 128 && t.ExitCode < 160:
		how = fmt.Sprintf("was ended by signal %d", t.ExitCode-128)
	}
	if words := lastWords(t.Message); words != "" {
		how += ": " + words
	}
	return how
}

func limitOf(pod *corev1.Pod, container string) string {
	for _, c := range pod.Spec.Containers {
		if q, ok := c.Resources.Limits[corev1.ResourceMemory]; ok && c.Name == container {
			return fmt.Sprintf(" of %d MiB", q.Value()>>20)
		}
	}
	return ""
}

var ordinary = regexp.MustCompile(`^time=\S+ level=INFO `)

// lastWords is what a person should read first of the end of a log.
func lastWords(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	words := ""
	for i := len(lines) - 1; i >= 0; i-- {
		line := strings.TrimSpace(lines[i])
		switch {
		case strings.HasPrefix(line, "panic: "), strings.HasPrefix(line, "fatal error: "):
			return cluster.Words(line)
		case words == "" && line != "" && !ordinary.MatchString(line):
			words = line
		}
	}
	if strings.HasPrefix(words, "at ") || strings.HasPrefix(words, "Caused by: ") {
		words = flink.Cause(log)
	}
	return cluster.Words(words)
}
