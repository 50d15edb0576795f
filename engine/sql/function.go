package sql

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// wasm is the language of the functions that this engine runs.
const wasm = "WASM"

// checkFunction reads the rest of CREATE FUNCTION. A temporary function is
// loaded at once, as in Flink; another when it is called first.
func (s *Session) checkFunction(n *ast.CreateFunction, f *catalog.Function) error {
	language := strings.ToUpper(n.Language)
	if language != wasm {
		if n.Temporary {
			return ast.Errorf(n.Pos(), "class '%s' of function '%s' cannot be loaded: functions of the JVM or Python are not supported by this engine; run it on a Flink target, or write it as LANGUAGE WASM", n.Class, n.Name)
		}
		return nil
	}
	f.Language = language
	for _, r := range n.Resources {
		if r.Kind == "JAR" {
			return ast.Errorf(r.Pos(), "a function of LANGUAGE WASM is in no JAR: USING ARTIFACT 'path or URI of the .wasm file' expected")
		}
		f.Artifacts = append(f.Artifacts, r.Path)
	}
	if len(f.Artifacts) != 1 {
		return ast.Errorf(n.Pos(), "function '%s' needs one module, it names %d: USING ARTIFACT 'path or URI of the .wasm file' expected", n.Name, len(f.Artifacts))
	}
	for _, o := range n.Options {
		if f.Options == nil {
			f.Options = map[string]string{}
		}
		f.Options[o.Key] = o.Value
	}
	if !n.Temporary {
		return nil
	}
	if _, _, err := s.load1(f); err != nil {
		return ast.Errorf(n.Pos(), "function '%s' cannot be used: %w", n.Name, err)
	}
	return nil
}

// canonical is what expressions call a function by.
func canonical(f *catalog.Function) string {
	if f.System {
		return "system." + strings.ToLower(f.Path.Name)
	}
	return f.Path.Catalog + "." + f.Path.Database + "." + strings.ToLower(f.Path.Name)
}

// userFunction finds and loads the function that a name means: temporary system
// functions, then those that are built in, then those of the catalog.
func (s *Session) userFunction(parts []string, builtin bool) (string, *function.User, error) {
	var f *catalog.Function
	if len(parts) == 1 {
		f = s.catalog.Function(catalog.Path{Name: parts[0]})
		if f == nil && builtin {
			return "", nil, nil
		}
	}
	if f == nil {
		if p, ok := s.catalog.Resolve(parts); ok {
			f = s.catalog.Function(p)
		}
	}
	if f == nil {
		return "", nil, nil
	}
	if f.Language != wasm {
		return "", nil, fmt.Errorf("is implemented by class '%s': functions of the JVM or Python are not supported by this engine; run it on a Flink target", f.Class)
	}
	name, u, err := s.load1(f)
	if err != nil {
		return "", nil, fmt.Errorf("cannot be used: %w", err)
	}
	return name, u, nil
}

func (s *Session) load1(f *catalog.Function) (string, *function.User, error) {
	name := canonical(f)
	if u := s.loaded[name]; u != nil {
		return name, u, nil
	}
	if s.env.Load == nil {
		return "", nil, errors.New("this engine runs no modules")
	}
	d, u, err := s.env.Load(graph.Function{Name: name, Language: f.Language, Export: f.Class, Artifact: f.Artifacts[0], Options: f.Options})
	if err != nil {
		return "", nil, err
	}
	s.functions.Add(name, u)
	s.users[name], s.loaded[name] = d, &u
	return name, &u, nil
}

// forget drops what is known of a function's module.
func (s *Session) forget(p catalog.Path) {
	if f := s.catalog.Function(p); f != nil {
		delete(s.users, canonical(f))
		delete(s.loaded, canonical(f))
		s.functions.Add(canonical(f), function.User{})
	}
}

// userFunctions are the names of the functions of the current database, and of
// temporary system functions.
func (s *Session) userFunctions() []string {
	names := slices.Concat(s.catalog.Functions("", ""), s.catalog.Functions(s.catalog.Current, s.catalog.Database))
	slices.Sort(names)
	return slices.Compact(names)
}

// describeModule adds where a function's module is and, with EXTENDED, what the
// module says of it.
func (s *Session) describeModule(n *ast.Describe, f *catalog.Function, add func(name, value string)) error {
	add("resource", f.Artifacts[0])
	for _, k := range slices.Sorted(maps.Keys(f.Options)) {
		add("option "+k, f.Options[k])
	}
	if !n.Extended {
		return nil
	}
	name, u, err := s.load1(f)
	if err != nil {
		return ast.Errorf(n.Name.Pos(), "function '%s' cannot be used: %w", n.Name, err)
	}
	add("kind", string(s.users[name].Kind))
	add("is deterministic", strconv.FormatBool(u.Deterministic))
	for _, form := range u.Signatures {
		add("signature", form)
	}
	add("checksum", "sha256:"+s.users[name].SHA256)
	return nil
}

// functionsOf lists the users' functions that a graph calls.
func (s *Session) functionsOf(g *graph.Graph) []graph.Function {
	if len(s.users) == 0 {
		return nil
	}
	called := map[string]bool{}
	calls(reflect.ValueOf(g).Elem(), called)
	var out []graph.Function
	for _, name := range slices.Sorted(maps.Keys(called)) {
		if f, ok := s.users[name]; ok {
			out = append(out, f)
		}
	}
	return out
}

var (
	exprType  = reflect.TypeFor[expr.Expr]()
	valueType = reflect.TypeFor[data.Value]()
	typeType  = reflect.TypeFor[data.Type]()
	aggType   = reflect.TypeFor[graph.AggCall]()
)

// calls gathers the names of functions called anywhere in v.
func calls(v reflect.Value, into map[string]bool) {
	switch v.Type() {
	case valueType, typeType:
		return
	case aggType:
		into[v.FieldByName("Func").String()] = true
		return
	case exprType:
		if v.FieldByName("Kind").String() == string(expr.KindCall) {
			into[v.FieldByName("Func").String()] = true
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			calls(v.Elem(), into)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			calls(v.Field(i), into)
		}
	case reflect.Slice:
		for i := range v.Len() {
			calls(v.Index(i), into)
		}
	}
}
