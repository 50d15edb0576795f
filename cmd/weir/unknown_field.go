package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/weir-streams/weir/resource"
)

// unknownFields names the fields of a document's spec that no such resource
// has. The server leaves them out, because documents written for other
// platforms have more; a person who mistyped one should hear of it.
func (m manifest) unknownFields() []string {
	var spec reflect.Type
	switch m.kind {
	case resource.KindDeployment, resource.KindDeploymentDefaults:
		spec = reflect.TypeFor[resource.DeploymentSpec]()
	case resource.KindSessionCluster:
		spec = reflect.TypeFor[resource.SessionClusterSpec]()
	case resource.KindSecretValue:
		spec = reflect.TypeFor[resource.SecretValueSpec]()
	case resource.KindDeploymentTarget:
		spec = reflect.TypeFor[resource.DeploymentTargetSpec]()
	case resource.KindNamespace:
		spec = reflect.TypeFor[resource.NamespaceSpec]()
	case resource.KindSQLScript:
		spec = reflect.TypeFor[resource.SQLScriptSpec]()
	default:
		return nil
	}
	return fieldsBeyond("spec", spec, m.document["spec"])
}

func fieldsBeyond(at string, shape reflect.Type, value any) []string {
	fields, ok := value.(map[string]any)
	if !ok || shape.Kind() != reflect.Struct || reflect.PointerTo(shape).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return nil
	}
	known := map[string]reflect.Type{}
	for i := range shape.NumField() {
		name, _, _ := strings.Cut(shape.Field(i).Tag.Get("json"), ",")
		known[name] = shape.Field(i).Type
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		inner, ok := known[name]
		if !ok {
			all = append(all, fmt.Sprintf("there is no field %s.%s, it is left out%s", at, name, near(name, slices.Sorted(maps.Keys(known)))))
			continue
		}
		all = append(all, fieldsBeyond(at+"."+name, inner, fields[name])...)
	}
	return all
}
