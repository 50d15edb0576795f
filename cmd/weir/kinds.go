package main

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

// kind is a sort of resource as get, delete and completion see it.
type kind struct {
	kind    resource.Kind
	names   []string // plural, singular, short forms
	columns []column
	list    func(ctx context.Context, api *client.Client, namespace string, q client.Query) ([]resource.Object, error)
	get     func(ctx context.Context, api *client.Client, namespace, ref string) (resource.Object, error)
	// apply makes one what a file wants: created if before is nil. Nil: files
	// cannot want this kind, or apply has a file of its own for it.
	apply  func(ctx context.Context, api *client.Client, namespace, name string, before resource.Object, wanted map[string]any) (resource.Object, error)
	remove func(ctx context.Context, api *client.Client, namespace, ref string, force bool) error // nil: cannot be deleted
	kept   string                                                                                 // why it cannot be deleted
	name   func(resource.Object) string

	global bool // is in no namespace
	labels bool // a list can be narrowed by labels
	byID   bool // get takes the id that the change stream tells
}

// column is one column of a table; wide ones are shown by -o wide only.
type column struct {
	head  string
	wide  bool
	right bool
	cell  func(now time.Time, o resource.Object) string
}

// findKind reads what was typed for a kind.
func findKind(word string) (kind, error) {
	lower := strings.ToLower(word)
	var known []string
	for _, k := range kinds() {
		if slices.Contains(k.names, lower) || strings.EqualFold(word, string(k.kind)) {
			return k, nil
		}
		known = append(known, k.names...)
	}
	return kind{}, usagef("there is no kind %q%s; there are %s", word, near(lower, known), strings.Join(kindNames(), ", "))
}

// kindOfResource finds the kind by its name in documents.
func kindOfResource(name resource.Kind) (kind, bool) {
	for _, k := range kinds() {
		if strings.EqualFold(string(k.kind), string(name)) {
			return k, true
		}
	}
	return kind{}, false
}

func kindNames() []string {
	return namesOf(kinds(), func(k kind) string { return k.names[0] })
}

// pointer is a resource by pointer.
type pointer[T any] interface {
	*T
	resource.Object
}

// kindOf makes a kind of the App Manager API.
func kindOf[T any, P pointer[T]](k resource.Kind, names []string, of func(*client.Client, string) client.Collection[T],
	name func(resource.Object) string, columns []column,
) kind {
	return kind{
		kind: k, names: names, columns: columns, name: name, byID: true,
		list: func(ctx context.Context, api *client.Client, namespace string, q client.Query) ([]resource.Object, error) {
			all, err := of(api, namespace).List(ctx, q)
			return objects[T, P](all), err
		},
		get: func(ctx context.Context, api *client.Client, namespace, ref string) (resource.Object, error) {
			v, err := of(api, namespace).Get(ctx, ref)
			return P(&v), err
		},
		remove: func(ctx context.Context, api *client.Client, namespace, ref string, force bool) error {
			if force {
				return of(api, namespace).Delete(ctx, ref, client.Force)
			}
			return of(api, namespace).Delete(ctx, ref)
		},
	}
}

// put lets files want a kind whose PUT creates and replaces.
func put[T any, P pointer[T]](k kind, of func(*client.Client, string) client.Collection[T]) kind {
	k.apply = func(ctx context.Context, api *client.Client, namespace, name string, _ resource.Object, wanted map[string]any) (resource.Object, error) {
		v, err := of(api, namespace).Put(ctx, name, wanted)
		return P(&v), err
	}
	return k
}

// namedKind makes a kind of the Platform API.
func namedKind[T any, P pointer[T]](k resource.Kind, names []string, of func(*client.Client, string) client.Named[T], columns []column) kind {
	return kind{
		kind: k, names: names, columns: columns, name: byName,
		list: func(ctx context.Context, api *client.Client, namespace string, _ client.Query) ([]resource.Object, error) {
			all, err := of(api, namespace).List(ctx)
			return objects[T, P](all), err
		},
		get: func(ctx context.Context, api *client.Client, namespace, ref string) (resource.Object, error) {
			v, err := of(api, namespace).Get(ctx, ref)
			return P(&v), err
		},
		apply: func(ctx context.Context, api *client.Client, namespace, name string, before resource.Object, wanted map[string]any) (resource.Object, error) {
			var v T
			if err := remake(wanted, &v); err != nil {
				return nil, err
			}
			var err error
			if before == nil {
				v, err = of(api, namespace).Create(ctx, name, v)
			} else {
				v, err = of(api, namespace).Put(ctx, name, v)
			}
			return P(&v), err
		},
		remove: func(ctx context.Context, api *client.Client, namespace, ref string, _ bool) error {
			return of(api, namespace).Delete(ctx, ref)
		},
	}
}

// remake makes a typed resource of a document.
func remake(from map[string]any, v any) error {
	text, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

// without says of a kind that it cannot be deleted, and why.
func (k kind) without(why string) kind {
	k.remove, k.kept = nil, why
	return k
}

func (k kind) labelled() kind {
	k.labels = true
	return k
}

func objects[T any, P pointer[T]](all []T) []resource.Object {
	out := make([]resource.Object, len(all))
	for i := range all {
		out[i] = P(&all[i])
	}
	return out
}

func byName(o resource.Object) string { return o.Meta().Name }
func byID(o resource.Object) string   { return o.Meta().ID }

func col[P resource.Object](head string, cell func(P) string) column {
	return column{head: head, cell: func(_ time.Time, o resource.Object) string { return cell(o.(P)) }}
}

func wide[P resource.Object](head string, cell func(P) string) column {
	c := col(head, cell)
	c.wide = true
	return c
}

func number[P resource.Object](head string, cell func(P) int) column {
	c := col(head, func(o P) string { return strconv.Itoa(cell(o)) })
	c.right = true
	return c
}

func created() column {
	return column{head: "AGE", right: true, cell: func(now time.Time, o resource.Object) string { return age(now, o.Meta().CreatedAt) }}
}

func changed() column {
	return column{head: "CHANGED", right: true, cell: func(now time.Time, o resource.Object) string { return age(now, o.Meta().ModifiedAt) }}
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
