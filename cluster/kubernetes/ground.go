package kubernetes

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/weir-streams/weir/cluster"
)

// manager is who applies objects.
const manager = "weir"

var (
	pods            = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	secrets         = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	services        = schema.GroupVersionResource{Version: "v1", Resource: "services"}
	serviceAccounts = schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"}
	roles           = schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "roles"}
	roleBindings    = schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "rolebindings"}
	configMaps      = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	events          = schema.GroupVersionResource{Version: "v1", Resource: "events"}
	deployments     = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
)

// object is one that is made.
type object interface {
	metav1.Object
	runtime.Object
}

// wayKey names a Kubernetes: a secret of a namespace of ours, or the server's own.
type wayKey struct{ namespace, secret string }

// way leads to a Kubernetes.
type way struct {
	client dynamic.Interface
	http   *http.Client
	gate   *gate
	host   string // address of the API server
	direct bool   // pods are reached by their addresses
	// namespace is for targets that name none.
	namespace string
	sum       [sha256.Size]byte // of the kubeconfig
	checked   time.Time
}

type groundKey struct {
	wayKey
	target string // namespace of Kubernetes
}

// ground is a namespace of a Kubernetes with what is known of its pods.
type ground struct {
	*way
	key       groundKey
	namespace string
	seen      *sight
}

// recheck is after how long a kubeconfig is read again.
const recheck = time.Minute

// ground is where a cluster is.
func (l *Launcher) ground(ctx context.Context, ref cluster.Ref) (*ground, error) {
	target := cluster.ParseKubernetesTarget(ref.Target)
	key := wayKey{secret: target.KubeconfigSecret}
	if key.secret != "" {
		key.namespace = ref.Namespace
	}
	w, err := l.way(ctx, key)
	if err != nil {
		return nil, err
	}
	namespace := target.Namespace
	if namespace == "" {
		namespace = w.namespace
	}
	gk := groundKey{key, namespace}
	l.mu.Lock()
	defer l.mu.Unlock()
	if g := l.grounds[gk]; g != nil {
		if g.way == w {
			return g, nil
		}
		g.seen.stop()
	}
	if l.ctx.Err() != nil {
		return nil, errors.New("the launcher is closed")
	}
	g := &ground{way: w, key: gk, namespace: namespace}
	g.seen = l.watch(g)
	l.grounds[gk] = g
	return g, nil
}

func (l *Launcher) way(ctx context.Context, key wayKey) (*way, error) {
	l.mu.Lock()
	w := l.ways[key]
	l.mu.Unlock()
	if w != nil && (key.secret == "" || time.Since(w.checked) < recheck) {
		return w, nil
	}
	config, namespace, inside, sum, err := l.restConfig(ctx, key)
	if err != nil {
		if w != nil { // the old one will do
			return w, nil
		}
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if w = l.ways[key]; w != nil && w.sum == sum {
		w.checked = time.Now()
		return w, nil
	}
	config.QPS, config.Burst = 100, 200
	config.UserAgent = "weir"
	var before *gate
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		before = &gate{next: next, host: config.Host}
		return before
	})
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("connect to Kubernetes at %s: %w", config.Host, err)
	}
	made, err := dynamic.NewForConfigAndClient(config, client)
	if err != nil {
		return nil, fmt.Errorf("connect to Kubernetes at %s: %w", config.Host, err)
	}
	w = &way{client: made, http: client, gate: before, host: strings.TrimRight(config.Host, "/"), direct: inside, namespace: namespace, sum: sum, checked: time.Now()}
	if key.secret == "" && l.config.Direct != nil {
		w.direct = *l.config.Direct
	}
	if !strings.Contains(w.host, "://") {
		w.host = "https://" + w.host
	}
	l.ways[key] = w
	return w, nil
}

func (l *Launcher) restConfig(ctx context.Context, key wayKey) (config *rest.Config, namespace string, inside bool, sum [sha256.Size]byte, err error) {
	read := func(c clientcmd.ClientConfig, what string) error {
		if config, err = c.ClientConfig(); err != nil {
			return fmt.Errorf("%w: %s: %w", cluster.ErrRefused, what, err)
		}
		namespace, _, err = c.Namespace()
		return err
	}
	switch {
	case key.secret != "":
		if l.config.Secret == nil {
			return nil, "", false, sum, fmt.Errorf("%w: this server reads no kubeconfig from secret values", cluster.ErrRefused)
		}
		text, err := l.config.Secret(ctx, key.namespace, key.secret)
		if err != nil {
			return nil, "", false, sum, fmt.Errorf("read the kubeconfig in secret value %q of namespace %q: %w", key.secret, key.namespace, err)
		}
		parsed, err := clientcmd.NewClientConfigFromBytes([]byte(text))
		if err != nil {
			return nil, "", false, sum, fmt.Errorf("%w: secret value %q is no kubeconfig: %w", cluster.ErrRefused, key.secret, err)
		}
		raw, err := parsed.RawConfig()
		if err != nil {
			return nil, "", false, sum, fmt.Errorf("%w: secret value %q is no kubeconfig: %w", cluster.ErrRefused, key.secret, err)
		}
		for name, user := range raw.AuthInfos {
			// It comes from whoever may write secrets, and must not run programs or read files here.
			if user.Exec != nil || user.AuthProvider != nil || user.TokenFile != "" || user.ClientCertificate != "" || user.ClientKey != "" {
				return nil, "", false, sum, fmt.Errorf("%w: secret value %q: user %q must hold its token or certificate itself: programs and files are not used", cluster.ErrRefused, key.secret, name)
			}
		}
		for name, c := range raw.Clusters {
			if c.CertificateAuthority != "" {
				return nil, "", false, sum, fmt.Errorf("%w: secret value %q: cluster %q must hold its certificate-authority-data itself", cluster.ErrRefused, key.secret, name)
			}
		}
		sum = sha256.Sum256([]byte(text))
		err = read(parsed, "secret value "+key.secret)
		return config, namespace, false, sum, err
	case l.config.Kubeconfig != "":
		rules := &clientcmd.ClientConfigLoadingRules{ExplicitPath: l.config.Kubeconfig}
		err = read(clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: l.config.KubeContext}), l.config.Kubeconfig)
	default:
		if config, err = rest.InClusterConfig(); err != nil {
			return nil, "", false, sum, fmt.Errorf("%w: no Kubernetes is known: run the server in a pod with a service account, give it --kubeconfig, or name spec.kubernetes.kubeconfigSecret in the deployment target (%w)", cluster.ErrRefused, err)
		}
		inside = true
		if b, err := os.ReadFile("/var/run/secrets/kubernetes.io/serviceaccount/namespace"); err == nil {
			namespace = strings.TrimSpace(string(b))
		}
	}
	if l.config.Namespace != "" {
		namespace = l.config.Namespace
	}
	return config, namespace, inside, sum, err
}

func (g *ground) of(r schema.GroupVersionResource) dynamic.ResourceInterface {
	return g.client.Resource(r).Namespace(g.namespace)
}

func (g *ground) create(ctx context.Context, r schema.GroupVersionResource, o object, into any) error {
	u, err := plain(o)
	if err != nil {
		return err
	}
	made, err := g.of(r).Create(ctx, u, metav1.CreateOptions{FieldManager: manager})
	return take(made, err, into)
}

func (g *ground) update(ctx context.Context, r schema.GroupVersionResource, o object, into any) error {
	u, err := plain(o)
	if err != nil {
		return err
	}
	made, err := g.of(r).Update(ctx, u, metav1.UpdateOptions{FieldManager: manager})
	return take(made, err, into)
}

func (g *ground) apply(ctx context.Context, r schema.GroupVersionResource, o object) error {
	u, err := plain(o)
	if err != nil {
		return err
	}
	_, err = g.of(r).Apply(ctx, o.GetName(), u, metav1.ApplyOptions{FieldManager: manager, Force: true})
	return err
}

func (g *ground) get(ctx context.Context, r schema.GroupVersionResource, name string, into any) error {
	u, err := g.of(r).Get(ctx, name, metav1.GetOptions{})
	return take(u, err, into)
}

func (g *ground) list(ctx context.Context, r schema.GroupVersionResource, o metav1.ListOptions, each func(*unstructured.Unstructured) error) error {
	all, err := g.of(r).List(ctx, o)
	if err != nil {
		return err
	}
	for i := range all.Items {
		if err := each(&all.Items[i]); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes an object; one that is not there is fine.
func (g *ground) remove(ctx context.Context, r schema.GroupVersionResource, name string) error {
	background := metav1.DeletePropagationBackground
	err := g.of(r).Delete(ctx, name, metav1.DeleteOptions{PropagationPolicy: &background})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func plain(o object) (*unstructured.Unstructured, error) {
	m, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", o.GetName(), err)
	}
	delete(m, "status")
	tidy(m)
	return &unstructured.Unstructured{Object: m}, nil
}

// tidy takes out the times of creation that nobody set.
func tidy(v any) {
	switch v := v.(type) {
	case map[string]any:
		if t, ok := v["creationTimestamp"]; ok && t == nil {
			delete(v, "creationTimestamp")
		}
		for _, each := range v {
			tidy(each)
		}
	case []any:
		for _, each := range v {
			tidy(each)
		}
	}
}

func take(u *unstructured.Unstructured, err error, into any) error {
	if err != nil || into == nil {
		return err
	}
	return runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, into)
}

// hasNamespace tells whether something else than the namespace was not found.
func (g *ground) hasNamespace(err error) bool {
	return !strings.Contains(err.Error(), fmt.Sprintf("namespaces %q not found", g.namespace))
}

// explain says what to do about an error of the API server.
func (g *ground) explain(doing string, err error) error {
	switch {
	case apierrors.IsNotFound(err) && !g.hasNamespace(err):
		return fmt.Errorf("%s: namespace %q of Kubernetes does not exist: make it, or name another in the deployment target: %w", doing, g.namespace, err)
	case apierrors.IsForbidden(err) && strings.Contains(err.Error(), "quota"):
		return fmt.Errorf("%s: the quota of namespace %q does not allow it: raise it, or change spec.template.spec.resources: %w", doing, g.namespace, err)
	case refusedForGood(err):
		return fmt.Errorf("%s: %w: %s: %w", doing, cluster.ErrRefused, firstOf(ofAdmission, err.Error()), err)
	case apierrors.IsForbidden(err) && firstOf(ofAdmission, err.Error()) != "":
		return fmt.Errorf("%s: %s: %w", doing, firstOf(ofAdmission, err.Error()), err)
	case apierrors.IsForbidden(err) && strings.Contains(err.Error(), "cannot "):
		return fmt.Errorf("%s: weir may not do so in namespace %q: give it the rights of the chart: %w", doing, g.namespace, err)
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsRequestEntityTooLargeError(err):
		return fmt.Errorf("%s: %w: %w", doing, cluster.ErrRefused, err)
	}
	return fmt.Errorf("%s in namespace %q: %w", doing, g.namespace, err)
}

// refusedForGood tells whether the rules of a namespace or of the Kubernetes
// forbid an object as it is.
func refusedForGood(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Code < 400 || status.Status().Code >= 500 {
		return false
	}
	words := strings.ToLower(err.Error())
	for _, says := range []string{"violates podsecurity", "usage per", "limit to request ratio", "validatingadmissionpolicy", "denied the request"} {
		if strings.Contains(words, says) {
			return true
		}
	}
	return false
}
