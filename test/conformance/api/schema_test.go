package api

import (
	"io"
	"maps"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	contract "github.com/weir-streams/weir/api"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

// roots are the Go types whose fields, and those of the types in them, are the
// schemas of the same names.
var roots = []reflect.Type{
	reflect.TypeFor[resource.Deployment](), reflect.TypeFor[resource.DeploymentTarget](), reflect.TypeFor[resource.DeploymentDefaults](),
	reflect.TypeFor[resource.Job](), reflect.TypeFor[resource.Savepoint](), reflect.TypeFor[resource.Event](), reflect.TypeFor[resource.Revision](),
	reflect.TypeFor[resource.SecretValue](), reflect.TypeFor[resource.SessionCluster](),
	reflect.TypeFor[resource.Plan](), reflect.TypeFor[resource.Run](), reflect.TypeFor[resource.RevisionDiff](), reflect.TypeFor[resource.AuditEntry](), reflect.TypeFor[resource.AuditCheck](),
	reflect.TypeFor[resource.UDFClass](), reflect.TypeFor[resource.Property](), reflect.TypeFor[resource.RoleBinding](),
	reflect.TypeFor[resource.AutoscalerConfig](), reflect.TypeFor[resource.LibraConfig](),
	reflect.TypeFor[wire.Problem](), reflect.TypeFor[wire.PlatformProblem](), reflect.TypeFor[wire.DeniedProblem](),
}

// flat are the resources of the Platform API: their wire form is the spec with
// parts of the metadata beside it.
var flat = []struct {
	schema string
	spec   reflect.Type
	beside []string // fields of the schema only
	hidden []string // fields of the spec only
}{
	{"Namespace", reflect.TypeFor[resource.NamespaceSpec](), []string{"name", "createTime", "lifecyclePhase", "lifecycleMessage"}, nil},
	{"ApiToken", reflect.TypeFor[resource.APITokenSpec](), []string{"name", "createTime", "secret"}, []string{"hash"}},
	{"SqlScript", reflect.TypeFor[resource.SQLScriptSpec](), []string{"name", "createTime", "updateTime"}, nil},
	{"UdfArtifact", reflect.TypeFor[resource.UDFArtifactSpec](), []string{"name", "createTime", "updateTime"}, nil},
	{"AutopilotPolicy", reflect.TypeFor[resource.AutopilotPolicySpec](), []string{"name", "modifyTime"}, nil},
	{"Connector", reflect.TypeFor[resource.PluginSpec](), []string{"name"}, []string{"readOnly"}},
	{"Format", reflect.TypeFor[resource.PluginSpec](), []string{"name"}, []string{"readOnly", "lookup", "supportedFormats"}},
	{"CatalogConnector", reflect.TypeFor[resource.PluginSpec](), []string{"name"}, []string{"source", "sink", "lookup", "supportedFormats"}},
}

func TestSchemasAreTheGoTypes(t *testing.T) {
	schemas := document(t).Components.Schemas
	seen := map[string]bool{}
	for _, root := range roots {
		compare(t, schemas, root, seen)
	}
	for _, f := range flat {
		fields := map[string]bool{}
		for _, name := range f.beside {
			fields[name] = true
		}
		for i := range f.spec.NumField() {
			name, _, _ := strings.Cut(f.spec.Field(i).Tag.Get("json"), ",")
			if !slices.Contains(f.hidden, name) {
				fields[name] = true
			}
		}
		if got, want := slices.Sorted(maps.Keys(schemas[f.schema].Value.Properties)), slices.Sorted(maps.Keys(fields)); !slices.Equal(got, want) {
			t.Errorf("schema %s has %v, %s says %v", f.schema, got, f.spec, want)
		}
	}
}

// TestEverySchemaIsReferredTo: a schema that no operation leads to describes
// nothing.
func TestEverySchemaIsReferredTo(t *testing.T) {
	refs := regexp.MustCompile(`#/components/(schemas|parameters|responses)/(\w+)`)
	used := map[string]bool{}
	for _, m := range refs.FindAllStringSubmatch(string(contract.OpenAPI), -1) {
		used[m[1]+" "+m[2]] = true
	}
	d := document(t)
	for name := range d.Components.Schemas {
		if !used["schemas "+name] {
			t.Errorf("nothing refers to schema %s", name)
		}
	}
	for name := range d.Components.Parameters {
		if !used["parameters "+name] {
			t.Errorf("nothing refers to parameter %s", name)
		}
	}
}

func compare(t *testing.T, schemas openapi3.Schemas, typ reflect.Type, seen map[string]bool) {
	if seen[typ.Name()] {
		return
	}
	seen[typ.Name()] = true
	schema := schemas[typ.Name()]
	if schema == nil {
		schema = schemas[wireName(typ.Name())]
	}
	if schema == nil {
		t.Errorf("type %s has no schema", typ)
		return
	}
	fields := map[string]bool{}
	for _, f := range reflect.VisibleFields(typ) {
		if f.Anonymous || !f.IsExported() {
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		fields[name] = true
		property := schema.Value.Properties[name]
		if property == nil {
			t.Errorf("%s.%s: field %q is not in schema %s", typ, f.Name, name, typ.Name())
			continue
		}
		if got, want := shape(property), goShape(f.Type); got != want && want != "anything" && !open(property, f.Type) {
			t.Errorf("%s.%s: the schema says %s, Go says %s", typ.Name(), name, got, want)
		}
		if inner := element(f.Type); inner.Kind() == reflect.Struct && inner != reflect.TypeFor[resource.Time]() {
			compare(t, schemas, inner, seen)
		}
	}
	for name := range schema.Value.Properties {
		if !fields[name] {
			t.Errorf("schema %s has field %q, type %s has not", typ.Name(), name, typ)
		}
	}
}

// wireName is how Ververica Platform writes a name: UdfClass, not UDFClass.
func wireName(name string) string { return strings.Replace(name, "UDF", "Udf", 1) }

// open is whether a field is kept as it was written, and its schema says only
// what is known of it.
func open(property *openapi3.SchemaRef, t reflect.Type) bool {
	more := property.Value.AdditionalProperties.Has
	return t == reflect.TypeFor[map[string]any]() && more != nil && *more
}

func element(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8 || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

func shape(s *openapi3.SchemaRef) string {
	if s.Ref != "" {
		return s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
	}
	switch v := s.Value; {
	case len(v.AllOf) > 0:
		return shape(v.AllOf[0]) // and what narrows it
	case v.Type.Is("array"):
		return "list of " + shape(v.Items)
	case v.Type.Is("object"):
		return "map"
	case v.Type == nil:
		return "anything"
	default:
		return strings.Join(v.Type.Slice(), " ")
	}
}

func goShape(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[resource.Time]():
		return "Time"
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return "DeploymentSpec" // a revision's spec, kept as it was written
	}
	switch t.Kind() {
	case reflect.Pointer:
		return goShape(t.Elem())
	case reflect.Slice:
		return "list of " + goShape(t.Elem())
	case reflect.Map:
		return "map"
	case reflect.Interface:
		return "anything"
	case reflect.Struct:
		return wireName(t.Name())
	case reflect.Int, reflect.Int64:
		return "integer"
	case reflect.Float64:
		return "number"
	case reflect.Bool:
		return "boolean"
	}
	return "string"
}

// TestEventNamesAreTheGoNames: the values of EventName are those of package
// resource, which the compiler cannot list.
func TestEventNamesAreTheGoNames(t *testing.T) {
	text, err := os.ReadFile("../../../resource/event_name.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []any
	for _, m := range regexp.MustCompile(`EventName += "([A-Z_]+)"|EventName = "([A-Z_]+)"`).FindAllStringSubmatch(string(text), -1) {
		names = append(names, m[1]+m[2])
	}
	if got := document(t).Components.Schemas["EventName"].Value.Enum; len(names) == 0 || !slices.Equal(got, names) {
		t.Errorf("the contract says %v\nGo says %v", got, names)
	}
}

// TestRoutesAreThePaths: what the contract lists is served, and what is served
// is in the contract.
func TestRoutesAreThePaths(t *testing.T) {
	w := start(t)
	whole := launch(t) // with everything that main wires
	listed := map[string]bool{}
	for path, item := range document(t).Paths.Map() {
		for method := range item.Operations() {
			key := method + " " + anonymous(path)
			listed[key] = true
			if !whole.serves(method, path) {
				t.Errorf("%s is in the contract but not served", key)
			}
		}
	}
	for _, route := range w.routes {
		if key := route.Method + " " + anonymous(strings.TrimSuffix(route.Path, "{$}")); !listed[key] {
			t.Errorf("%s is served but not in the contract", key)
		}
	}
}

// serves is whether a handler of the API answers.
func (w *world) serves(method, path string) bool {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+pathParameter.ReplaceAllString(path, "nobody"), strings.NewReader("{}"))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		return true
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res.StatusCode != http.StatusMethodNotAllowed && (res.StatusCode != http.StatusNotFound || !strings.Contains(string(text), "there is nothing at"))
}
