package main

import (
	"context"
	"errors"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

// viewer shows resources once, and each again when it has changed: a row, or
// with json, yaml and name one document each.
type viewer struct {
	s     *session
	api   *client.Client
	k     wantedKind
	o     getOptions
	shown map[string]seen // by id, or by namespace and name
	began bool
}

type seen struct {
	version int
	name    string
}

func (s *session) getWatching(ctx context.Context, api *client.Client, k wantedKind, o getOptions) error {
	v := &viewer{s: s, api: api, k: k, o: o, shown: map[string]seen{}}
	return s.watch(ctx, api, func(c client.Change) error {
		switch {
		case c.Resync:
			return v.all(ctx)
		case c.Key.Kind != k.kind.kind:
			return nil
		case !k.byID || o.selector != "" || len(k.refs) > 0:
			return v.all(ctx)
		}
		return v.one(ctx, c.Key)
	})
}

// watch calls fn for the changes of the namespaces there are, one at a time.
func (s *session) watch(ctx context.Context, api *client.Client, fn func(client.Change) error) error {
	if !s.everywhere {
		return api.Watch(ctx, s.ns(), fn)
	}
	g, ctx := errgroup.WithContext(ctx)
	changes := make(chan client.Change)
	following := map[string]bool{}
	follow := func() error {
		all, err := s.namespaces(ctx, api)
		if err != nil {
			return err
		}
		for _, namespace := range all {
			if following[namespace] {
				continue
			}
			following[namespace] = true
			g.Go(func() error {
				err := api.Watch(ctx, namespace, func(c client.Change) error {
					select {
					case changes <- c:
						return nil
					case <-ctx.Done():
						return ctx.Err()
					}
				})
				if client.IsNotFound(err) { // deleted meanwhile
					return nil
				}
				return err
			})
		}
		return nil
	}
	g.Go(func() error {
		if err := follow(); err != nil {
			return err
		}
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case c := <-changes:
				if c.Key.Kind == resource.KindNamespace {
					if err := follow(); err != nil {
						return err
					}
				}
				if err := fn(c); err != nil {
					return err
				}
			}
		}
	})
	if err := g.Wait(); !errors.Is(err, client.Stop()) {
		return err
	}
	return nil
}

// all looks at everything that is wanted.
func (v *viewer) all(ctx context.Context) error {
	var all []resource.Object
	var err error
	if len(v.k.refs) > 0 {
		var one resource.Object
		if v.began {
			one, err = v.k.get(ctx, v.api, v.s.ns(), v.k.refs[0])
		} else {
			one, err = v.s.fetch(ctx, v.api, v.k.kind, v.k.refs[0])
		}
		switch {
		case err == nil:
			all = []resource.Object{one}
		case v.began && client.IsNotFound(err): // deleted while we looked
			err = nil
		}
	} else {
		all, err = v.s.list(ctx, v.api, v.k.kind, client.Query{LabelSelector: v.o.selector})
	}
	if err != nil {
		return err
	}
	present := map[string]bool{}
	for _, o := range all {
		present[identity(o)] = true
	}
	for id := range v.shown {
		if !present[id] {
			v.gone(id)
		}
	}
	return v.show(all)
}

// one looks at one resource that was written or deleted.
func (v *viewer) one(ctx context.Context, key resource.Key) error {
	o, err := v.k.get(ctx, v.api, key.Namespace, key.ID)
	if client.IsNotFound(err) {
		v.gone(key.ID)
		return nil
	}
	if err != nil {
		return err
	}
	return v.show([]resource.Object{o})
}

func (v *viewer) gone(id string) {
	if was, ok := v.shown[id]; ok {
		delete(v.shown, id)
		v.s.progressf("%s %s was deleted", v.k.names[1], was.name)
	}
}

func identity(o resource.Object) string {
	m := o.Meta()
	return firstOf(m.ID, m.Namespace+"/"+m.Name)
}

// show prints those that are new or have changed.
func (v *viewer) show(all []resource.Object) error {
	var news []resource.Object
	for _, o := range all {
		m := o.Meta()
		version := m.ResourceVersion
		if version == 0 { // of a kind without versions
			version = int(m.ModifiedAt.UnixMicro())
		}
		if was, ok := v.shown[identity(o)]; !ok || was.version != version {
			v.shown[identity(o)] = seen{version, v.k.name(o)}
			news = append(news, o)
		}
	}
	if len(news) == 0 {
		return nil
	}
	defer func() { v.began = true }()
	s := v.s
	switch {
	case v.o.output == "json":
		for _, o := range news {
			if err := s.jsonLine(o); err != nil {
				return err
			}
		}
		return nil
	case v.o.output == "yaml":
		for _, o := range news {
			if _, err := io.WriteString(s.out, "---\n"); err != nil {
				return err
			}
			if err := printYAML(s.out, o); err != nil {
				return err
			}
		}
		return nil
	case isPath(v.o.output):
		for _, o := range news {
			if err := s.printPath(o, v.o.output); err != nil {
				return err
			}
		}
		return nil
	case v.o.output == "name":
		return s.show(v.k.kind, news, false, v.o)
	}
	t := v.k.tableOf(time.Now(), news, v.o.output == "wide", s.everywhere)
	t.headless = v.began || v.o.headless
	return t.write(s.out, s.paintStates(t))
}
