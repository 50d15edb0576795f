package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/audit"
	"github.com/weir-streams/weir/server/wire"
)

// body reads a JSON object into the struct that v points at, kindly.
func body(w http.ResponseWriter, r *http.Request, v any) error {
	text, err := wire.ReadBody(w, r, maxBody)
	if err != nil {
		return err
	}
	_, err = resource.Read(text, v)
	return err
}

// fullName is namespaces/ns/kind/name, as names stand in bodies.
func fullName(namespace, kind, name string) string {
	return "namespaces/" + namespace + "/" + kind + "/" + name
}

// shortName reads a name of a body, which may be full.
func shortName(namespace, kind, name string) (string, error) {
	if !strings.Contains(name, "/") {
		return name, nil
	}
	short, ok := strings.CutPrefix(name, fullName(namespace, kind, ""))
	if !ok || strings.Contains(short, "/") {
		return "", resource.Invalidf("name", "must be %s, got %q", fullName(namespace, kind, "NAME"), name)
	}
	return short, nil
}

// named gives the name of what a PUT writes: that of the path, which the body
// may repeat.
func named(namespace, kind, written, inPath string) (string, error) {
	name, err := shortName(namespace, kind, written)
	if err != nil {
		return "", err
	}
	if name != "" && name != inPath {
		return "", resource.Invalidf("name", "is %q but the path says %q", name, inPath)
	}
	return inPath, nil
}

// platformScript is the wire form of a saved script.
type platformScript struct {
	Name        string        `json:"name"`
	DisplayName string        `json:"displayName"`
	Description string        `json:"description"`
	Script      string        `json:"script"`
	CreateTime  resource.Time `json:"createTime"`
	UpdateTime  resource.Time `json:"updateTime"`
}

const scriptsKind = "sqlscripts"

func toScript(s resource.SQLScript) platformScript {
	return platformScript{
		Name:        fullName(s.Metadata.Namespace, scriptsKind, s.Metadata.Name),
		DisplayName: s.Spec.DisplayName, Description: s.Spec.Description, Script: s.Spec.Script,
		CreateTime: s.Metadata.CreatedAt, UpdateTime: s.Metadata.ModifiedAt,
	}
}

type scriptReply struct {
	SQLScript platformScript `json:"sqlScript"`
}

// writtenScript is what a client may say of a script.
type writtenScript struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Description string `json:"description"`
	Script      string `json:"script"`
}

func (g *Gateway) listScripts(w http.ResponseWriter, r *http.Request) error {
	n, err := g.namespace(r)
	if err != nil {
		return err
	}
	all, err := g.Scripts.List(r.Context(), resource.Filter{Namespace: n.Metadata.Name})
	if err != nil {
		return err
	}
	out := struct {
		SQLScripts []platformScript `json:"sqlScripts"`
	}{make([]platformScript, len(all))}
	for i, s := range all {
		out.SQLScripts[i] = toScript(s)
	}
	wire.WriteJSON(w, r, http.StatusOK, out)
	return nil
}

func (g *Gateway) getScript(w http.ResponseWriter, r *http.Request) error {
	s, err := find(r, g, g.Scripts, "SQL script", r.PathValue("sqlScriptName"))
	if err != nil {
		return err
	}
	wire.WriteJSON(w, r, http.StatusOK, scriptReply{toScript(s)})
	return nil
}

func (g *Gateway) createScript(w http.ResponseWriter, r *http.Request) error {
	n, err := g.namespace(r)
	if err != nil {
		return err
	}
	var in writtenScript
	if err := body(w, r, &in); err != nil {
		return err
	}
	name, err := shortName(n.Metadata.Name, scriptsKind, in.Name)
	if err != nil {
		return err
	}
	if name == "" {
		name = strings.Trim(resource.Slug(in.DisplayName)[:min(63, len(resource.Slug(in.DisplayName)))], "-")
	}
	return g.storeScript(w, r, n.Metadata.Name, name, in)
}

func (g *Gateway) storeScript(w http.ResponseWriter, r *http.Request, namespace, name string, in writtenScript) error {
	if err := resource.ValidateName("name", name); err != nil {
		return err
	}
	var s resource.SQLScript
	s.Metadata.Namespace, s.Metadata.Name = namespace, name
	s.Spec = in.spec(name)
	s, err := g.Scripts.Create(r.Context(), g.author(r), s)
	if err != nil {
		return err
	}
	audit.From(r.Context()).Named(name)
	wire.WriteJSON(w, r, http.StatusCreated, scriptReply{toScript(s)})
	return nil
}

func (in writtenScript) spec(name string) resource.SQLScriptSpec {
	s := resource.SQLScriptSpec{DisplayName: in.DisplayName, Description: in.Description, Script: in.Script}
	if s.DisplayName == "" {
		s.DisplayName = name
	}
	return s
}

// putScript creates or replaces.
func (g *Gateway) putScript(w http.ResponseWriter, r *http.Request) error {
	n, err := g.namespace(r)
	if err != nil {
		return err
	}
	var in writtenScript
	if err := body(w, r, &in); err != nil {
		return err
	}
	name, err := named(n.Metadata.Name, scriptsKind, in.Name, r.PathValue("sqlScriptName"))
	if err != nil {
		return err
	}
	old, err := g.Scripts.GetByName(r.Context(), n.Metadata.Name, name)
	if errors.Is(err, resource.ErrNotFound) {
		return g.storeScript(w, r, n.Metadata.Name, name, in)
	}
	if err != nil {
		return err
	}
	s, err := g.Scripts.Update(r.Context(), g.author(r), old.Metadata.ID, func(s *resource.SQLScript) error {
		s.Spec = in.spec(name)
		return nil
	})
	if err != nil {
		return err
	}
	wire.WriteJSON(w, r, http.StatusOK, scriptReply{toScript(s)})
	return nil
}

func (g *Gateway) deleteScript(w http.ResponseWriter, r *http.Request) error {
	s, err := find(r, g, g.Scripts, "SQL script", r.PathValue("sqlScriptName"))
	if err != nil {
		return err
	}
	if _, err := g.Scripts.Delete(r.Context(), s.Metadata.ID); err != nil {
		return err
	}
	wire.WriteJSON(w, r, http.StatusOK, struct{}{})
	return nil
}

// find gets a resource of the path's namespace by name.
func find[T any](r *http.Request, g *Gateway, c Collection[T], what, name string) (T, error) {
	var none T
	n, err := g.namespace(r)
	if err != nil {
		return none, err
	}
	v, err := c.GetByName(r.Context(), n.Metadata.Name, name)
	if errors.Is(err, resource.ErrNotFound) {
		return none, fmt.Errorf("%s %q in namespace %q: %w", what, name, n.Metadata.Name, resource.ErrNotFound)
	}
	return v, err
}
