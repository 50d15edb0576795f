package store

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weir-streams/weir/resource"
)

var onlySeed = flag.Uint64("seed", 0, "run the model test with this seed only")

// TestAgainstModel does the same random things to the store and to a model of
// it in memory, and compares all answers.
func TestAgainstModel(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		seeds := []uint64{1, 2, 3, 4, 5, 6}
		if *onlySeed != 0 {
			seeds = []uint64{*onlySeed}
		}
		db := open(t, url)
		for _, seed := range seeds {
			t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
				t.Logf("rerun with: go test ./store -run 'TestAgainstModel' -seed %d", seed)
				w := world{t: t, db: db, random: rand.New(rand.NewPCG(seed, 0)), url: url, place: fmt.Sprintf("s%d-", seed)}
				for range 250 {
					w.step()
				}
			})
		}
	})
}

type world struct {
	t      *testing.T
	db     *DB
	url    string
	random *rand.Rand
	place  string // namespaces of this run begin with it

	deployments []resource.Deployment // in order of creation
	revisions   map[string][]resource.Revision
	events      []resource.Event
	dead        []string // ids that are gone
}

func (w *world) step() {
	switch w.random.IntN(10) {
	case 0, 1:
		w.createDeployment()
	case 2, 3:
		w.createEvent()
	case 4, 5, 6:
		w.update()
	case 7:
		w.remove()
	default:
		w.compare()
	}
}

func (w *world) namespace() string { return w.place + []string{"a", "b"}[w.random.IntN(2)] }
func (w *world) name() string      { return []string{"x", "y", "z", "w", "v"}[w.random.IntN(5)] }

// id is mostly one that is there.
func (w *world) id() string {
	if len(w.dead) > 0 && w.random.IntN(8) == 0 {
		return w.dead[w.random.IntN(len(w.dead))]
	}
	if len(w.deployments) == 0 {
		return "none"
	}
	return w.deployments[w.random.IntN(len(w.deployments))].Metadata.ID
}

func (w *world) find(id string) int {
	return slices.IndexFunc(w.deployments, func(d resource.Deployment) bool { return d.Metadata.ID == id })
}

func (w *world) createDeployment() {
	d := deployment(w.namespace(), w.name())
	if w.random.IntN(3) == 0 {
		d.Metadata.ID = fmt.Sprintf("%s%d", w.place, w.random.IntN(10))
	}
	taken := slices.ContainsFunc(w.deployments, func(o resource.Deployment) bool {
		return o.Metadata.ID == d.Metadata.ID || o.Metadata.Namespace == d.Metadata.Namespace && o.Metadata.Name == d.Metadata.Name
	})
	got, err := w.db.Deployments().Create(w.t.Context(), "creator", d)
	if taken {
		w.is(errors.Is(err, resource.ErrConflict), "create of a taken name or id: %v", err)
		return
	}
	w.is(err == nil, "create: %v", err)
	m := got.Metadata
	w.is(d.Metadata.ID == "" || d.Metadata.ID == m.ID, "id %s became %s", d.Metadata.ID, m.ID)
	d.Metadata.ID, d.Metadata.CreatedAt, d.Metadata.ModifiedAt = m.ID, m.CreatedAt, m.ModifiedAt
	d.Metadata.ResourceVersion, d.Metadata.Generation = 1, 1
	resource.SetKind(&d)
	w.same("created", got, d)
	w.deployments = append(w.deployments, d)
	w.dead = slices.DeleteFunc(w.dead, func(id string) bool { return id == m.ID })
	w.revised(d, "creator")
}

func (w *world) revised(d resource.Deployment, by string) {
	if w.revisions == nil {
		w.revisions = map[string][]resource.Revision{}
	}
	spec, err := json.Marshal(d.Spec)
	w.is(err == nil, "%v", err)
	m := d.Metadata
	w.revisions[m.ID] = append(w.revisions[m.ID], resource.Revision{Generation: m.Generation, Spec: spec, Author: by, CreatedAt: m.ModifiedAt})
}

func (w *world) createEvent() {
	e := resource.Event{Metadata: resource.Metadata{Namespace: w.namespace(), Name: "EXTERNAL", DeploymentID: w.id(), JobID: w.name()}}
	e.Spec.Message = w.name()
	got, err := w.db.Events().Create(w.t.Context(), "weir", e)
	w.is(err == nil, "create event: %v", err)
	w.is(got.Spec == e.Spec && got.Metadata.DeploymentID == e.Metadata.DeploymentID, "got %+v", got)
	w.events = append(w.events, got)
}

func (w *world) update() {
	id := w.id()
	what := w.random.IntN(4)
	refusal := errors.New("no")
	n := w.random.IntN(4)
	change := func(d *resource.Deployment) error {
		switch what {
		case 0:
			d.Spec.Template.Spec.Parallelism = n
		case 1:
			d.Status.Message = fmt.Sprint(n)
		case 2:
			d.Metadata.Labels = map[string]string{"n": fmt.Sprint(n)}
			d.Metadata.Name, d.Metadata.ResourceVersion = "stolen", 99
		case 3:
			d.Spec.State = resource.StateFailed
			return refusal
		}
		return nil
	}
	got, err := w.db.Deployments().Update(w.t.Context(), "updater", id, change)
	i := w.find(id)
	if i < 0 {
		w.is(errors.Is(err, resource.ErrNotFound), "update of what is gone: %v", err)
		return
	}
	if what == 3 {
		w.is(err == refusal, "update that refuses: %v", err)
		return
	}
	w.is(err == nil, "update: %v", err)
	d := w.deployments[i]
	old := text(w.t, d)
	oldSpec := text(w.t, d.Spec)
	identity := d.Metadata
	w.is(change(&d) == nil, "the model refuses")
	d.Metadata.Name, d.Metadata.ResourceVersion = identity.Name, identity.ResourceVersion
	if text(w.t, d) != old {
		d.Metadata.ResourceVersion++
		d.Metadata.ModifiedAt = got.Metadata.ModifiedAt
	}
	if text(w.t, d.Spec) != oldSpec {
		d.Metadata.Generation++
		w.revised(d, "updater")
	}
	w.same("updated", got, d)
	w.deployments[i] = d
}

func (w *world) remove() {
	id := w.id()
	got, err := w.db.Deployments().Delete(w.t.Context(), id)
	i := w.find(id)
	if i < 0 {
		w.is(errors.Is(err, resource.ErrNotFound), "delete of what is gone: %v", err)
		return
	}
	w.is(err == nil, "delete: %v", err)
	w.same("deleted", got, w.deployments[i])
	w.deployments = slices.Delete(w.deployments, i, i+1)
	delete(w.revisions, id)
	w.dead = append(w.dead, id)
}

// compare reads in every way there is.
func (w *world) compare() {
	ctx := w.t.Context()
	id := w.id()
	got, err := w.db.Deployments().Get(ctx, id)
	if i := w.find(id); i < 0 {
		w.is(errors.Is(err, resource.ErrNotFound), "get of what is gone: %v", err)
	} else {
		w.is(err == nil, "get: %v", err)
		w.same("got", got, w.deployments[i])
		byName, err := w.db.Deployments().GetByName(ctx, got.Metadata.Namespace, got.Metadata.Name)
		w.is(err == nil, "get by name: %v", err)
		w.same("got by name", byName, got)
	}
	revisions, err := w.db.Revisions(ctx, resource.KindDeployment, id)
	w.is(err == nil, "revisions: %v", err)
	w.same("revisions", revisions, w.revisions[id])

	namespace := w.namespace()
	list, err := w.db.Deployments().List(ctx, resource.Filter{Namespace: namespace})
	w.is(err == nil, "list: %v", err)
	w.same("list", list, keep(w.deployments, func(d resource.Deployment) bool { return d.Metadata.Namespace == namespace }))

	f := resource.Filter{Namespace: namespace, DeploymentID: id, Newest: w.random.IntN(3)}
	if w.random.IntN(2) == 0 {
		f.JobID = w.name()
	}
	events, err := w.db.Events().List(ctx, f)
	w.is(err == nil, "list: %v", err)
	want := keep(w.events, func(e resource.Event) bool {
		return e.Metadata.Namespace == namespace && e.Metadata.DeploymentID == id && (f.JobID == "" || f.JobID == e.Metadata.JobID)
	})
	if f.Newest > 0 && len(want) > f.Newest {
		want = want[len(want)-f.Newest:]
	}
	w.same(fmt.Sprintf("events %+v", f), events, want)
}

func (w *world) is(ok bool, format string, args ...any) {
	w.t.Helper()
	if !ok {
		w.t.Fatalf(format, args...)
	}
}

func (w *world) same(what string, got, want any) {
	w.t.Helper()
	if a, b := text(w.t, got), text(w.t, want); a != b {
		w.t.Fatalf("%s:\ngot  %s\nwant %s", what, a, b)
	}
}

func keep[T any](list []T, want func(T) bool) []T {
	var kept []T
	for _, v := range list {
		if want(v) {
			kept = append(kept, v)
		}
	}
	return kept
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
