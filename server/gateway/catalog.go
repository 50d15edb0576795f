package gateway

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/sql"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

// The wire forms of the catalog API.
type (
	catalogObject struct {
		Name       string            `json:"name"`
		Properties map[string]string `json:"properties"`
	}
	databaseObject struct {
		Name       string            `json:"name"`
		Comment    string            `json:"comment"`
		Properties map[string]string `json:"properties"`
	}
	tableObject struct {
		Name       string            `json:"name"`
		Comment    string            `json:"comment"`
		Properties map[string]string `json:"properties"`
		Schema     schemaObject      `json:"schema"`
	}
	viewObject struct {
		tableObject
		Query         string `json:"query"`
		ExpandedQuery string `json:"expandedQuery"`
	}
	schemaObject struct {
		Column        []columnObject    `json:"column"`
		PrimaryKey    *keyObject        `json:"primaryKey,omitempty"`
		WatermarkSpec []watermarkObject `json:"watermarkSpec"`
	}
	columnObject struct {
		Name       string      `json:"name"`
		Type       string      `json:"type"`
		Expression string      `json:"expression"`
		Meta       *metaObject `json:"meta,omitempty"`
	}
	metaObject struct {
		Name    string `json:"name"`
		Virtual bool   `json:"virtual"`
	}
	keyObject struct {
		Name     string   `json:"name"`
		Column   []string `json:"column"`
		Enforced bool     `json:"enforced"`
		Type     string   `json:"type"`
	}
	watermarkObject struct {
		TimeColumn          string `json:"timeColumn"`
		WatermarkExpression string `json:"watermarkExpression"`
		WatermarkType       string `json:"watermarkType"`
	}
	functionObject struct {
		Name             string `json:"name"`
		ClassName        string `json:"className"`
		FunctionLanguage string `json:"functionLanguage"`
		FunctionType     string `json:"functionType"`
		Description      string `json:"description"`
	}
	// brokenObject is something whose statement cannot be carried out.
	brokenObject struct {
		Name      string `json:"name"`
		Statement string `json:"statement"`
		Message   string `json:"message"`
	}
)

// catalogOf opens the namespace's catalogs and finds the one of the path.
func (g *Gateway) catalogOf(r *http.Request) (*opened, string, error) {
	n, err := g.namespace(r)
	if err != nil {
		return nil, "", err
	}
	o, err := g.open(r.Context(), n.Metadata.Name, "", "")
	if err != nil {
		return nil, "", err
	}
	name := r.PathValue("cat")
	if !o.Catalog().HasCatalog(name) {
		return nil, "", &wire.Error{Status: http.StatusNotFound, Reason: "NotFound", Message: fmt.Sprintf("Catalog %s does not exist.", name)}
	}
	return o, name, nil
}

// databaseOf is catalogOf, and the database of the query; without one it is
// the catalog's default.
func (g *Gateway) databaseOf(r *http.Request) (o *opened, catalogName, database string, err error) {
	o, catalogName, err = g.catalogOf(r)
	if err != nil {
		return nil, "", "", err
	}
	if database = r.URL.Query().Get("database"); database == "" {
		database = "default"
		if catalogName == catalog.DefaultCatalog {
			database = catalog.DefaultDatabase
		}
	}
	if !o.Catalog().HasDatabase(catalogName, database) {
		return nil, "", "", &wire.Error{Status: http.StatusNotFound, Reason: "NotFound", Message: fmt.Sprintf("Database %s does not exist in Catalog %s.", database, catalogName)}
	}
	return o, catalogName, database, nil
}

func (g *Gateway) listCatalogs(w http.ResponseWriter, r *http.Request) error {
	n, err := g.namespace(r)
	if err != nil {
		return err
	}
	o, err := g.open(r.Context(), n.Metadata.Name, "", "")
	if err != nil {
		return err
	}
	out := struct {
		Catalogs []catalogObject `json:"catalogs"`
		Broken   []brokenObject  `json:"broken,omitempty"`
	}{Catalogs: []catalogObject{}, Broken: o.brokenObjects(func(e resource.CatalogEntry) bool { return e.Spec.Object == resource.EntryCatalog })}
	for _, name := range o.Catalog().Catalogs() {
		out.Catalogs = append(out.Catalogs, o.catalogObject(name))
	}
	wire.WriteJSON(w, r, http.StatusOK, out)
	return nil
}

func (o *opened) catalogObject(name string) catalogObject {
	p := o.Catalog().Properties(name)
	if p == nil {
		p = map[string]string{}
	}
	if p["type"] == "" {
		p["type"] = "generic_in_memory"
	}
	return catalogObject{name, p}
}

func (o *opened) brokenObjects(which func(resource.CatalogEntry) bool) []brokenObject {
	var out []brokenObject
	for _, e := range o.broke {
		if which(e) {
			out = append(out, brokenObject{e.Spec.Name, e.Spec.Statement, o.broken[e.Metadata.Name].Error()})
		}
	}
	return out
}

func (g *Gateway) getCatalog(w http.ResponseWriter, r *http.Request) error {
	o, name, err := g.catalogOf(r)
	if err != nil {
		return err
	}
	wire.WriteJSON(w, r, http.StatusOK, struct {
		Catalog catalogObject `json:"catalog"`
	}{o.catalogObject(name)})
	return nil
}

func (g *Gateway) listDatabases(w http.ResponseWriter, r *http.Request) error {
	o, name, err := g.catalogOf(r)
	if err != nil {
		return err
	}
	out := struct {
		Databases []databaseObject `json:"databases"`
		Broken    []brokenObject   `json:"broken,omitempty"`
	}{Databases: []databaseObject{}, Broken: o.brokenObjects(func(e resource.CatalogEntry) bool {
		return e.Spec.Object == resource.EntryDatabase && e.Spec.Catalog == name
	})}
	for _, d := range o.Catalog().Databases(name) {
		out.Databases = append(out.Databases, o.databaseObject(name, d))
	}
	wire.WriteJSON(w, r, http.StatusOK, out)
	return nil
}

func (o *opened) databaseObject(catalogName, database string) databaseObject {
	d := o.Catalog().DatabaseNamed(catalogName, database)
	out := databaseObject{d.Name, d.Comment, d.Options}
	if out.Properties == nil {
		out.Properties = map[string]string{}
	}
	if out.Comment == "" && database == "default" {
		out.Comment = "Default Database"
	}
	return out
}

func (g *Gateway) getDatabase(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Query().Get("database") == "" {
		return resource.Invalidf("database", "must be set: the name of the database")
	}
	o, name, database, err := g.databaseOf(r)
	if err != nil {
		return err
	}
	wire.WriteJSON(w, r, http.StatusOK, struct {
		Database databaseObject `json:"database"`
	}{o.databaseObject(name, database)})
	return nil
}

// tables are the tables, or the views, of a database that are not temporary.
func (o *opened) tables(catalogName, database string, views bool) []*catalog.Table {
	return slices.DeleteFunc(o.Catalog().Permanent(catalogName, database), func(t *catalog.Table) bool { return (t.View != nil) != views })
}

func (o *opened) brokenTables(catalogName, database string, kind resource.CatalogEntryKind) []brokenObject {
	return o.brokenObjects(func(e resource.CatalogEntry) bool {
		return e.Spec.Object == kind && e.Spec.Catalog == catalogName && e.Spec.Database == database
	})
}

func (g *Gateway) listTables(w http.ResponseWriter, r *http.Request) error {
	o, name, database, err := g.databaseOf(r)
	if err != nil {
		return err
	}
	out := struct {
		Tables []tableObject  `json:"tables"`
		Broken []brokenObject `json:"broken,omitempty"`
	}{[]tableObject{}, o.brokenTables(name, database, resource.EntryTable)}
	for _, t := range o.tables(name, database, false) {
		out.Tables = append(out.Tables, toTable(t))
	}
	wire.WriteJSON(w, r, http.StatusOK, out)
	return nil
}

func (g *Gateway) listViews(w http.ResponseWriter, r *http.Request) error {
	o, name, database, err := g.databaseOf(r)
	if err != nil {
		return err
	}
	out := struct {
		Views  []viewObject   `json:"views"`
		Broken []brokenObject `json:"broken,omitempty"`
	}{[]viewObject{}, o.brokenTables(name, database, resource.EntryView)}
	for _, t := range o.tables(name, database, true) {
		out.Views = append(out.Views, toView(t))
	}
	wire.WriteJSON(w, r, http.StatusOK, out)
	return nil
}

// tableNamed finds a table or view that the query names.
func (g *Gateway) tableNamed(r *http.Request, parameter string) (*catalog.Table, error) {
	name := r.URL.Query().Get(parameter)
	if name == "" {
		return nil, resource.Invalidf(parameter, "must be set: the name of the %s", parameter)
	}
	o, catalogName, database, err := g.databaseOf(r)
	if err != nil {
		return nil, err
	}
	t := o.Catalog().Table(catalog.Path{Catalog: catalogName, Database: database, Name: name})
	if t == nil || (t.View != nil) != (parameter == "view") {
		message := fmt.Sprintf("Table (or view) %s.%s does not exist in Catalog %s.", database, name, catalogName)
		spec := resource.CatalogEntrySpec{Object: resource.EntryTable, Catalog: catalogName, Database: database, Name: name}
		if why := o.broken[spec.EntryName()]; why != nil {
			message += " Its statement is kept, but cannot be carried out: " + why.Error()
		}
		return nil, &wire.Error{Status: http.StatusNotFound, Reason: "NotFound", Message: message}
	}
	return t, nil
}

func (g *Gateway) getTable(w http.ResponseWriter, r *http.Request) error {
	t, err := g.tableNamed(r, "table")
	if err != nil {
		return err
	}
	wire.WriteJSON(w, r, http.StatusOK, struct {
		Table tableObject `json:"table"`
	}{toTable(t)})
	return nil
}

func (g *Gateway) getView(w http.ResponseWriter, r *http.Request) error {
	t, err := g.tableNamed(r, "view")
	if err != nil {
		return err
	}
	wire.WriteJSON(w, r, http.StatusOK, struct {
		View viewObject `json:"view"`
	}{toView(t)})
	return nil
}

func toTable(t *catalog.Table) tableObject {
	out := tableObject{Name: t.Path.Name, Properties: t.Options, Schema: schemaObject{Column: make([]columnObject, len(t.Columns)), WatermarkSpec: []watermarkObject{}}}
	if out.Properties == nil {
		out.Properties = map[string]string{}
	}
	if t.Comment != nil {
		out.Comment = *t.Comment
	}
	for i, c := range t.Columns {
		out.Schema.Column[i] = columnObject{Name: c.Name, Type: sql.TypeText(c.Type)}
		switch c.Kind {
		case catalog.Computed:
			out.Schema.Column[i].Expression = sql.ExpressionText(c.Expr)
		case catalog.Metadata:
			out.Schema.Column[i].Meta = &metaObject{c.MetadataKey, c.Virtual}
		}
		if w := t.Watermark; w != nil && w.Column == c.Name {
			out.Schema.WatermarkSpec = append(out.Schema.WatermarkSpec, watermarkObject{
				c.Name, sql.ExpressionText(w.Expr), strings.TrimSuffix(sql.TypeText(c.Type), " NOT NULL"),
			})
		}
	}
	if len(t.PrimaryKey) > 0 {
		out.Schema.PrimaryKey = &keyObject{Name: t.KeyName, Column: t.PrimaryKey, Type: "CONSTRAINT_TYPE_PRIMARY_KEY"}
	}
	return out
}

func toView(t *catalog.Table) viewObject {
	return viewObject{toTable(t), t.View.Text, sql.ExpandedQuery(t)}
}

func (g *Gateway) listFunctions(w http.ResponseWriter, r *http.Request) error {
	o, name, database, err := g.databaseOf(r)
	if err != nil {
		return err
	}
	out := struct {
		Functions []functionObject `json:"functions"`
	}{[]functionObject{}}
	for _, f := range o.Catalog().Functions(name, database) {
		out.Functions = append(out.Functions, toFunction(o.Catalog().Function(catalog.Path{Catalog: name, Database: database, Name: f})))
	}
	wire.WriteJSON(w, r, http.StatusOK, out)
	return nil
}

func (g *Gateway) getFunction(w http.ResponseWriter, r *http.Request) error {
	wanted := r.URL.Query().Get("function")
	if wanted == "" {
		return resource.Invalidf("function", "must be set: the name of the function")
	}
	o, name, database, err := g.databaseOf(r)
	if err != nil {
		return err
	}
	f := o.Catalog().Function(catalog.Path{Catalog: name, Database: database, Name: wanted})
	if f == nil {
		return &wire.Error{Status: http.StatusNotFound, Reason: "NotFound", Message: fmt.Sprintf("Function %s.%s does not exist in Catalog %s.", database, wanted, name)}
	}
	wire.WriteJSON(w, r, http.StatusOK, struct {
		Function functionObject `json:"function"`
	}{toFunction(f)})
	return nil
}

func toFunction(f *catalog.Function) functionObject {
	language := "FUNCTION_LANGUAGE_JAVA"
	if f.Language != "" && f.Language != "SQL" {
		language = "FUNCTION_LANGUAGE_" + strings.ToUpper(f.Language)
	}
	return functionObject{f.Path.Name, f.Class, language, "FUNCTION_TYPE_FLINK", "This is a user-defined function"}
}
