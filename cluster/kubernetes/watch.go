package kubernetes

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"github.com/weir-streams/weir/cluster"
)

// sight is what is known of the pods of a ground. It may be old: it leads the
// way to pods, and proves nothing.
type sight struct {
	store  cache.Store
	synced cache.InformerSynced
	stop   context.CancelFunc

	mu      sync.Mutex
	changed chan struct{} // closed with the next change
}

// changes is closed with the next change of a pod.
func (s *sight) changes() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.changed
}

func (s *sight) change() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// syncWait is how long to wait for the first list of pods.
const syncWait = 10 * time.Second

// watch begins to follow the pods of a ground, by one request for all of them
// that lasts.
func (l *Launcher) watch(g *ground) *sight {
	ctx, stop := context.WithCancel(l.ctx)
	selector := labelManaged + "=" + manager
	seen := &sight{stop: stop}
	lw := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.LabelSelector = selector
			return g.of(pods).List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.LabelSelector = selector
			return g.of(pods).Watch(ctx, o)
		},
	}
	store, controller := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: lw, ObjectType: &unstructured.Unstructured{}, Transform: trim,
		Handler: cache.ResourceEventHandlerFuncs{
			AddFunc: func(o any) { l.noticed(g, nil, o) },
			UpdateFunc: func(before, now any) {
				a, _ := before.(*corev1.Pod)
				if b, _ := now.(*corev1.Pod); ends(a, b) {
					l.overhear(g, b)
				}
				l.noticed(g, before, now)
				seen.change()
			},
			DeleteFunc: func(o any) {
				if last, ok := o.(cache.DeletedFinalStateUnknown); ok {
					o = last.Obj
				}
				if pod, ok := o.(*corev1.Pod); ok {
					l.keepEnd(ctx, g, pod)
				}
				l.noticed(g, o, nil)
				seen.change()
			},
		},
	})
	seen.store, seen.synced = store, controller.HasSynced
	l.wg.Go(func() { controller.RunWithContext(ctx) })
	return seen
}

// trim keeps of a pod what somebody looks at.
func trim(o any) (any, error) {
	u, ok := o.(*unstructured.Unstructured)
	if !ok {
		return o, nil
	}
	var pod corev1.Pod
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &pod); err != nil {
		return nil, fmt.Errorf("read pod %s: %w", u.GetName(), err)
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: pod.Name, Namespace: pod.Namespace, UID: pod.UID, ResourceVersion: pod.ResourceVersion,
			Labels: pod.Labels, DeletionTimestamp: pod.DeletionTimestamp, DeletionGracePeriodSeconds: pod.DeletionGracePeriodSeconds, CreationTimestamp: pod.CreationTimestamp, OwnerReferences: pod.OwnerReferences,
		},
		Spec:   corev1.PodSpec{NodeName: pod.Spec.NodeName, Containers: limitsOf(pod.Spec.Containers)},
		Status: pod.Status,
	}, nil
}

func limitsOf(all []corev1.Container) []corev1.Container {
	out := make([]corev1.Container, len(all))
	for i, c := range all {
		out[i] = corev1.Container{Name: c.Name, Image: c.Image, Resources: c.Resources}
	}
	return out
}

// pod is the last that was seen of a pod; nil: nothing.
func (g *ground) pod(ctx context.Context, name string) *corev1.Pod {
	if !g.seen.synced() {
		if g.gate.down(time.Now(), false) != nil {
			return nil
		}
		ctx, stop := context.WithTimeout(ctx, syncWait)
		defer stop()
		if !cache.WaitForCacheSync(ctx.Done(), g.seen.synced) {
			return nil
		}
	}
	o, ok, err := g.seen.store.GetByKey(g.namespace + "/" + name)
	if err != nil || !ok {
		return nil
	}
	pod, _ := o.(*corev1.Pod)
	return pod
}

// noticed tells whoever watches of a change that may mean something.
func (l *Launcher) noticed(g *ground, before, now any) {
	a, _ := before.(*corev1.Pod)
	b, _ := now.(*corev1.Pod)
	if a != nil && b != nil && a.Status.Phase == b.Status.Phase && a.Status.PodIP == b.Status.PodIP && (a.DeletionTimestamp == nil) == (b.DeletionTimestamp == nil) &&
		reflect.DeepEqual(a.Status.Conditions, b.Status.Conditions) &&
		reflect.DeepEqual(a.Status.ContainerStatuses, b.Status.ContainerStatuses) && reflect.DeepEqual(a.Status.InitContainerStatuses, b.Status.InitContainerStatuses) {
		return
	}
	if b == nil {
		b = a
	}
	if b == nil {
		return
	}
	ref := cluster.Ref{
		Namespace: b.Labels[labelNamespace], DeploymentID: b.Labels[labelDeployment], JobID: b.Labels[labelJob], Session: b.Labels[labelSession],
		Target: cluster.KubernetesTarget{Namespace: g.key.target, KubeconfigSecret: g.key.secret}.String(),
	}
	l.mu.Lock()
	hints := make([]func(cluster.Ref), 0, len(l.hints))
	for _, hint := range l.hints {
		hints = append(hints, hint)
	}
	l.mu.Unlock()
	for _, hint := range hints {
		hint(ref)
	}
}

// Watch calls changed for every cluster of which a pod starts, ends or changes,
// until ctx ends. It is a hint that comes quickly; what it means is for Observe
// to prove.
func (l *Launcher) Watch(ctx context.Context, changed func(cluster.Ref)) error {
	l.mu.Lock()
	l.hintID++
	id := l.hintID
	l.hints[id] = changed
	l.mu.Unlock()
	<-ctx.Done()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.hints, id)
	return nil
}
