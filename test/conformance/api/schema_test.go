package api

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

// roots are the Go types whose fields, and those of the types in them, are the
// schemas of the same names.
var roots = []reflect.Type{
	reflect.TypeFor[resource.Deployment](), reflect.TypeFor[resource.DeploymentTarget](), reflect.TypeFor[resource.DeploymentDefaults](),
	reflect.TypeFor[resource.Job](), reflect.TypeFor[resource.Savepoint](), reflect.TypeFor[resource.Event](), reflect.TypeFor[resource.Revision](),
	reflect.TypeFor[wire.Problem](), reflect.TypeFor[wire.PlatformProblem](),
}

// elsewhere are schemas without a type in resource or wire: the answers of the
// suite are held to them, and requests are read field by field.
var elsewhere = []string{
	"Time", "DeploymentPatch", "DeploymentDefaultsPatch", "ResetRequest", "ForkRequest", "RollbackRequest",
	"Namespace", "RoleBinding", "NamespaceResponse", "ListNamespacesResponse",
	"Status", "Health", "VersionInfo", "ResourceUsage",
	"SystemInformation", "SystemInformationStatus", "RevisionInformation", "ResourceQuota", "QuotaSpec",
}

func TestSchemasAreTheGoTypes(t *testing.T) {
	schemas := document(t).Components.Schemas
	seen := map[string]bool{}
	for _, root := range roots {
		compare(t, schemas, root, seen)
	}
	for name := range schemas {
		if !seen[name] && !slices.Contains(elsewhere, name) && !strings.HasSuffix(name, "List") {
			t.Errorf("schema %s has no Go type", name)
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
		t.Errorf("type %s has no schema", typ)
		return
	}
	fields := map[string]bool{}
	for _, f := range reflect.VisibleFields(typ) {
		if f.Anonymous || !f.IsExported() {
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields[name] = true
		property := schema.Value.Properties[name]
		if property == nil {
			t.Errorf("%s.%s: field %q is not in schema %s", typ, f.Name, name, typ.Name())
			continue
		}
		if got, want := shape(property), goShape(f.Type); got != want {
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
	case v.Type.Is("array"):
		return "list of " + shape(v.Items)
	case v.Type.Is("object"):
		return "map"
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
	case reflect.Struct:
		return t.Name()
	case reflect.Int, reflect.Int64:
		return "integer"
	case reflect.Float64:
		return "number"
	case reflect.Bool:
		return "boolean"
	}
	return "string"
}

func TestRoutesAreThePaths(t *testing.T) {
	w := start(t)
	served := map[string]bool{}
	for _, route := range w.routes {
		served[route.Method+" "+strings.ReplaceAll(route.Path, "...}", "}")] = true
	}
	paths := document(t).Paths
	for path, item := range paths.Map() {
		for method := range item.Operations() {
			if key := method + " " + path; !served[key] {
				t.Errorf("%s is in the contract but not served", key)
			} else {
				delete(served, key)
			}
		}
	}
	for key := range served {
		t.Errorf("%s is served but not in the contract", key)
	}
}
