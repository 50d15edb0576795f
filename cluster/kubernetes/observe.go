package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/weir-streams/weir/cluster"
)

// Observe asks the API server whether the cluster is there.
func (l *Launcher) Observe(ctx context.Context, ref cluster.Ref) (cluster.Observation, error) {
	var o cluster.Observation
	var err error
	if ref.OnSession() {
		o, err = cluster.ObserveOn(ctx, l, ref)
	} else {
		var g *ground
		if g, err = l.ground(ctx, ref); err == nil {
			o, err = l.observe(ctx, g, ref)
		}
	}
	if err != nil {
		return cluster.Observation{}, fmt.Errorf("observe %s: %w", ref, err)
	}
	return o, nil
}

func (l *Launcher) observe(ctx context.Context, g *ground, ref cluster.Ref) (cluster.Observation, error) {
	if err := ctx.Err(); err != nil {
		return cluster.Observation{}, err
	}
	name, err := nameOf(ref)
	if err != nil {
		return cluster.Observation{}, err
	}
	var root corev1.Secret
	err = g.get(ctx, secrets, name, &root)
	exists := err == nil
	if err != nil && !apierrors.IsNotFound(err) {
		return cluster.Observation{}, g.explain("look for its objects", err)
	}
	all, err := g.podsOf(ctx, ref)
	if err != nil {
		return cluster.Observation{}, g.explain("look for its pods", err)
	}
	if !exists {
		all = slices.DeleteFunc(all, func(pod corev1.Pod) bool { return ended(&pod) })
	}
	switch {
	case !exists && len(all) == 0:
		return cluster.Observation{Presence: cluster.Absent}, nil
	case !exists, root.DeletionTimestamp != nil:
		return cluster.Observation{Message: "it is being removed: " + ending(all)}, nil
	}
	main := mainOfPods(all)
	switch {
	case main != nil:
		o := l.judge(ctx, g, main)
		if hopeless(&root, main) {
			o.Failed = true
		}
		return o, nil
	case root.Annotations[launchedNote] == "":
		if len(all) > 0 {
			return cluster.Observation{Message: "it was not launched in full, and has pods: " + ending(all)}, nil
		}
		// A launch was interrupted, or refused, before anything began.
		return cluster.Observation{Presence: cluster.Absent, Message: root.Annotations[refusedNote]}, nil
	case g.hasDeployment(ctx, name):
		return cluster.Observation{Presence: cluster.Present, Message: first(g.trouble(ctx, "Deployment", name+"-"+componentJobManager), "its JobManager has no pod at the moment")}, nil
	}
	words, displaced := root.Annotations[endedNote], root.Annotations[displacedNote] != ""
	if words == "" { // nobody looked when it went; a pod does not go by itself
		words, displaced = first(g.trouble(ctx, "Pod", mains(name)...), "somebody deleted it, or its node is gone"), true
	}
	return cluster.Observation{Presence: cluster.Present, Failed: true, Displaced: displaced, Message: "its pod is gone: " + words}, nil
}

// mainOfPods is the engine or JobManager among the pods of a cluster: of
// several JobManagers the one that runs, or the newest.
func mainOfPods(all []corev1.Pod) *corev1.Pod {
	var main *corev1.Pod
	for i, pod := range all {
		if c := pod.Labels[labelComponent]; c != componentEngine && c != componentJobManager {
			continue
		}
		if main == nil || answers(&pod) && !answers(main) || answers(&pod) == answers(main) && main.CreationTimestamp.Before(&pod.CreationTimestamp) {
			main = &all[i]
		}
	}
	return main
}

func (g *ground) hasDeployment(ctx context.Context, name string) bool {
	_, err := g.of(deployments).Get(ctx, name+"-"+componentJobManager, metav1.GetOptions{})
	return err == nil
}

// judge says what a main pod that is there proves.
func (l *Launcher) judge(ctx context.Context, g *ground, pod *corev1.Pod) cluster.Observation {
	component := pod.Labels[labelComponent]
	restarts := pod.Spec.RestartPolicy == corev1.RestartPolicyAlways // with high availability
	status := mainStatus(pod)
	over := pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded || status != nil && status.State.Terminated != nil
	switch {
	case pod.DeletionTimestamp != nil && !over:
		return cluster.Observation{Message: ending([]corev1.Pod{*pod})}
	case over && !restarts:
		return cluster.Observation{Presence: cluster.Present, Failed: true, Displaced: displaced(pod), Message: epitaph(pod)}
	case lost(pod):
		return cluster.Observation{Message: lostWords(pod)}
	case answers(pod) && status != nil && status.State.Running != nil:
		return cluster.Observation{Presence: cluster.Present, Message: ""}
	}
	words := stuck(pod)
	if words == "" && (time.Since(pod.CreationTimestamp.Time) > 3*time.Second || pod.Status.Reason != "") {
		words = g.trouble(ctx, "Pod", pod.Name)
	}
	if words == "" {
		words = "its pod " + pod.Name + " has not started yet"
	} else {
		words = "the " + component + " pod does not start: " + words
	}
	return cluster.Observation{Presence: cluster.Present, Message: words, Unstarted: unstarted(pod, status)}
}

// unstarted tells whether the main container has never run.
func unstarted(pod *corev1.Pod, main *corev1.ContainerStatus) bool {
	if pod.Status.Phase != corev1.PodPending {
		return false
	}
	return main == nil || main.State.Waiting != nil && main.LastTerminationState.Terminated == nil && main.RestartCount == 0
}

// ended tells whether the kubelet said that nothing of a pod runs any more, or
// ever will: only its object is still to go.
func ended(pod *corev1.Pod) bool {
	s := pod.Status
	if pod.DeletionTimestamp == nil || s.Phase != corev1.PodFailed && s.Phase != corev1.PodSucceeded || len(s.ContainerStatuses) == 0 {
		return false
	}
	running := func(s corev1.ContainerStatus) bool { return s.State.Terminated == nil }
	return !slices.ContainsFunc(s.ContainerStatuses, running) && !slices.ContainsFunc(s.InitContainerStatuses, running)
}

// lostWords say what is known of a pod whose node does not answer.
func lostWords(pod *corev1.Pod) string {
	return fmt.Sprintf("node %s, which pod %s is on, does not answer: the pod may run there. It is left alone until the node comes back, or is deleted from Kubernetes, or has the taint node.kubernetes.io/out-of-service", pod.Spec.NodeName, pod.Name)
}

// lost tells whether the node of a pod does not answer: then Kubernetes takes
// the pod for not ready, although nothing in it says so.
func lost(pod *corev1.Pod) bool {
	if pod.Status.Phase == corev1.PodUnknown || pod.Status.Reason == "NodeLost" {
		return true
	}
	s := mainStatus(pod)
	return s != nil && s.Ready && s.State.Running != nil && slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionFalse
	}) && allReady(pod)
}

func allReady(pod *corev1.Pod) bool {
	return !slices.ContainsFunc(pod.Status.ContainerStatuses, func(s corev1.ContainerStatus) bool { return !s.Ready })
}

// mainStatus is the state of the container that does the work.
func mainStatus(pod *corev1.Pod) *corev1.ContainerStatus {
	name := containerOf(pod)
	for i := range pod.Status.ContainerStatuses {
		if pod.Status.ContainerStatuses[i].Name == name {
			return &pod.Status.ContainerStatuses[i]
		}
	}
	return nil
}

// containerOf is the name of the container of a pod that does the work.
func containerOf(pod *corev1.Pod) string {
	for _, c := range pod.Spec.Containers {
		if c.Name == nativeContainer && pod.Labels[labelComponent] == componentTaskManager {
			return c.Name
		}
	}
	return mainContainer(pod.Labels[labelComponent])
}

// ending says in words which pods are still ending, and what they wait for.
func ending(all []corev1.Pod) string {
	var words []string
	for _, pod := range all {
		s := "pod " + pod.Name
		switch {
		case pod.DeletionTimestamp == nil:
			s += " is to be deleted"
		case pod.Spec.NodeName == "":
			s += " is being deleted"
		case lost(&pod) || time.Since(pod.DeletionTimestamp.Time) > 10*time.Second:
			s += fmt.Sprintf(" is being deleted, and node %s does not say that it has ended: it may run until the node comes back or is deleted from Kubernetes", pod.Spec.NodeName)
		default:
			s += " is ending on node " + pod.Spec.NodeName
		}
		words = append(words, s)
	}
	if len(words) == 0 {
		return "its objects are being deleted"
	}
	return strings.Join(words, "; ")
}

// trouble is the newest warning about objects of a kind: of the last hour, in
// which Kubernetes keeps them.
func (g *ground) trouble(ctx context.Context, kind string, names ...string) string {
	var newest time.Time
	words := ""
	for _, name := range names {
		err := g.list(ctx, events, metav1.ListOptions{FieldSelector: "involvedObject.kind=" + kind + ",involvedObject.name=" + name}, func(u *unstructured.Unstructured) error {
			var e corev1.Event
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &e); err != nil || !tells(&e) {
				return nil // what cannot be read tells nothing
			}
			at := e.LastTimestamp.Time
			if e.EventTime.After(at) {
				at = e.EventTime.Time
			}
			if e.Series != nil && e.Series.LastObservedTime.After(at) {
				at = e.Series.LastObservedTime.Time
			}
			if !at.Before(newest) {
				newest, words = at, advise(e.Reason, e.Message)
			}
			return nil
		})
		if err != nil {
			return ""
		}
	}
	return cluster.Words(words)
}

// tells tells whether an event is news of trouble.
func tells(e *corev1.Event) bool {
	switch e.Reason {
	case "TaintManagerEviction", "Preempted", "Evicted":
		return true
	case "BackOff", "Unhealthy":
		return false // what happened before says more
	}
	return e.Type == corev1.EventTypeWarning
}

// keepEnd notes on the root how a main pod ended that is gone now, for those
// who ask later.
func (l *Launcher) keepEnd(ctx context.Context, g *ground, pod *corev1.Pod) {
	if c := pod.Labels[labelComponent]; c != componentEngine && c != componentJobManager || len(pod.OwnerReferences) == 0 || pod.OwnerReferences[0].Kind != "Secret" {
		return
	}
	notes := map[string]string{endedNote: epitaph(pod)}
	if displaced(pod) {
		notes[displacedNote] = "true"
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": pod.OwnerReferences[0].UID, "annotations": notes}})
	if err != nil {
		return
	}
	ctx, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	// Words only: without them others are found.
	_, _ = g.of(secrets).Patch(ctx, pod.OwnerReferences[0].Name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: manager})
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// Warn says what threatens a cluster whose job runs, from what was seen last: a
// node that is silent, a pod that is to go. Pods may well work without a kubelet.
func (l *Launcher) Warn(ctx context.Context, ref cluster.Ref) string {
	g, err := l.ground(ctx, ref)
	if err != nil || !g.seen.synced() {
		return ""
	}
	name, err := nameOf(ref.Cluster())
	if err != nil {
		return ""
	}
	if main := g.mainPod(ctx, name); main != nil {
		switch {
		case main.DeletionTimestamp != nil:
			return ending([]corev1.Pod{*main}) + "; what it runs goes on elsewhere when it has ended"
		case lost(main):
			return fmt.Sprintf("node %s, which pod %s is on, does not answer Kubernetes; the pod answers and goes on. It is replaced when Kubernetes knows that it has ended", main.Spec.NodeName, main.Name)
		}
	}
	if g.pod(ctx, name+"-"+componentEngine) != nil {
		return "" // one pod is all it has
	}
	key, id := identityOf(ref)
	var words []string
	for _, o := range g.seen.store.List() {
		if pod, ok := o.(*corev1.Pod); ok && pod.Labels[key] == id && pod.Labels[labelComponent] == componentTaskManager && lost(pod) {
			words = append(words, fmt.Sprintf("node %s, which TaskManager pod %s is on, does not answer Kubernetes", pod.Spec.NodeName, pod.Name))
		}
	}
	slices.Sort(words)
	return strings.Join(words, "; ")
}

// identityOf is the label that all pods of a cluster have.
func identityOf(ref cluster.Ref) (label, value string) {
	if ref.Session != "" {
		return labelSession, ref.Session
	}
	return labelJob, ref.JobID
}

// Explain says why pods of a cluster that answers do not run.
func (l *Launcher) Explain(ctx context.Context, ref cluster.Ref) string {
	g, err := l.ground(ctx, ref)
	if err != nil || !g.seen.synced() {
		return ""
	}
	name, err := nameOf(ref.Cluster())
	if err != nil || g.pod(ctx, name+"-"+componentEngine) != nil {
		return "" // one pod is all it has
	}
	key, id := identityOf(ref)
	var words []string
	seen := false
	for _, o := range g.seen.store.List() {
		pod, ok := o.(*corev1.Pod)
		if !ok || pod.Labels[key] != id || pod.Labels[labelComponent] != componentTaskManager {
			continue
		}
		seen = true
		why := stuck(pod)
		if why == "" && pod.Status.Phase == corev1.PodPending && time.Since(pod.CreationTimestamp.Time) > 3*time.Second {
			why = g.trouble(ctx, "Pod", pod.Name)
		}
		if why == "" && lost(pod) {
			why = "node " + pod.Spec.NodeName + " does not answer"
		}
		if why != "" && !slices.Contains(words, why) {
			words = append(words, why)
		}
	}
	if !seen { // no pod could be made
		if why := g.trouble(ctx, "Deployment", name+"-"+componentTaskManager); why != "" {
			words = append(words, why)
		} else {
			words = append(words, first(g.replicaTrouble(ctx, name+"-"+componentTaskManager), g.nativeTrouble(ctx, name)))
		}
	}
	slices.Sort(words)
	if all := strings.Join(slices.DeleteFunc(words, func(s string) bool { return s == "" }), "; "); all != "" {
		return "a TaskManager pod does not run: " + cluster.Words(all)
	}
	return ""
}

// replicaTrouble is what keeps a Deployment from having pods, such as a quota:
// its events are those of its ReplicaSet, whose name begins with its own.
func (g *ground) replicaTrouble(ctx context.Context, name string) string {
	words := ""
	err := g.list(ctx, events, metav1.ListOptions{FieldSelector: "involvedObject.kind=ReplicaSet,type=Warning"}, func(u *unstructured.Unstructured) error {
		var e corev1.Event
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &e); err == nil && strings.HasPrefix(e.InvolvedObject.Name, name+"-") {
			words = advise(e.Reason, e.Message)
		}
		return nil
	})
	if err != nil {
		return ""
	}
	return words
}
