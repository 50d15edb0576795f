package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

const (
	renderedBytes = 64 << 20 // of all that is kept
	getOneByOne   = 64       // more that are not known are read in one go
)

// versioned is a collection that can say what there is without reading it all.
type versioned interface {
	Versions(ctx context.Context, f resource.Filter) ([]resource.Version, error)
}

// rendered keeps the JSON of deployments as lists answer it, by id and
// version: a list of a thousand is asked for again and again, and few of them
// have changed.
type rendered struct {
	mu    sync.Mutex
	byID  map[string]renderedOne
	bytes int
}

type renderedOne struct {
	version int
	labels  map[string]string
	text    []byte
}

// listRendered answers the list of deployments. It is not for all stores and
// not for YAML: then it does nothing and says so.
func (a *API) listRendered(w http.ResponseWriter, r *http.Request) (done bool, err error) {
	source, ok := a.Resources.Deployments.(versioned)
	if !ok || wire.WantsYAML(r) {
		return false, nil
	}
	matches, err := parseSelector(r.URL.Query().Get("labelSelector"))
	if err != nil {
		return true, err
	}
	namespace, err := a.namespace(r)
	if err != nil {
		return true, err
	}
	f := resource.Filter{Namespace: namespace}
	versions, err := source.Versions(r.Context(), f)
	if err != nil {
		return true, err
	}
	texts, err := a.rendered.texts(r.Context(), a.Resources.Deployments, f, versions, matches)
	if err != nil {
		return true, err
	}
	head, err := json.Marshal(listOf[resource.Deployment](resource.KindDeployment, nil))
	if err != nil {
		return true, fmt.Errorf("write the list: %w", err)
	}
	head, tail := bytes.TrimSuffix(head, []byte("]}")), []byte("]}")
	wire.WriteText(w, r, http.StatusOK, bytes.Join([][]byte{head, bytes.Join(texts, []byte(",")), tail, []byte("\n")}, nil))
	return true, nil
}

// texts gives the JSON of the versions that a selector lets through.
func (c *rendered) texts(ctx context.Context, from Collection[resource.Deployment], f resource.Filter,
	versions []resource.Version, matches func(map[string]string) bool,
) ([][]byte, error) {
	known := c.known(versions)
	var unknown []string
	for _, v := range versions {
		if _, ok := known[v.ID]; !ok {
			unknown = append(unknown, v.ID)
		}
	}
	if err := c.add(ctx, from, f, unknown, known); err != nil {
		return nil, err
	}
	texts := make([][]byte, 0, len(versions))
	for _, v := range versions {
		if one, ok := known[v.ID]; ok && matches(one.labels) { // else it was deleted meanwhile
			texts = append(texts, one.text)
		}
	}
	return texts, nil
}

// known is what is kept in just these versions.
func (c *rendered) known(versions []resource.Version) map[string]renderedOne {
	known := make(map[string]renderedOne, len(versions))
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range versions {
		if one, ok := c.byID[v.ID]; ok && one.version == v.Version {
			known[v.ID] = one
		}
	}
	return known
}

// add reads what is not known, keeps it and adds it to known.
func (c *rendered) add(ctx context.Context, from Collection[resource.Deployment], f resource.Filter, ids []string, known map[string]renderedOne) error {
	var all []resource.Deployment
	if len(ids) > getOneByOne {
		var err error
		if all, err = from.List(ctx, f); err != nil {
			return err
		}
	} else {
		for _, id := range ids {
			d, err := from.Get(ctx, id)
			if errors.Is(err, resource.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			all = append(all, d)
		}
	}
	for _, d := range all {
		id := d.Metadata.ID
		if _, ok := known[id]; ok {
			continue
		}
		var text bytes.Buffer
		enc := json.NewEncoder(&text)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(shown(d)); err != nil {
			return fmt.Errorf("write deployment %q: %w", d.Metadata.Name, err)
		}
		one := renderedOne{d.Metadata.ResourceVersion, d.Metadata.Labels, bytes.TrimSuffix(text.Bytes(), []byte("\n"))}
		known[id] = one
		c.keep(id, one)
	}
	return nil
}

func (c *rendered) keep(id string, one renderedOne) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, ok := c.byID[id]; ok {
		if old.version > one.version { // a slower reader comes late
			return
		}
		c.bytes -= len(old.text)
	}
	// Those of deployments that are gone go with the others when it is full.
	if c.byID == nil || c.bytes+len(one.text) > renderedBytes {
		c.byID, c.bytes = map[string]renderedOne{}, 0
	}
	c.byID[id] = one
	c.bytes += len(one.text)
}
