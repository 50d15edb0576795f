package operator

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/fake"

	"github.com/weir-streams/weir/resource"
)

// platform is a weir with one namespace that carries out everything at once.
type platform struct {
	deployments map[string]*resource.Deployment
	specs       map[int][]byte
	refuse      error
	applied     int
	undone      map[string]any
}

func (p *platform) List(context.Context, string) ([]resource.Deployment, error) {
	var all []resource.Deployment
	for _, d := range p.deployments {
		all = append(all, *d)
	}
	return all, nil
}

func (p *platform) Spec(_ context.Context, _, _ string, generation int) ([]byte, error) {
	return p.specs[generation], nil
}

func (p *platform) Apply(_ context.Context, _, name string, wanted, undo map[string]any) (resource.Deployment, error) {
	if p.refuse != nil {
		return resource.Deployment{}, p.refuse
	}
	p.applied++
	p.undone = undo
	d := p.deployments[name]
	if d == nil {
		d = &resource.Deployment{}
		d.Metadata.ID, d.Metadata.Name = "id-"+name, name
		p.deployments[name] = d
	}
	text, _ := json.Marshal(wanted["spec"])
	d.Spec = resource.DeploymentSpec{}
	if err := json.Unmarshal(text, &d.Spec); err != nil {
		return *d, err
	}
	d.Metadata.Annotations = map[string]string{}
	for k, v := range wanted["metadata"].(map[string]any)["annotations"].(map[string]any) {
		d.Metadata.Annotations[k] = v.(string)
	}
	p.accept(d)
	return *d, nil
}

// accept makes the spec a revision and the state that which is wanted.
func (p *platform) accept(d *resource.Deployment) {
	d.Metadata.Generation++
	d.Status.State = d.Spec.State
	p.specs[d.Metadata.Generation], _ = json.Marshal(d.Spec)
}

func (p *platform) LeftOut(spec map[string]any) []string {
	if _, ok := spec["stat"]; ok {
		return []string{"there is no field spec.stat"}
	}
	return nil
}

func (p *platform) Cancel(_ context.Context, _, name string) error {
	p.deployments[name].Spec.State = resource.StateCancelled
	p.accept(p.deployments[name])
	return nil
}

func (p *platform) Delete(_ context.Context, _, name string) error {
	delete(p.deployments, name)
	return nil
}

type world struct {
	*testing.T
	platform *platform
	operator *Operator
}

func newWorld(t *testing.T) *world {
	p := &platform{deployments: map[string]*resource.Deployment{}, specs: map[int][]byte{}}
	api := fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{
		weirDeployments: "WeirDeploymentList", events: "EventList",
	})
	o := &Operator{Config: Config{Namespaces: []string{"team"}, Weir: p, Log: slog.New(slog.DiscardHandler)}, api: api, seen: map[string]string{}}
	return &world{t, p, o}
}

func (w *world) put(generation int64, spec map[string]any, annotations map[string]string) {
	w.Helper()
	at := w.operator.api.Resource(weirDeployments).Namespace("team")
	u, err := at.Get(w.Context(), "orders", metav1.GetOptions{})
	isNew := err != nil
	if isNew {
		u = &unstructured.Unstructured{Object: map[string]any{"apiVersion": "weir.io/v1alpha1", "kind": "WeirDeployment"}}
		u.SetName("orders")
		u.SetNamespace("team")
		u.SetUID("u1")
	}
	u.SetGeneration(generation)
	u.SetAnnotations(annotations)
	u.Object["spec"] = spec
	if isNew {
		_, err = at.Create(w.Context(), u, metav1.CreateOptions{})
	} else {
		_, err = at.Update(w.Context(), u, metav1.UpdateOptions{})
	}
	if err != nil {
		w.Fatal(err)
	}
}

// look runs the operator until nothing is left to do, and answers with the resource.
func (w *world) look() *WeirDeployment {
	w.Helper()
	for range 4 {
		w.operator.Once(w.Context())
	}
	u, err := w.operator.api.Resource(weirDeployments).Namespace("team").Get(w.Context(), "orders", metav1.GetOptions{})
	if err != nil {
		return nil
	}
	r, err := read(u)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

func (w *world) events() string {
	list, err := w.operator.api.Resource(events).Namespace("team").List(w.Context(), metav1.ListOptions{})
	if err != nil {
		w.Fatal(err)
	}
	var all []string
	for _, e := range list.Items {
		all = append(all, e.Object["reason"].(string))
	}
	return strings.Join(all, " ")
}

func conditions(r *WeirDeployment) string {
	var all []string
	for _, c := range r.Status.Conditions {
		if c.Status == metav1.ConditionTrue {
			all = append(all, c.Type)
		}
	}
	return strings.Join(all, " ")
}

func running(parallelism int64) map[string]any {
	return map[string]any{"state": "RUNNING", "template": map[string]any{"spec": map[string]any{"parallelism": parallelism}}}
}

func TestGitOwnsADeployment(t *testing.T) {
	w := newWorld(t)
	w.put(1, running(1), nil)
	r := w.look()
	if got := conditions(r); got != "Ready" || r.Status.ObservedGeneration != 1 || r.Status.Revision != 1 || r.Finalizers[0] != Finalizer {
		t.Fatalf("%s, %+v", got, r.Status)
	}

	// Nothing is applied, and nothing written, without need.
	api := w.operator.api.(*fake.FakeDynamicClient)
	api.ClearActions()
	w.operator.Once(t.Context())
	if all := api.Actions(); w.platform.applied != 1 || len(all) != 1 || all[0].GetVerb() != "list" {
		t.Errorf("applied %d times; asked of Kubernetes: %v", w.platform.applied, all)
	}

	// An edit elsewhere stays, and is shown as a patch.
	d := w.platform.deployments["orders"]
	d.Spec.Template.Spec.Parallelism = 4
	w.platform.accept(d)
	r = w.look()
	text, _ := json.Marshal(r.Status.Drift)
	if string(text) != `{"template":{"spec":{"parallelism":4}}}` || conditions(r) != "Ready Drifted" || d.Spec.Template.Spec.Parallelism != 4 {
		t.Errorf("drift %s, %s", text, conditions(r))
	}
	if got := w.events(); got != "Drifted" {
		t.Errorf("events: %s", got)
	}

	// Git's next change wins, and says what it replaced.
	w.put(2, running(2), nil)
	r = w.look()
	text, _ = json.Marshal(w.platform.undone)
	if conditions(r) != "Ready" || w.platform.deployments["orders"].Spec.Template.Spec.Parallelism != 2 || string(text) != `{"template":{"spec":{"parallelism":1}}}` {
		t.Errorf("%s, undone %s", conditions(r), text)
	}
	if got := w.events(); !strings.Contains(got, "EditReplaced") {
		t.Errorf("events: %s", got)
	}

	// So is a field that means nothing.
	mistyped := running(2)
	mistyped["stat"] = "RUNNING"
	w.put(3, mistyped, nil)
	if r = w.look(); conditions(r) != "Ready" || !strings.Contains(w.events(), "FieldLeftOut") {
		t.Errorf("%s, events: %s", conditions(r), w.events())
	}

	// What weir refuses is said, and tried again when git changes.
	w.platform.refuse = &resource.InvalidError{}
	w.put(4, running(-1), nil)
	if r = w.look(); conditions(r) != "Failed" || r.Status.ObservedGeneration != 3 {
		t.Errorf("%s, %+v", conditions(r), r.Status)
	}
	w.platform.refuse = nil
	w.put(5, running(3), nil)
	if r = w.look(); conditions(r) != "Ready" || r.Status.ObservedGeneration != 5 {
		t.Errorf("%s, %+v", conditions(r), r.Status)
	}
}

func TestOthersDeploymentsAreLeftAlone(t *testing.T) {
	w := newWorld(t)
	d := &resource.Deployment{}
	d.Metadata.ID, d.Metadata.Name, d.Spec.State, d.Status.State = "x", "orders", resource.StateRunning, resource.StateRunning
	w.platform.deployments["orders"] = d
	w.put(1, running(1), nil)
	r := w.look()
	if conditions(r) != "Failed" || !strings.Contains(r.Status.Message, Adopt) || w.platform.applied != 0 {
		t.Fatalf("%s, %+v", conditions(r), r.Status)
	}
	w.put(1, running(1), map[string]string{Adopt: "true"})
	if r = w.look(); conditions(r) != "Ready" || w.platform.deployments["orders"].Metadata.Annotations[Owner] != "kubernetes:team/orders" {
		t.Errorf("%s, %+v", conditions(r), r.Status)
	}
}

func TestDeletionCancelsFirst(t *testing.T) {
	now := metav1.Now()
	ours := func(wanted, state resource.State) *resource.Deployment {
		d := &resource.Deployment{}
		d.Metadata.Annotations = map[string]string{Owner: "kubernetes:team/orders"}
		d.Spec.State, d.Status.State = wanted, state
		return d
	}
	others := ours(resource.StateRunning, resource.StateRunning)
	others.Metadata.Annotations = maps.Clone(map[string]string{Owner: "kubernetes:else/orders"})
	w := &WeirDeployment{ObjectMeta: metav1.ObjectMeta{Name: "orders", Namespace: "team", Finalizers: []string{Finalizer}, DeletionTimestamp: &now}}
	for name, tt := range map[string]struct {
		d    *resource.Deployment
		want step
	}{
		"runs":           {ours(resource.StateRunning, resource.StateRunning), cancel},
		"is on its way":  {ours(resource.StateCancelled, resource.StateTransitioning), leave},
		"is cancelled":   {ours(resource.StateCancelled, resource.StateCancelled), remove},
		"is gone":        {nil, let},
		"was never ours": {others, let},
	} {
		if got := decide(w, tt.d); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
	w.Finalizers = nil
	if got := decide(w, ours(resource.StateRunning, resource.StateRunning)); got != leave {
		t.Errorf("without finalizer: %d", got)
	}
}
