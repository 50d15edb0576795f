package kubernetes

import (
	"fmt"
	"regexp"
	"strings"

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
		by = "its pod was evicted from node " + pod.Spec.NodeName + ": " + pod.Status.Message
	case disrupted(pod) != "":
		by = "its pod was ended by Kubernetes: " + disrupted(pod)
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

// disrupted is why Kubernetes ended a pod, if it did.
func disrupted(pod *corev1.Pod) string {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.DisruptionTarget && c.Status == corev1.ConditionTrue {
			return c.Reason + ": " + c.Message
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
		what := "resources.taskmanager.memory"
		if pod.Labels[labelComponent] == componentJobManager {
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

// advise adds to what Kubernetes says what somebody can do.
func advise(reason, message string) string {
	do := ""
	switch reason {
	case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "Failed":
		if strings.Contains(message, "image") {
			do = "; check the name of the image, and that the nodes may pull it (kubernetes.pods.imagePullSecrets)"
		}
	case "Unschedulable", "FailedScheduling":
		do = "; no node has room for it: ask for less in resources, change nodeSelector, affinity or tolerations, or add nodes"
	case "FailedCreate":
		if strings.Contains(message, "exceeded quota") {
			do = "; the quota of the namespace is used up: raise it, or ask for less in resources"
		}
	case "FailedMount", "FailedAttachVolume":
		do = "; check kubernetes.pods.volumeMounts, and that what they name exists"
	case "CreateContainerConfigError":
		do = "; check that the secrets and config maps exist that its variables and volumes name"
	}
	return message + do
}
