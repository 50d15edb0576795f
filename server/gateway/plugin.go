package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/option"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/audit"
	"github.com/weir-streams/weir/server/platform"
	"github.com/weir-streams/weir/server/wire"
)

// plugins is one of the three collections of what tables and catalogs can be
// made with: what the engine has, and what users registered for Flink targets.
type plugins[T any, P interface {
	*T
	resource.Object
}] struct {
	g          *Gateway
	collection Collection[T]
	one, many  string // in the API: connector, connectors
	folder     string // in paths and names: catalog-connectors
	packaged   []resource.PluginSpec
	spec       func(*T) *resource.PluginSpec
	// affected are the tables made with one, by its type; nil: nothing is told.
	affected func(o *opened, kind string) []tableReference
}

// tableReference names a table.
type tableReference struct {
	CatalogName  string `json:"catalogName"`
	DatabaseName string `json:"databaseName"`
	TableName    string `json:"tableName"`
}

func (g *Gateway) connectors() *plugins[resource.Connector, *resource.Connector] {
	return &plugins[resource.Connector, *resource.Connector]{
		g: g, collection: g.Connectors, one: "connector", many: "connectors", folder: "connectors", packaged: packagedConnectors(),
		spec: func(c *resource.Connector) *resource.PluginSpec { return &c.Spec }, affected: tablesWith("connector"),
	}
}

func (g *Gateway) formats() *plugins[resource.Format, *resource.Format] {
	return &plugins[resource.Format, *resource.Format]{
		g: g, collection: g.Formats, one: "format", many: "formats", folder: "formats", packaged: packagedFormats(),
		spec: func(f *resource.Format) *resource.PluginSpec { return &f.Spec }, affected: tablesWith("format", "value.format", "key.format"),
	}
}

func (g *Gateway) catalogConnectors() *plugins[resource.CatalogConnector, *resource.CatalogConnector] {
	return &plugins[resource.CatalogConnector, *resource.CatalogConnector]{
		g: g, collection: g.CatalogConnectors, one: "catalogConnector", many: "catalogConnectors", folder: "catalog-connectors",
		packaged: []resource.PluginSpec{{Type: "generic_in_memory", Packaged: true, Properties: []resource.Property{
			{Key: "default-database", DefaultValue: "default", Description: "database that is current after USE CATALOG"},
		}}},
		spec: func(c *resource.CatalogConnector) *resource.PluginSpec { return &c.Spec },
	}
}

func packagedConnectors() []resource.PluginSpec {
	built := engine.BuiltIn()
	var formats []string
	for _, f := range built.Formats {
		formats = append(formats, f.Name)
	}
	var out []resource.PluginSpec
	for _, c := range built.Connectors {
		s := resource.PluginSpec{Type: c.Name, Packaged: true, Source: c.Source != nil, Sink: c.Sink != nil, Properties: propertiesOf(c.Options, "")}
		if c.Formats {
			s.SupportedFormats = formats
			s.Properties = append(s.Properties, resource.Property{Key: "format", Required: true, DefinesFormat: true, Description: "how rows are written as bytes"})
		}
		out = append(out, s)
	}
	return out
}

func packagedFormats() []resource.PluginSpec {
	var out []resource.PluginSpec
	for _, f := range engine.BuiltIn().Formats {
		out = append(out, resource.PluginSpec{
			Type: f.Name, Packaged: true, Source: f.Decoder != nil, Sink: f.Encoder != nil, Properties: propertiesOf(f.Options, f.Name+"."),
		})
	}
	return out
}

func propertiesOf(options []option.Option, prefix string) []resource.Property {
	out := make([]resource.Property, 0, len(options))
	for _, o := range options {
		key := prefix + o.Key
		if o.Prefix {
			key += "#"
		}
		out = append(out, resource.Property{Key: key, Required: o.Required, DefaultValue: o.Default, Description: o.Doc})
	}
	return out
}

// tablesWith finds tables that have a value in one of some options.
func tablesWith(keys ...string) func(o *opened, kind string) []tableReference {
	return func(o *opened, kind string) []tableReference {
		out := []tableReference{}
		k := o.Catalog()
		for _, c := range k.Catalogs() {
			for _, d := range k.Databases(c) {
				for _, t := range o.tables(c, d, false) {
					if slices.ContainsFunc(keys, func(key string) bool { return strings.EqualFold(t.Options[key], kind) }) {
						out = append(out, tableReference{c, d, t.Path.Name})
					}
				}
			}
		}
		return out
	}
}

// document is the wire form.
func (p *plugins[T, P]) document(namespace, name string, s resource.PluginSpec) map[string]any {
	list := func(texts []string) []string { return append([]string{}, texts...) }
	d := map[string]any{
		"name": fullName(namespace, p.folder, name), "type": s.Type, "packaged": s.Packaged,
		"dependencies": list(s.Dependencies), "properties": documentsOf(s.Properties),
	}
	switch p.one {
	case "connector":
		d["source"], d["sink"], d["lookup"], d["supportedFormats"] = s.Source, s.Sink, s.Lookup, list(s.SupportedFormats)
	case "format":
		d["source"], d["sink"] = s.Source, s.Sink
	case "catalogConnector":
		d["readOnly"] = s.ReadOnly
	}
	return d
}

// propertyDocument is the wire form of an option; nothing is left out.
type propertyDocument struct {
	Key           string `json:"key"`
	Required      bool   `json:"required"`
	DefaultValue  string `json:"defaultValue"`
	Description   string `json:"description"`
	DefinesFormat bool   `json:"definesFormat"`
}

func documentsOf(properties []resource.Property) []propertyDocument {
	out := make([]propertyDocument, 0, len(properties))
	for _, p := range properties {
		out = append(out, propertyDocument(p))
	}
	return out
}

func (p *plugins[T, P]) list(w http.ResponseWriter, r *http.Request) error {
	n, err := p.g.namespace(r)
	if err != nil {
		return err
	}
	all, err := p.collection.List(r.Context(), resource.Filter{Namespace: n.Metadata.Name})
	if err != nil {
		return err
	}
	out := []map[string]any{}
	for _, s := range p.packaged {
		out = append(out, p.document(n.Metadata.Name, packagedName(s), s))
	}
	for _, v := range all {
		out = append(out, p.document(n.Metadata.Name, P(&v).Meta().Name, *p.spec(&v)))
	}
	return platform.Reply(w, r, http.StatusOK, p.many, out)
}

// packagedName is the name of what the engine has: its type, as names are
// written.
func packagedName(s resource.PluginSpec) string { return resource.Slug(s.Type) }

func (p *plugins[T, P]) builtIn(name string) (resource.PluginSpec, bool) {
	for _, s := range p.packaged {
		if packagedName(s) == name || s.Type == name {
			return s, true
		}
	}
	return resource.PluginSpec{}, false
}

// find gives a registered one, or one that the engine has: then id is empty.
func (p *plugins[T, P]) find(r *http.Request) (namespace, id string, spec resource.PluginSpec, err error) {
	name := r.PathValue("name")
	n, err := p.g.namespace(r)
	if err != nil {
		return "", "", spec, err
	}
	if s, ok := p.builtIn(name); ok {
		return n.Metadata.Name, "", s, nil
	}
	v, err := p.collection.GetByName(r.Context(), n.Metadata.Name, name)
	if errors.Is(err, resource.ErrNotFound) {
		return "", "", spec, fmt.Errorf("%s %q in namespace %q: %w", p.one, name, n.Metadata.Name, resource.ErrNotFound)
	}
	return n.Metadata.Name, P(&v).Meta().ID, *p.spec(&v), err
}

func (p *plugins[T, P]) get(w http.ResponseWriter, r *http.Request) error {
	namespace, _, s, err := p.find(r)
	if err != nil {
		return err
	}
	return platform.Reply(w, r, http.StatusOK, p.one, p.document(namespace, r.PathValue("name"), s))
}

// writtenPlugin is what a client may say.
type writtenPlugin struct {
	Name             string              `json:"name"`
	Type             string              `json:"type"`
	Source           bool                `json:"source"`
	Sink             bool                `json:"sink"`
	Lookup           bool                `json:"lookup"`
	ReadOnly         bool                `json:"readOnly"`
	SupportedFormats []string            `json:"supportedFormats"`
	Dependencies     []string            `json:"dependencies"`
	Properties       []resource.Property `json:"properties"`
}

func (in writtenPlugin) spec() (resource.PluginSpec, error) {
	if in.Type == "" {
		return resource.PluginSpec{}, resource.Invalidf("type", "must be set: the value that names it in a WITH clause")
	}
	for i, p := range in.Properties {
		if p.Key == "" {
			return resource.PluginSpec{}, resource.Invalidf(fmt.Sprintf("properties[%d].key", i), "must be set")
		}
	}
	return resource.PluginSpec{
		Type: in.Type, Source: in.Source, Sink: in.Sink, Lookup: in.Lookup, ReadOnly: in.ReadOnly,
		SupportedFormats: in.SupportedFormats, Dependencies: in.Dependencies, Properties: in.Properties,
	}, nil
}

func (p *plugins[T, P]) create(w http.ResponseWriter, r *http.Request) error {
	n, err := p.g.namespace(r)
	if err != nil {
		return err
	}
	var in writtenPlugin
	if err := body(w, r, &in); err != nil {
		return err
	}
	name, err := shortName(n.Metadata.Name, p.folder, in.Name)
	if err != nil {
		return err
	}
	return p.store(w, r, n.Metadata.Name, name, in)
}

func (p *plugins[T, P]) store(w http.ResponseWriter, r *http.Request, namespace, name string, in writtenPlugin) error {
	if err := resource.ValidateName("name", name); err != nil {
		return err
	}
	spec, err := in.spec()
	if err != nil {
		return err
	}
	if err := p.notPackaged(name, spec.Type); err != nil {
		return err
	}
	var v T
	P(&v).Meta().Namespace, P(&v).Meta().Name = namespace, name
	*p.spec(&v) = spec
	if _, err := p.collection.Create(r.Context(), p.g.author(r), v); err != nil {
		return err
	}
	audit.From(r.Context()).Named(name)
	return p.answer(w, r, http.StatusCreated, namespace, name, spec)
}

// answer writes what was stored, with the tables it concerns.
func (p *plugins[T, P]) answer(w http.ResponseWriter, r *http.Request, status int, namespace, name string, s resource.PluginSpec) error {
	out := map[string]any{p.one: p.document(namespace, name, s)}
	if p.affected != nil && r.Method == http.MethodPut {
		o, err := p.g.open(r.Context(), namespace, "", "")
		if err != nil {
			return err
		}
		out["affectedTables"] = p.affected(o, s.Type)
	}
	wire.WriteJSON(w, r, status, out)
	return nil
}

func (p *plugins[T, P]) notPackaged(name, kind string) error {
	for _, x := range []string{name, kind} {
		if s, ok := p.builtIn(x); ok {
			return platform.Refused("%s %q is packaged: it is part of the engine and cannot be changed", p.one, s.Type)
		}
	}
	return nil
}

func (p *plugins[T, P]) put(w http.ResponseWriter, r *http.Request) error {
	n, err := p.g.namespace(r)
	if err != nil {
		return err
	}
	var in writtenPlugin
	if err := body(w, r, &in); err != nil {
		return err
	}
	namespace := n.Metadata.Name
	name, err := named(namespace, p.folder, in.Name, r.PathValue("name"))
	if err != nil {
		return err
	}
	old, err := p.collection.GetByName(r.Context(), namespace, name)
	if errors.Is(err, resource.ErrNotFound) {
		return p.store(w, r, namespace, name, in)
	}
	if err != nil {
		return err
	}
	spec, err := in.spec()
	if err != nil {
		return err
	}
	if err := p.notPackaged(name, spec.Type); err != nil {
		return err
	}
	if _, err := p.collection.Update(r.Context(), p.g.author(r), P(&old).Meta().ID, func(v *T) error {
		*p.spec(v) = spec
		return nil
	}); err != nil {
		return err
	}
	return p.answer(w, r, http.StatusOK, namespace, name, spec)
}

func (p *plugins[T, P]) remove(w http.ResponseWriter, r *http.Request) error {
	namespace, id, s, err := p.find(r)
	if err != nil {
		return err
	}
	if id == "" {
		return p.notPackaged(s.Type, s.Type)
	}
	if _, err := p.collection.Delete(r.Context(), id); err != nil {
		return err
	}
	if p.affected == nil {
		return platform.ReplyEmpty(w, r)
	}
	o, err := p.g.open(r.Context(), namespace, "", "")
	if err != nil {
		return err
	}
	return platform.Reply(w, r, http.StatusOK, "affectedTables", p.affected(o, s.Type))
}

func (p *plugins[T, P]) listTables(w http.ResponseWriter, r *http.Request) error {
	namespace, _, s, err := p.find(r)
	if err != nil {
		return err
	}
	o, err := p.g.open(r.Context(), namespace, "", "")
	if err != nil {
		return err
	}
	return platform.Reply(w, r, http.StatusOK, "tables", p.affected(o, s.Type))
}

// listCatalogsOf lists the catalogs of a type.
func (g *Gateway) listCatalogsOf(w http.ResponseWriter, r *http.Request) error {
	namespace, _, s, err := g.catalogConnectors().find(r)
	if err != nil {
		return err
	}
	o, err := g.open(r.Context(), namespace, "", "")
	if err != nil {
		return err
	}
	type reference struct {
		Name string `json:"name"`
	}
	out := []reference{}
	for _, name := range o.Catalog().Catalogs() {
		if strings.EqualFold(o.catalogObject(name).Properties["type"], s.Type) {
			out = append(out, reference{name})
		}
	}
	return platform.Reply(w, r, http.StatusOK, "catalogs", out)
}
