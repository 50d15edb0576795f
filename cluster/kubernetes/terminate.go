package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/weir-streams/weir/cluster"
)

// terminateWait is how long one call waits for pods to end; whoever wants the
// end calls again.
const terminateWait = 25 * time.Second

// Terminate removes the cluster's objects, and returns nil when none of its
// pods is there any more, or all that is left of one is its object: its kubelet
// said that its containers have ended, and Kubernetes will take it away. A pod is
// never forced away: on a node that does not answer it may run on.
func (l *Launcher) Terminate(ctx context.Context, ref cluster.Ref) error {
	if err := l.terminate(ctx, ref); err != nil {
		return fmt.Errorf("terminate %s: %w", ref, err)
	}
	return nil
}

func (l *Launcher) terminate(ctx context.Context, ref cluster.Ref) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if ref.OnSession() {
		return cluster.TerminateOn(ctx, l, ref)
	}
	g, err := l.ground(ctx, ref)
	if errors.Is(err, cluster.ErrRefused) {
		return fmt.Errorf("nobody can tell whether it is there: %w", err)
	}
	if err != nil {
		return err
	}
	name, err := nameOf(ref)
	if err != nil {
		return err
	}
	all := metav1.ListOptions{LabelSelector: selector(ref)}
	// Before the pods, or others would come in their place.
	if err := g.list(ctx, deployments, all, func(u *unstructured.Unstructured) error {
		if u.GetName() == name+"-"+componentJobManager && u.GetDeletionTimestamp() == nil {
			l.sayGoodbye(ctx, g, ref, name)
		}
		return g.remove(ctx, deployments, u.GetName())
	}); err != nil {
		return g.explain("remove its Deployments", err)
	}
	defer l.disconnect(ref)
	var heard *listener
	defer func() { l.keepLog(heard) }()
	end := time.Now().Add(terminateWait)
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 400*time.Millisecond) {
		changed := g.seen.changes()
		left, err := g.podsOf(ctx, ref)
		if err != nil {
			return g.explain("look for its pods", err)
		}
		left = slices.DeleteFunc(left, func(pod corev1.Pod) bool { return ended(&pod) })
		if len(left) == 0 {
			break
		}
		if heard == nil {
			heard = l.listen(g, name, left)
			heard.wait()
		}
		for _, pod := range left {
			if pod.DeletionTimestamp == nil {
				if err := g.remove(ctx, pods, pod.Name); err != nil {
					return g.explain("remove its pods", err)
				}
			}
		}
		if time.Now().After(end) {
			return fmt.Errorf("it is still ending: %s", ending(left))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it is still ending: %s: %w", ending(left), ctx.Err())
		case <-changed:
		case <-time.After(pause):
		}
	}
	if err := g.list(ctx, configMaps, metav1.ListOptions{LabelSelector: haSelector(name)}, func(u *unstructured.Unstructured) error { return g.remove(ctx, configMaps, u.GetName()) }); err != nil && !apierrors.IsForbidden(err) {
		return g.explain("remove what Flink's high availability left", err)
	}
	// With the root, all that it owns goes.
	if err := g.remove(ctx, secrets, name); err != nil {
		return g.explain("remove its objects", err)
	}
	return nil
}

// podsOf asks the API server for the pods of a cluster.
func (g *ground) podsOf(ctx context.Context, ref cluster.Ref) ([]corev1.Pod, error) {
	var all []corev1.Pod
	err := g.list(ctx, pods, metav1.ListOptions{LabelSelector: selector(ref)}, func(u *unstructured.Unstructured) error {
		var pod corev1.Pod
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &pod); err != nil {
			return fmt.Errorf("read pod %s: %w", u.GetName(), err)
		}
		all = append(all, pod)
		return nil
	})
	return all, err
}
