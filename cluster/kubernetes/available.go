package kubernetes

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/weir-streams/weir/cluster"
)

// highAvailability prepares Flink's own, which keeps what a new JobManager
// needs in config maps; that needs rights of its own.
func (b *builder) highAvailability(p *plan, native bool) (bool, error) {
	config := b.spec.Configuration
	kind := strings.ToLower(first(config["high-availability.type"], config["high-availability"]))
	switch kind {
	case "", "none":
		return false, nil
	case "kubernetes", "vvp-kubernetes", "org.apache.flink.kubernetes.highavailability.kuberneteshaservicesfactory":
	default:
		return false, fmt.Errorf("%w: high-availability.type %s: pods of Flink keep what a new JobManager needs in Kubernetes (kubernetes), or nowhere (none)", cluster.ErrRefused, kind)
	}
	delete(config, "high-availability")
	config["high-availability.type"] = "kubernetes"
	config["kubernetes.cluster-id"], config["kubernetes.namespace"] = b.name, b.namespace
	dir := strings.TrimRight(first(config["execution.checkpointing.dir"], config["state.checkpoints.dir"]), "/")
	if config["high-availability.storageDir"] == "" {
		if dir == "" {
			return false, fmt.Errorf("%w: high availability needs high-availability.storageDir, a place that all pods see", cluster.ErrRefused)
		}
		config["high-availability.storageDir"] = dir + "/ha"
	}
	// Flink never removes what it notes of jobs that have ended: it lies with
	// their checkpoints, and goes with them.
	for _, k := range []string{"job-result-store.storage-path", "application-result-store.storage-path"} {
		if config[k] == "" && dir != "" {
			config[k] = dir + "/ha/" + strings.TrimSuffix(k, ".storage-path")
		}
	}
	if b.ownAccount() != "" { // its rights are the user's affair
		return true, nil
	}
	p.needs = "high-availability.type kubernetes needs a service account with all rights on config maps"
	p.parts = append(p.parts, b.account(b.name)...)
	if !native { // where there are two accounts that need it
		p.parts = append(p.parts, b.granted(b.name, []string{b.name}, configMapRights)...)
	}
	return true, nil
}

// configMapRights are what Flink's high availability needs.
var configMapRights = rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get", "list", "watch", "create", "update", "patch", "delete"}}

// haSelector finds the config maps of Flink's high availability, which it labels
// with the id of the cluster.
func haSelector(name string) string { return "app=" + name }

// ownAccount is the service account that the deployment names for JobManagers.
func (b *builder) ownAccount() string {
	switch o := b.options; {
	case o.Pods != nil:
		return o.Pods.ServiceAccountName
	case o.JobManagerPodTemplate != nil:
		return o.JobManagerPodTemplate.Spec.ServiceAccountName
	}
	return first(b.spec.Configuration["kubernetes.jobmanager.service-account"], b.spec.Configuration["kubernetes.service-account"])
}

// passingOn says what to do when weir may not give Flink the right that its
// high availability or native mode needs.
func (g *ground) passingOn(p part, needs string, err error) error {
	if !apierrors.IsForbidden(err) || p.resource != serviceAccounts && p.resource != roles && p.resource != roleBindings {
		return nil
	}
	return fmt.Errorf("%w: %s, and weir may not make one in namespace %q: give weir the rights of the chart, or name one that has them in kubernetes.pods.serviceAccountName, or leave that setting out: %w",
		cluster.ErrRefused, needs, g.namespace, err)
}

// sayGoodbye has Flink take away what its high availability keeps in the state
// store, which nobody else knows. A cluster that does not answer leaves it.
func (l *Launcher) sayGoodbye(ctx context.Context, g *ground, ref cluster.Ref, name string) {
	pod := g.mainPod(ctx, name)
	if pod == nil || !answers(pod) {
		return
	}
	ctx, stop := context.WithTimeout(ctx, goodbyeWait)
	defer stop()
	if err := l.client(ref, g, name).Shutdown(ctx); err != nil {
		l.config.Log.WarnContext(ctx, "what Flink's high availability keeps may be left over", "cluster", name, "error", err)
		return
	}
	// The container ends when Flink has; then its Deployment starts it again,
	// unless that goes first.
	for ctx.Err() == nil {
		now := g.mainPod(ctx, name)
		if now == nil || !answers(now) {
			return
		}
		if s, was := mainStatus(now), mainStatus(pod); s == nil || s.State.Running == nil || was != nil && s.RestartCount != was.RestartCount {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	l.config.Log.WarnContext(ctx, "what Flink's high availability keeps may be left over: its JobManager took too long to end", "cluster", name, "after", goodbyeWait)
}

// goodbyeWait is how long a JobManager has to take away what it keeps.
const goodbyeWait = 30 * time.Second

// hopeless tells whether a JobManager that took the place of another one, or was
// started again, has not come up for so long that its cluster is better begun
// anew from the newest checkpoint: no process of it is there to be asked for a
// savepoint. That no node has room for it says nothing of that kind.
func hopeless(root *corev1.Secret, pod *corev1.Pod) bool {
	if pod.Spec.RestartPolicy != corev1.RestartPolicyAlways || pod.DeletionTimestamp != nil || pod.Spec.NodeName == "" || stuck(pod) == "" {
		return false
	}
	launched, err := time.Parse(time.RFC3339, root.Annotations[launchedNote])
	s := mainStatus(pod)
	if err != nil || s == nil || s.State.Running != nil || s.RestartCount == 0 && pod.CreationTimestamp.Sub(launched) < hopelessWait {
		return false // it starts for the first time
	}
	since := pod.CreationTimestamp.Time
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady && c.LastTransitionTime.After(since) {
			since = c.LastTransitionTime.Time
		}
	}
	return time.Since(since) > hopelessWait
}

// hopelessWait is how long a JobManager may take to come again.
const hopelessWait = time.Minute
