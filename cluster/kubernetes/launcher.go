package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
)

// Config of a Launcher.
type Config struct {
	// Kubeconfig is a file that leads to the Kubernetes of targets that name no
	// other; empty: the one this process is a pod of. KubeContext is the
	// context in it; empty: its current one.
	Kubeconfig, KubeContext string
	// Namespace is for targets that name none; empty: that of this process, or default.
	Namespace string
	// Secret reads a secret value of a namespace of ours, which holds a
	// kubeconfig; nil: targets cannot name one.
	Secret func(ctx context.Context, namespace, name string) (string, error)
	// Image is weir's own.
	Image string
	// FlinkImages are images of Flink by version, such as "2.3"; the version
	// "" is for programs that ask for none.
	FlinkImages map[string]string
	// FlinkUser is the user id of Flink's processes; 0 is the image's own.
	FlinkUser int64
	// PullPolicy of images; empty: Kubernetes' own choice.
	PullPolicy string
	// Direct reaches pods by their addresses instead of through the API
	// server; nil: when this process is itself a pod of the Kubernetes.
	Direct *bool
	// Environment is given to all processes, such as the way to a state store.
	Environment map[string]string
	// FlinkConfiguration is below what a cluster's spec says.
	FlinkConfiguration map[string]string
	// Files tells pods where to fetch a local file: an address, a token for it
	// and its checksum; nil: pods get no files.
	Files func(ref cluster.Ref, path string) (url, token, sha256 string, err error)
	// Maven brings a jar, by its coordinates, to this machine; nil: none comes.
	Maven func(ctx context.Context, coordinates string) (path string, err error)
	// Logs is a folder for the ends of the logs of clusters that were removed;
	// empty: none are kept.
	Logs string
	Log  *slog.Logger // nil: slog.Default()
}

// Launcher is a cluster.Launcher. Close it when it is not used any more.
type Launcher struct {
	config Config
	ctx    context.Context
	stop   context.CancelFunc
	wg     sync.WaitGroup // of watches

	mu      sync.Mutex
	ways    map[wayKey]*way
	grounds map[groundKey]*ground
	conns   map[cluster.Ref]*flink.Client
	hints   map[int]func(cluster.Ref)
	hintID  int
	// listening has the clusters whose logs are being kept.
	listening map[string]bool
	ears      chan struct{} // one for each that ends by itself
}

// New returns a launcher. It connects to nothing before it is used.
func New(c Config) *Launcher {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	ctx, stop := context.WithCancel(context.Background())
	return &Launcher{
		config: c, ctx: ctx, stop: stop,
		ways: map[wayKey]*way{}, grounds: map[groundKey]*ground{}, conns: map[cluster.Ref]*flink.Client{}, hints: map[int]func(cluster.Ref){},
		listening: map[string]bool{}, ears: make(chan struct{}, listeners),
	}
}

// Close gives back watches and connections. The clusters live on.
func (l *Launcher) Close(context.Context) error {
	l.mu.Lock() // nothing is begun after it
	l.stop()
	l.mu.Unlock()
	l.wg.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	for ref := range l.conns {
		l.disconnectLocked(ref)
	}
	return nil
}

// RunsSessions says that refs with a Session are known.
func (l *Launcher) RunsSessions() {}

// Launch makes the objects of the cluster, unless they were ever made.
func (l *Launcher) Launch(ctx context.Context, spec cluster.Spec) error {
	if err := l.launch(ctx, spec); err != nil {
		return fmt.Errorf("launch %s: %w", spec.Ref, err)
	}
	return nil
}

func (l *Launcher) launch(ctx context.Context, spec cluster.Spec) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if spec.Standby {
		return fmt.Errorf("%w: this launcher brings up no cluster before its job", cluster.ErrRefused)
	}
	g, err := l.ground(ctx, spec.Ref)
	if err != nil {
		return err
	}
	if spec.OnSession() {
		if spec, err = l.forSession(spec); err != nil {
			return err
		}
		return cluster.LaunchOn(ctx, l, spec)
	}
	if spec, err = l.fromMaven(ctx, spec); err != nil {
		return err
	}
	p, err := l.plan(spec, g.namespace)
	if err != nil {
		return err
	}
	for range 5 { // others may work on the same root
		if err = l.make(ctx, g, p); !apierrors.IsConflict(err) {
			break
		}
	}
	return err
}

// Annotations of the root.
const (
	launchedNote = "weir.io/launched" // the main pod was asked for, and is never again
	refusedNote  = "weir.io/refused"  // why the main pod was refused
	endedNote    = "weir.io/ended"    // how the main pod ended, once it is gone
	// displacedNote is set when something else than its program ended the main pod.
	displacedNote = "weir.io/displaced"
)

func (l *Launcher) make(ctx context.Context, g *ground, p *plan) error {
	var root corev1.Secret
	marked := p.root
	if len(p.parts) == 0 { // nothing comes before the main pod: who makes the root has won
		marked = p.root.DeepCopy()
		marked.Annotations = with(marked.Annotations, launchedNote, time.Now().UTC().Format(time.RFC3339))
	}
	err := g.create(ctx, secrets, marked, &root)
	won := err == nil && len(p.parts) == 0
	if apierrors.IsAlreadyExists(err) {
		err = g.get(ctx, secrets, p.root.Name, &root)
	}
	switch {
	case apierrors.IsConflict(err), apierrors.IsNotFound(err) && g.hasNamespace(err):
		return apierrors.NewConflict(secrets.GroupResource(), p.root.Name, err) // it went while we looked
	case err != nil:
		return g.explain("make the cluster's objects", err)
	case root.DeletionTimestamp != nil:
		return fmt.Errorf("%w: it is being removed", cluster.ErrRefused)
	case root.Annotations[launchedNote] != "" && !won:
		return nil
	}
	for _, label := range []string{labelNamespace, labelDeployment} {
		if root.Labels[label] != p.root.Labels[label] {
			return fmt.Errorf("%w: secret %s of namespace %s belongs to %s %q, not to %q", cluster.ErrRefused, root.Name, g.namespace, label, root.Labels[label], p.root.Labels[label])
		}
	}
	owner := metav1.OwnerReference{APIVersion: "v1", Kind: "Secret", Name: root.Name, UID: root.UID}
	for _, part := range p.parts {
		part.object.SetOwnerReferences([]metav1.OwnerReference{owner})
		if err := g.apply(ctx, part.resource, part.object); err != nil {
			if no := g.passingOn(part, p.needs, err); no != nil {
				return no
			}
			return g.explain("make the cluster's objects", err)
		}
	}
	if !won {
		root.Annotations = with(root.Annotations, launchedNote, time.Now().UTC().Format(time.RFC3339))
		delete(root.Annotations, refusedNote)
		if err := g.update(ctx, secrets, &root, &root); err != nil {
			return err // a conflict: somebody else was first
		}
	}
	p.main.object.SetOwnerReferences([]metav1.OwnerReference{owner})
	err = g.createMain(ctx, p.main, &root)
	if err == nil {
		l.config.Log.InfoContext(ctx, "cluster made", "cluster", p.main.object.GetName(), "namespace", g.namespace)
		return nil
	}
	err = g.explain("make the pod", err)
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Code < 400 || status.Status().Code >= 500 {
		return err // it may have come, and counts as asked for
	}
	// Proved: there is none.
	delete(root.Annotations, launchedNote)
	root.Annotations = with(root.Annotations, refusedNote, err.Error())
	return errors.Join(err, g.update(ctx, secrets, &root, &root))
}

// goneWait is how long a main pod waits for one of the same name whose
// containers have ended, and which Kubernetes is about to take away.
const goneWait = 20 * time.Second

// createMain makes the main object of a root, once.
func (g *ground) createMain(ctx context.Context, p part, root *corev1.Secret) error {
	for end := time.Now().Add(goneWait); ; {
		err := g.create(ctx, p.resource, p.object, nil)
		if !apierrors.IsAlreadyExists(err) {
			return err
		}
		err = g.ours(ctx, p, root)
		if err == nil || !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) || time.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// ours is no error if an object that is there belongs to a root.
func (g *ground) ours(ctx context.Context, p part, root *corev1.Secret) error {
	there, err := g.of(p.resource).Get(ctx, p.object.GetName(), metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, o := range there.GetOwnerReferences() {
		if o.UID == root.UID {
			return nil
		}
	}
	return apierrors.NewConflict(p.resource.GroupResource(), p.object.GetName(), errors.New("one of a cluster that was removed is still there"))
}

func with(m map[string]string, key, value string) map[string]string {
	if m == nil {
		m = map[string]string{}
	}
	m[key] = value
	return m
}
