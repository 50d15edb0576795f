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
			"its pod was evicted from node node1: The node was low on resource: memory; ask for as much memory in resources",
		},
		{
			"preempted", `{metadata: {labels: {weir.io/component: engine}}, spec: {nodeName: node1},
status: {phase: Failed, conditions: [{type: DisruptionTarget, status: "True", reason: PreemptionByScheduler, message: "preempting to accommodate a higher priority pod"}]}}`, epitaph,
			"its pod was pre-empted: Kubernetes ended it on node node1 to make room for one of a higher priority (preempting to accommodate a higher priority pod); to prevent that, give it a priority class",
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
			"0/2 nodes are available: 2 Insufficient cpu; no node has room for it: ask for fewer processors in resources",
		},
		{
			"a side-car's memory", `{metadata: {labels: {weir.io/component: engine}}, spec: {containers: [{name: engine}, {name: shipper, resources: {limits: {memory: 32Mi}}}]},
status: {phase: Pending, initContainerStatuses: [{name: shipper, state: {terminated: {exitCode: 137, reason: OOMKilled}}}]}}`, stuck,
			"container shipper was killed because it needed more memory than its limit of 32 MiB; raise the memory limit of that container",
		},
		{
			"a side-car that ends again and again", `{metadata: {labels: {weir.io/component: engine}},
status: {phase: Pending, initContainerStatuses: [{name: shipper, restartCount: 4, lastState: {}, state: {terminated: {exitCode: 4, message: "nowhere to ship to\\n", reason: Error}}}]}}`, stuck,
			"container shipper ends again and again (5 times), the last time it exited with status 4: nowhere to ship to",
		},
		{
			"drained", `{metadata: {labels: {weir.io/component: engine}}, spec: {nodeName: node1},
status: {phase: Failed, conditions: [{type: DisruptionTarget, status: "True", reason: EvictionByEvictionAPI, message: "Eviction API: evicting"}],
containerStatuses: [{name: engine, state: {terminated: {exitCode: 143}}}]}}`, epitaph,
			"its pod was evicted from node node1 on somebody's request, as when a node is drained (Eviction API: evicting); container engine was ended by signal 15",
		},
		{
			"deleted", `{metadata: {labels: {weir.io/component: engine}, deletionTimestamp: "2026-01-01T00:00:00Z"}, spec: {nodeName: node1},
status: {phase: Succeeded, containerStatuses: [{name: engine, state: {terminated: {exitCode: 0}}}]}}`, epitaph,
			"somebody deleted its pod on node node1; container engine exited with status 0",
		},
		{
			"unreachable", `{metadata: {labels: {weir.io/component: engine}}, spec: {nodeName: node1},
status: {phase: Failed, conditions: [{type: DisruptionTarget, status: "True", reason: DeletionByTaintManager, message: "Taint manager: deleting due to NoExecute taint"}]}}`, epitaph,
			"its pod had to leave node node1, which does not answer or has a taint that the pod does not tolerate",
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

// TestAdvice has words as schedulers, runtimes, registries and the API server
// write them, and what people are told to do.
func TestAdvice(t *testing.T) {
	for _, tt := range []struct{ reason, message, want string }{
		{"ErrImagePull", `failed to pull and unpack image "docker.io/x/y:1": failed to resolve reference "docker.io/x/y:1": docker.io/x/y:1: not found`, "there is no such image"},
		{"ImagePullBackOff", `Back-off pulling image "docker.io/x/y:1": ErrImagePull: failed to pull and unpack image: failed to resolve reference: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`, "imagePullSecrets"},
		{"ErrImagePull", `failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://r/token: 401 Unauthorized; image x`, "imagePullSecrets"},
		{"ErrImagePull", `failed to pull image: dial tcp: lookup registry.example on 10.0.0.1:53: no such host`, "does not reach the registry"},
		{"ErrImagePull", `failed to pull image: tls: failed to verify certificate: x509: certificate signed by unknown authority`, "do not trust"},
		{"ErrImageNeverPull", `Container image "weir:1" is not present with pull policy of Never`, "load it there"},
		{"Unschedulable", "0/3 nodes are available: 1 Insufficient cpu, 2 Insufficient memory. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.", "ask for fewer processors in resources, or add nodes; ask for less memory"},
		{"Unschedulable", "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.", "change nodeSelector or affinity"},
		{"Unschedulable", "0/2 nodes are available: 1 node(s) had untolerated taint {gpu: true}, 1 node(s) were unschedulable.", "add a toleration for the taint (kubernetes.pods.tolerations), or take it from the node; nodes are cordoned"},
		{"Unschedulable", `0/2 nodes are available: persistentvolumeclaim "spill" not found. not found`, "check the claims"},
		{"Unschedulable", "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims.", "check the claims"},
		{"Unschedulable", "0/2 nodes are available: 2 node(s) had volume node affinity conflict.", "the volume can only be used on nodes"},
		{"Unschedulable", "0/2 nodes are available: 2 Insufficient memory. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.", "no node has room for it: ask for less memory"},
		{"Unschedulable", "0/2 nodes are available: 2 Too many pods.", "as many pods as they may"},
		{"FailedCreate", `pods "x" is forbidden: exceeded quota: small, requested: memory=1Gi, used: memory=0, limited: memory=100Mi`, "the quota of the namespace is used up"},
		{"FailedCreate", `pods "x" is forbidden: violates PodSecurity "restricted:latest": privileged (container "engine" must not set securityContext.privileged=true)`, "admits no such pod"},
		{"FailedCreate", `pods "x" is forbidden: maximum memory usage per Container is 512Mi, but limit is 1Gi`, "LimitRange"},
		{"FailedCreate", `admission webhook "images.example" denied the request: images must come from r.example`, "policy"},
		{"Evicted", "Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ", "raise the limit of ephemeral-storage"},
		{"Evicted", "The node was low on resource: ephemeral-storage. Threshold quantity: 1, available: 0.", "the disk of the node is full"},
		{"FailedMount", `MountVolume.SetUp failed for volume "v" : configmap "c" not found`, "kubernetes.pods.volumeMounts"},
	} {
		got := advise(tt.reason, tt.message)
		said, _, _ := strings.Cut(strings.Replace(tt.message, " no new claims to deallocate,", "", 1), " preemption:")
		if !strings.HasPrefix(got, strings.TrimRight(said, ". ")) || !strings.Contains(strings.TrimPrefix(got, said), tt.want) {
			t.Errorf("%s: %q, want %q", tt.reason, got, tt.want)
		}
	}
}
