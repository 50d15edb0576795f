package operator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/weir-streams/weir/resource"
)

var (
	weirDeployments = schema.GroupVersionResource{Group: "weir.io", Version: "v1alpha1", Resource: "weirdeployments"}
	events          = schema.GroupVersionResource{Version: "v1", Resource: "events"}
)

// Config of an Operator.
type Config struct {
	// Kubeconfig is a file that leads to Kubernetes, and Context the one in it;
	// empty: the Kubernetes that this process is a pod of, and the file's current one.
	Kubeconfig, Context string
	// Namespaces of Kubernetes whose resources are mirrored.
	Namespaces []string
	Weir       Weir
	// Every is how often everything is looked at: 5 s.
	Every time.Duration
	Log   *slog.Logger
}

// Operator mirrors resources. Make it with New.
type Operator struct {
	Config
	api  dynamic.Interface
	seen map[string]string // of each resource, the drift that an event told of
}

// New makes an operator; it connects when it runs.
func New(c Config) (*Operator, error) {
	var config *rest.Config
	var err error
	if c.Kubeconfig != "" {
		rules := &clientcmd.ClientConfigLoadingRules{ExplicitPath: c.Kubeconfig}
		config, err = clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: c.Context}).ClientConfig()
	} else {
		config, err = rest.InClusterConfig()
	}
	if err != nil {
		return nil, fmt.Errorf("reach Kubernetes: %w", err)
	}
	config.UserAgent, config.QPS, config.Burst = "weir-operator", 20, 50
	api, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("reach Kubernetes: %w", err)
	}
	if c.Every <= 0 {
		c.Every = 5 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Operator{Config: c, api: api, seen: map[string]string{}}, nil
}

// Run mirrors until ctx ends. It looks at everything soon after a resource
// changes and now and then besides, because deployments change too. What cannot
// be reached is tried again at the next look.
func (o *Operator) Run(ctx context.Context) error {
	changed := make(chan struct{}, 1)
	done := make(chan struct{})
	ctx, stop := context.WithCancel(ctx)
	for _, namespace := range o.Namespaces {
		go func() {
			o.watch(ctx, namespace, changed)
			done <- struct{}{}
		}()
	}
	defer func() {
		stop()
		for range o.Namespaces {
			<-done
		}
	}()
	tick := time.NewTicker(o.Every)
	defer tick.Stop()
	for {
		o.Once(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-changed:
		}
	}
}

// watch says that something changed. A watch that ends begins anew.
func (o *Operator) watch(ctx context.Context, namespace string, changed chan<- struct{}) {
	for ctx.Err() == nil {
		w, err := o.api.Resource(weirDeployments).Namespace(namespace).Watch(ctx, metav1.ListOptions{})
		if err == nil {
			for range w.ResultChan() {
				select {
				case changed <- struct{}{}:
				default:
				}
			}
			w.Stop()
		}
		select {
		case <-ctx.Done():
		case <-time.After(o.Every):
		}
	}
}

// Once looks at every resource once, and does the next step of each.
func (o *Operator) Once(ctx context.Context) {
	known := map[string][]resource.Deployment{}
	failed := map[string]bool{}
	for _, namespace := range o.Namespaces {
		list, err := o.api.Resource(weirDeployments).Namespace(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			o.Log.WarnContext(ctx, "resources cannot be listed", "namespace", namespace, "error", err)
			continue
		}
		for i := range list.Items {
			w, err := read(&list.Items[i])
			if err != nil {
				o.Log.WarnContext(ctx, "a resource cannot be read", "namespace", namespace, "name", list.Items[i].GetName(), "error", err)
				continue
			}
			of := w.namespace()
			if _, listed := known[of]; !listed && !failed[of] {
				if known[of], err = o.Weir.List(ctx, of); err != nil {
					o.Log.WarnContext(ctx, "deployments cannot be listed", "namespace", of, "error", err)
					delete(known, of)
					failed[of] = true
				}
			}
			if failed[of] {
				continue // what cannot be seen is not absent
			}
			var d *resource.Deployment
			if i := slices.IndexFunc(known[of], func(d resource.Deployment) bool { return d.Metadata.Name == w.Name }); i >= 0 {
				d = &known[of][i]
			}
			if err := o.act(ctx, w, d); err != nil && ctx.Err() == nil && !apierrors.IsConflict(err) {
				o.Log.WarnContext(ctx, "a resource will be looked at again", "namespace", namespace, "name", w.Name, "error", err)
			}
		}
	}
}

func read(u *unstructured.Unstructured) (*WeirDeployment, error) {
	var w WeirDeployment
	text, err := u.MarshalJSON()
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &w); err != nil {
		return nil, err
	}
	// Numbers as they are written.
	whole, err := object(text)
	if err != nil {
		return nil, err
	}
	w.Spec, _ = whole["spec"].(map[string]any)
	w.seen, _, _ = unstructured.NestedMap(u.Object, "status")
	return &w, nil
}

func (o *Operator) act(ctx context.Context, w *WeirDeployment, d *resource.Deployment) error {
	switch decide(w, d) {
	case hold:
		return o.finalizers(ctx, w, append(slices.Clone(w.Finalizers), Finalizer))
	case let:
		return o.finalizers(ctx, w, slices.DeleteFunc(slices.Clone(w.Finalizers), func(f string) bool { return f == Finalizer }))
	case cancel:
		return o.Weir.Cancel(ctx, w.namespace(), w.Name)
	case remove:
		return o.Weir.Delete(ctx, w.namespace(), w.Name)
	case conflict:
		return o.write(ctx, w, refused(w, "OwnedByAnother", fmt.Sprintf(
			"there is a deployment %q in namespace %q already, owned by %s; annotate this resource with %s: \"true\" to take it over",
			w.Name, w.namespace(), ownerOf(d), Adopt), time.Now()))
	case apply:
		return o.apply(ctx, w, d)
	}
	if d == nil {
		return nil
	}
	drift, _, err := o.drift(ctx, w, d)
	if err != nil {
		return err
	}
	o.tell(ctx, w, drift)
	return o.write(ctx, w, report(w, d, drift, time.Now()))
}

func ownerOf(d *resource.Deployment) string {
	if by := d.Metadata.Annotations[Owner]; by != "" {
		return by
	}
	return "nobody"
}

// drift is what was edited since git's spec was applied, and the patch that
// takes it back.
func (o *Operator) drift(ctx context.Context, w *WeirDeployment, d *resource.Deployment) (drift, undo map[string]any, err error) {
	if w.Status.Revision == 0 || d.Metadata.Generation == w.Status.Revision || d.Metadata.ID != w.Status.DeploymentID {
		return nil, nil, nil
	}
	text, err := o.Weir.Spec(ctx, w.namespace(), w.Name, w.Status.Revision)
	if err != nil {
		return nil, nil, fmt.Errorf("revision %d of deployment %s: %w", w.Status.Revision, w.Name, err)
	}
	applied, err := object(text)
	if err != nil {
		return nil, nil, err
	}
	if text, err = json.Marshal(d.Spec); err != nil {
		return nil, nil, err
	}
	now, err := object(text)
	if err != nil {
		return nil, nil, err
	}
	return MergePatch(applied, now), MergePatch(now, applied), nil
}

// apply brings git's spec to the deployment, after it took back what was edited
// elsewhere.
func (o *Operator) apply(ctx context.Context, w *WeirDeployment, d *resource.Deployment) error {
	var undo map[string]any
	if d != nil {
		drift, back, err := o.drift(ctx, w, d)
		if err != nil {
			return err
		}
		if undo = back; len(drift) > 0 {
			replaced, _ := json.Marshal(map[string]any{"spec": drift}) // it was JSON
			o.event(ctx, w, "Warning", "EditReplaced", "the manifest changed, and replaces what was edited elsewhere: "+string(replaced))
		}
	}
	annotations := map[string]any{Owner: w.owner()}
	labels := map[string]any{}
	for k, v := range w.Labels {
		labels[k] = v
	}
	wanted := map[string]any{"metadata": map[string]any{"annotations": annotations, "labels": labels}, "spec": w.Spec}
	after, err := o.Weir.Apply(ctx, w.namespace(), w.Name, wanted, undo)
	if err != nil {
		known := w.Status.Message == err.Error()
		if writeErr := o.write(ctx, w, refused(w, "NotApplied", err.Error(), time.Now())); writeErr != nil || !known {
			return errors.Join(err, writeErr)
		}
		return nil // it was told of; the next look tries again
	}
	for _, words := range o.Weir.LeftOut(w.Spec) {
		o.event(ctx, w, "Warning", "FieldLeftOut", words)
	}
	w.Status.ObservedGeneration, w.Status.Revision, w.Status.DeploymentID = w.Generation, after.Metadata.Generation, after.Metadata.ID
	o.Log.InfoContext(ctx, "applied", "resource", w.owner(), "namespace", w.namespace(), "deployment", w.Name, "revision", after.Metadata.Generation)
	return o.write(ctx, w, report(w, &after, nil, time.Now()))
}

func (o *Operator) finalizers(ctx context.Context, w *WeirDeployment, all []string) error {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"finalizers": all, "resourceVersion": w.ResourceVersion}})
	if err != nil {
		return err
	}
	_, err = o.api.Resource(weirDeployments).Namespace(w.ObjectMeta.Namespace).Patch(ctx, w.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	return ignoreGone(err)
}

// write writes the status if it is another one than the one that was seen, so
// that resources for which nothing is to be done cost no requests.
func (o *Operator) write(ctx context.Context, w *WeirDeployment, s Status) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	status := map[string]any{}
	if err := json.Unmarshal(text, &status); err != nil {
		return err
	}
	if reflect.DeepEqual(numbers(w.seen), numbers(status)) {
		return nil
	}
	at := o.api.Resource(weirDeployments).Namespace(w.ObjectMeta.Namespace)
	u, err := at.Get(ctx, w.Name, metav1.GetOptions{})
	if err != nil {
		return ignoreGone(err)
	}
	if old, _, _ := unstructured.NestedMap(u.Object, "status"); reflect.DeepEqual(numbers(old), numbers(status)) {
		return nil
	}
	u.Object["status"] = numbers(status)
	_, err = at.UpdateStatus(ctx, u, metav1.UpdateOptions{})
	return ignoreGone(err)
}

// numbers makes whole numbers what the client library wants them to be.
func numbers(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = number(v)
	}
	return out
}

func number(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return numbers(v)
	case []any:
		all := make([]any, len(v))
		for i := range v {
			all[i] = number(v[i])
		}
		return all
	case float64:
		if v == float64(int64(v)) {
			return int64(v)
		}
	}
	return v
}

// tell makes an event of a drift that was not told of.
func (o *Operator) tell(ctx context.Context, w *WeirDeployment, drift map[string]any) {
	text, _ := json.Marshal(drift) // it was JSON
	if len(drift) == 0 {
		delete(o.seen, string(w.UID))
		return
	}
	if was, _ := json.Marshal(w.Status.Drift); o.seen[string(w.UID)] == string(text) || len(w.Status.Drift) > 0 && string(was) == string(text) {
		return
	}
	o.seen[string(w.UID)] = string(text)
	o.event(ctx, w, "Warning", "Drifted", "edited elsewhere; status.drift is the patch that keeps it")
}

func (o *Operator) event(ctx context.Context, w *WeirDeployment, kind, reason, message string) {
	now := metav1.Now().UTC().Format(time.RFC3339)
	if len(message) > 1000 {
		message = message[:1000]
	}
	u := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Event",
		"metadata": map[string]any{"name": fmt.Sprintf("%s.%x", w.Name, time.Now().UnixNano()), "namespace": w.ObjectMeta.Namespace},
		"type":     kind, "reason": reason, "message": message, "firstTimestamp": now, "lastTimestamp": now, "count": int64(1),
		"source": map[string]any{"component": "weir-operator"},
		"involvedObject": map[string]any{
			"apiVersion": "weir.io/v1alpha1", "kind": "WeirDeployment", "name": w.Name, "namespace": w.ObjectMeta.Namespace, "uid": string(w.UID),
		},
	}}
	if _, err := o.api.Resource(events).Namespace(w.ObjectMeta.Namespace).Create(ctx, u, metav1.CreateOptions{}); err != nil {
		o.Log.WarnContext(ctx, "an event is lost", "error", err)
	}
}

func ignoreGone(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
