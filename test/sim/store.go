package sim

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

// object is a resource by value with its pointer's methods.
type object[T any] interface {
	*T
	resource.Object
}

// table is one kind in memory, with the behaviour of the real store.
type table[T any, P object[T]] struct {
	w      *World
	rows   []*T // in order of creation
	byID   map[string]*T
	owned  map[string][]*T // by deployment
	silent bool            // no notifications
	check  func(v *T)      // called on every creation

	removing func(v *T)                        // called on every removal
	changing func(by string, before, after *T) // called on every update
}

func newTable[T any, P object[T]](w *World) *table[T, P] {
	return &table[T, P]{w: w, byID: map[string]*T{}, owned: map[string][]*T{}}
}

func (t *table[T, P]) get(id string) (T, error) {
	v, ok := t.byID[id]
	if !ok {
		var none T
		return none, fmt.Errorf("%T %s: %w", none, id, resource.ErrNotFound)
	}
	return *v, nil
}

func (t *table[T, P]) list(f resource.Filter) []T {
	rows := t.rows
	if f.DeploymentID != "" {
		rows = t.owned[f.DeploymentID]
	}
	var out []T
	for _, v := range rows {
		m := P(v).Meta()
		if f.Namespace != "" && m.Namespace != f.Namespace || f.JobID != "" && m.JobID != f.JobID {
			continue
		}
		if f.Mentions != "" && !mentions(v, f.Mentions) {
			continue
		}
		out = append(out, *v)
	}
	if f.Newest > 0 && len(out) > f.Newest {
		out = out[len(out)-f.Newest:]
	}
	return out
}

func (t *table[T, P]) create(by string, v T) (T, error) {
	m := P(&v).Meta()
	if m.ID == "" {
		m.ID = t.w.newID()
	}
	if _, taken := t.byID[m.ID]; taken {
		return v, fmt.Errorf("%T %s exists: %w", v, m.ID, resource.ErrConflict)
	}
	m.CreatedAt, m.ModifiedAt = resource.At(t.w.tick()), resource.At(t.w.now)
	m.ResourceVersion, m.Generation = 1, 1
	p := new(T)
	*p = v
	t.rows = append(t.rows, p)
	t.byID[m.ID] = p
	if m.DeploymentID != "" {
		t.owned[m.DeploymentID] = append(t.owned[m.DeploymentID], p)
	}
	t.changed(p, by, true)
	if t.check != nil {
		t.check(p)
	}
	return v, nil
}

func (t *table[T, P]) update(by, id string, change func(*T) error) (T, error) {
	p, ok := t.byID[id]
	if !ok {
		var none T
		return none, fmt.Errorf("%T %s: %w", none, id, resource.ErrNotFound)
	}
	v := *p
	if err := change(&v); err != nil {
		return *p, err
	}
	if reflect.DeepEqual(v, *p) {
		return v, nil
	}
	m := P(&v).Meta()
	m.ResourceVersion++
	m.ModifiedAt = resource.At(t.w.tick())
	if t.changing != nil {
		t.changing(by, p, &v)
	}
	newSpec := !reflect.DeepEqual(P(&v).SpecOf(), P(p).SpecOf())
	if newSpec {
		m.Generation++
	}
	*p = v
	t.changed(p, by, newSpec)
	return v, nil
}

func (t *table[T, P]) remove(id string) (T, error) {
	p, ok := t.byID[id]
	if !ok {
		var none T
		return none, fmt.Errorf("%T %s: %w", none, id, resource.ErrNotFound)
	}
	m := P(p).Meta()
	if t.removing != nil {
		t.removing(p)
	}
	is := func(v *T) bool { return v == p }
	t.rows = slices.DeleteFunc(t.rows, is)
	t.owned[m.DeploymentID] = slices.DeleteFunc(t.owned[m.DeploymentID], is)
	delete(t.byID, id)
	if !t.silent {
		t.w.notify(resource.Key{Kind: P(p).ResourceKind(), Namespace: m.Namespace, ID: id})
	}
	return *p, nil
}

// mentions tells whether a location in a resource has a text in it.
func mentions(v any, text string) bool {
	switch v := v.(type) {
	case *resource.Savepoint:
		return strings.Contains(v.Spec.SavepointLocation, text)
	case *resource.Job:
		return strings.Contains(v.Spec.SavepointLocation, text) || strings.Contains(control.CheckpointDirectory(*v), text)
	}
	panic(fmt.Sprintf("what does a %T mention?", v))
}

func (t *table[T, P]) changed(p *T, by string, newSpec bool) {
	m := P(p).Meta()
	kind := P(p).ResourceKind()
	if newSpec && kind == resource.KindDeployment {
		spec, err := json.Marshal(P(p).SpecOf())
		if err != nil {
			panic(err)
		}
		t.w.revisions[m.ID] = append(t.w.revisions[m.ID], resource.Revision{
			Generation: m.Generation, Spec: spec, Author: by, CreatedAt: m.ModifiedAt,
		})
	}
	if !t.silent {
		t.w.notify(resource.Key{Kind: kind, Namespace: m.Namespace, ID: m.ID})
	}
}

// tick is the time of a write: no two are the same.
func (w *World) tick() time.Time {
	w.now = w.now.Add(time.Microsecond)
	return w.now
}
