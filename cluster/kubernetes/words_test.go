package kubernetes

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// TestWordsOfPods has statuses as the kubelet and the scheduler write them.
func TestWordsOfPods(t *testing.T) {
	for _, tt := range []struct {
		name, pod string
		words     func(*corev1.Pod) string
		want      string
	}{
		{
			"memory", `{metadata: {labels: {weir.io/component: engine}}, spec: {containers: [{name: engine, resources: {limits: {memory: 256Mi}}}]},
status: {phase: Failed, containerStatuses: [{name: engine, state: {terminated: {exitCode: 137, reason: OOMKilled}}}]}}`, epitaph,
			"container engine was killed because it needed more memory than its limit of 256 MiB; raise resources.taskmanager.memory",
		},
		{
			"panic", `{metadata: {labels: {weir.io/component: engine}},
status: {phase: Failed, containerStatuses: [{name: engine, state: {terminated: {exitCode: 2, reason: Error, message: "time=1 level=INFO msg=x\\npanic: boom\\n\\ngoroutine 1 [running]:"}}}]}}`, epitaph,
			"container engine exited with status 2: panic: boom",
		},
		{
			"killed", `{metadata: {labels: {weir.io/component: jobmanager}},
status: {phase: Failed, containerStatuses: [{name: flink-jobmanager, state: {terminated: {exitCode: 137, reason: Error}}}]}}`, epitaph,
			"container flink-jobmanager was ended by signal 9",
		},
		{
			"evicted", `{metadata: {labels: {weir.io/component: engine}}, spec: {nodeName: node1},
status: {phase: Failed, reason: Evicted, message: "The node was low on resource: memory."}}`, epitaph,
			"its pod was evicted from node node1: The node was low on resource: memory.",
		},
		{
			"preempted", `{metadata: {labels: {weir.io/component: engine}},
status: {phase: Failed, conditions: [{type: DisruptionTarget, status: "True", reason: PreemptionByScheduler, message: "preempting to accommodate a higher priority pod"}]}}`, epitaph,
			"its pod was ended by Kubernetes: PreemptionByScheduler: preempting to accommodate a higher priority pod",
		},
		{
			"image", `{metadata: {labels: {weir.io/component: engine}},
status: {phase: Pending, containerStatuses: [{name: engine, image: "x:1", state: {waiting: {reason: ImagePullBackOff, message: "Back-off pulling image \"x:1\""}}}]}}`, stuck,
			"container engine, image x:1: ImagePullBackOff: Back-off pulling image \"x:1\"; check the name of the image",
		},
		{
			"crash loop", `{metadata: {labels: {weir.io/component: taskmanager}},
status: {phase: Running, containerStatuses: [{name: flink-taskmanager, restartCount: 4, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1, message: "no such file"}}}]}}`, stuck,
			"container flink-taskmanager ends again and again (4 times), the last time it exited with status 1: no such file",
		},
		{
			"no room", `{status: {phase: Pending, conditions: [{type: PodScheduled, status: "False", reason: Unschedulable, message: "0/2 nodes are available: 2 Insufficient cpu."}]}}`, stuck,
			"0/2 nodes are available: 2 Insufficient cpu.; no node has room for it: ask for less in resources",
		},
		{"starting", `{status: {phase: Pending, containerStatuses: [{name: engine, state: {waiting: {reason: ContainerCreating}}}]}}`, stuck, ""},
	} {
		var pod corev1.Pod
		if err := yaml.Unmarshal([]byte(strings.ReplaceAll(tt.pod, `\\n`, `\n`)), &pod); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if got := tt.words(&pod); !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestALostNodeIsKnown tells a pod on a node that does not answer from one that
// is merely not ready.
func TestALostNodeIsKnown(t *testing.T) {
	for _, tt := range []struct {
		ready, container bool
		want             bool
	}{{true, true, false}, {false, true, true}, {false, false, false}} {
		condition := corev1.ConditionFalse
		if tt.ready {
			condition = corev1.ConditionTrue
		}
		pod := &corev1.Pod{}
		pod.Labels = map[string]string{labelComponent: componentEngine}
		pod.Status = corev1.PodStatus{
			Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: condition}},
			ContainerStatuses: []corev1.ContainerStatus{{Name: "engine", Ready: tt.container, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}},
		}
		if got := lost(pod); got != tt.want {
			t.Errorf("%+v: lost %v", tt, got)
		}
	}
}
