package platform_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/flink/flinktest"
	"github.com/weir-streams/weir/test/kubernetes"
)

var (
	podsResource    = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	nodesResource   = schema.GroupVersionResource{Version: "v1", Resource: "nodes"}
	secretsResource = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
)

// kubelet pretends to be a node that has room for thousands of pods. Each pod
// has an address of its own of 127.0.0.0/8 in the cluster's network, where a
// pretended Flink answers as the engine of its job would.
type kubelet struct {
	t         *testing.T
	api       dynamic.Interface
	namespace string
	node      string

	busy sync.WaitGroup
	room chan struct{} // of pods that are looked after at a time

	mu      sync.Mutex
	engines map[string]*flinktest.JobManager // by address
	address map[types.UID]string
}

func newKubelet(t *testing.T, config *rest.Config, namespace string) *kubelet {
	t.Helper()
	config = rest.CopyConfig(config)
	config.QPS, config.Burst = 500, 1000
	api, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	k := &kubelet{room: make(chan struct{}, 32), t: t, api: api, namespace: namespace, node: "pretended-" + namespace, engines: map[string]*flinktest.JobManager{}, address: map[types.UID]string{}}
	node := map[string]any{
		"apiVersion": "v1", "kind": "Node", "metadata": map[string]any{"name": k.node, "labels": map[string]any{"pretended": namespace}},
		"spec": map[string]any{"taints": []any{map[string]any{"key": "pretended", "effect": "NoSchedule"}}},
	}
	if _, err := api.Resource(nodesResource).Create(t.Context(), &unstructured.Unstructured{Object: node}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := kubernetes.Kubectl("", "delete", "node", k.node); err != nil {
			t.Error(err)
		}
	})
	listener, err := net.Listen("tcp", ":8081")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: k, ReadHeaderTimeout: time.Minute}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = server.Serve(listener) }) // it is closed
	running.Go(func() { k.live(ctx) })
	running.Go(func() { k.follow(ctx) })
	t.Cleanup(func() {
		// Namespaces go when their pods have gone.
		if _, err := kubernetes.Kubectl("", "-n", namespace, "delete", "pods", "--all", "--force", "--grace-period=0", "--wait=false"); err != nil {
			t.Error(err)
		}
		stop()
		_ = server.Close()
		running.Wait()
		k.busy.Wait()
	})
	return k
}

// ServeHTTP answers as the engine whose address was asked.
func (k *kubelet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at, _ := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	k.mu.Lock()
	engine := k.engines[at.IP.String()]
	k.mu.Unlock()
	if engine == nil {
		http.Error(w, "no pod has this address", http.StatusNotFound)
		return
	}
	engine.ServeHTTP(w, r)
}

// live says that the node is well, and lets time pass in the engines.
func (k *kubelet) live(ctx context.Context) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		if n%15 == 0 {
			now := time.Now().UTC().Format(time.RFC3339)
			k.status(ctx, nodesResource, "", k.node, map[string]any{
				"capacity":    map[string]any{"cpu": "1000", "memory": "4Ti", "pods": "5000"},
				"allocatable": map[string]any{"cpu": "1000", "memory": "4Ti", "pods": "5000"},
				"conditions":  []any{map[string]any{"type": "Ready", "status": "True", "reason": "Pretended", "message": "", "lastHeartbeatTime": now, "lastTransitionTime": now}},
			})
		}
		k.mu.Lock()
		for _, e := range k.engines {
			e.Advance(200 * time.Millisecond)
		}
		k.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// follow starts the pods that are bound to the node, and ends those that are to
// be deleted.
func (k *kubelet) follow(ctx context.Context) {
	pods := k.api.Resource(podsResource).Namespace(k.namespace)
	for ctx.Err() == nil {
		list, err := pods.List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=" + k.node})
		if err == nil {
			for i := range list.Items {
				k.look(ctx, &list.Items[i])
			}
			w, err := pods.Watch(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=" + k.node, ResourceVersion: list.GetResourceVersion()})
			if err == nil {
				for e := range w.ResultChan() {
					if u, ok := e.Object.(*unstructured.Unstructured); ok && e.Type != "DELETED" && e.Type != "ERROR" {
						k.look(ctx, u)
					}
				}
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// look does what a pod needs, beside others.
func (k *kubelet) look(ctx context.Context, u *unstructured.Unstructured) {
	k.room <- struct{}{}
	k.busy.Go(func() {
		defer func() { <-k.room }()
		k.pod(ctx, u)
	})
}

func (k *kubelet) pod(ctx context.Context, u *unstructured.Unstructured) {
	var pod corev1.Pod
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &pod); err != nil {
		k.t.Error(err)
		return
	}
	if pod.DeletionTimestamp != nil {
		k.mu.Lock()
		delete(k.engines, k.address[pod.UID])
		k.mu.Unlock()
		now := int64(0)
		err := k.api.Resource(podsResource).Namespace(k.namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &pod.UID}})
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) && ctx.Err() == nil {
			k.t.Error(err)
		}
		return
	}
	k.mu.Lock()
	address := k.address[pod.UID]
	if address == "" {
		n := len(k.address) + 1
		k.address[pod.UID] = fmt.Sprintf("127.%d.%d.%d", 100+n>>16, n>>8&255, n&255)
	}
	k.mu.Unlock()
	if address != "" {
		return
	}
	root, err := k.api.Resource(secretsResource).Namespace(k.namespace).Get(ctx, pod.OwnerReferences[0].Name, metav1.GetOptions{})
	for err != nil {
		if apierrors.IsNotFound(err) || ctx.Err() != nil {
			return // it goes
		}
		time.Sleep(100 * time.Millisecond)
		root, err = k.api.Resource(secretsResource).Namespace(k.namespace).Get(ctx, pod.OwnerReferences[0].Name, metav1.GetOptions{})
	}
	var secret corev1.Secret
	var spec cluster.Spec
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(root.Object, &secret); err != nil {
		k.t.Error(err)
		return
	}
	if err := json.Unmarshal(secret.Data["spec.json"], &spec); err != nil {
		k.t.Error(err)
		return
	}
	spec.Configuration[flink.IncarnationKey] = spec.Incarnation()
	k.mu.Lock()
	address = k.address[pod.UID]
	k.engines[address] = flinktest.New(flinktest.Options{
		JobID: spec.FlinkJobID(), Name: spec.DeploymentName, Parallelism: spec.Parallelism, Configuration: spec.Configuration, Start: time.Now(),
	})
	k.mu.Unlock()
	now := time.Now().UTC().Format(time.RFC3339)
	name := pod.Spec.Containers[0].Name
	k.status(ctx, podsResource, k.namespace, pod.Name, map[string]any{
		"phase": "Running", "podIP": address, "podIPs": []any{map[string]any{"ip": address}}, "startTime": now,
		"conditions":        []any{map[string]any{"type": "Ready", "status": "True", "lastTransitionTime": now}, map[string]any{"type": "PodScheduled", "status": "True", "lastTransitionTime": now}},
		"containerStatuses": []any{map[string]any{"name": name, "ready": true, "started": true, "restartCount": 0, "image": "x", "imageID": "x", "state": map[string]any{"running": map[string]any{"startedAt": now}}}},
	})
}

func (k *kubelet) status(ctx context.Context, r schema.GroupVersionResource, namespace, name string, status map[string]any) {
	patch, err := json.Marshal(map[string]any{"status": status})
	if err == nil {
		_, err = k.api.Resource(r).Namespace(namespace).Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	}
	if err != nil && ctx.Err() == nil && !apierrors.IsNotFound(err) {
		k.t.Errorf("status of %s: %v", name, err)
	}
}

// counter is a way to the API server that counts what goes there.
type counter struct {
	requests, watches atomic.Int64
	kubeconfig        string
}

func newCounter(t *testing.T, config *rest.Config, namespace string) *counter {
	t.Helper()
	target, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	transport, err := rest.TransportFor(config)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, Transport: transport, FlushInterval: -1, ErrorLog: log.New(io.Discard, "", 0)} // watches end
	c := &counter{kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("watch") != "" {
			c.watches.Add(1)
		} else {
			c.requests.Add(1)
		}
		proxy.ServeHTTP(w, r)
	})}
	ended := make(chan struct{})
	go func() {
		_ = server.Serve(listener) // it is closed
		close(ended)
	}()
	t.Cleanup(func() { _ = server.Close(); <-ended })
	text := fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","current-context":"c","clusters":[{"name":"c","cluster":{"server":"http://%s"}}],
"users":[{"name":"u","user":{}}],"contexts":[{"name":"c","context":{"cluster":"c","user":"u","namespace":%q}}]}`, listener.Addr(), namespace)
	if err := os.WriteFile(c.kubeconfig, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// adminConfig is the way of the cluster's admin.
func adminConfig(t *testing.T) *rest.Config {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	return config
}
