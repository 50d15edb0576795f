package resource

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The Decode functions read what clients send, more kindly than encoding/json:
// scalars become text where text is wanted, keeping how they were written
// (1.10 stays "1.10"); numbers and booleans may be quoted; enumerations may be
// in any case; null is the same as absent; unknown fields, status, and what
// only the platform sets (id, resourceVersion, generation, times) are ignored.
// What cannot be understood is an InvalidError naming the field.

// DecodeDeployment reads a Deployment from JSON.
func DecodeDeployment(data []byte) (Deployment, error) { return decode[Deployment](data) }

// DecodeDeploymentDefaults reads DeploymentDefaults from JSON.
func DecodeDeploymentDefaults(data []byte) (DeploymentDefaults, error) {
	return decode[DeploymentDefaults](data)
}

// DecodeDeploymentTarget reads a DeploymentTarget from JSON.
func DecodeDeploymentTarget(data []byte) (DeploymentTarget, error) {
	return decode[DeploymentTarget](data)
}

// DecodeNamespace reads a Namespace, in the shape of this package, from JSON.
func DecodeNamespace(data []byte) (Namespace, error) { return decode[Namespace](data) }

// DecodeJob reads a Job from JSON.
func DecodeJob(data []byte) (Job, error) { return decode[Job](data) }

// DecodeEvent reads an Event from JSON.
func DecodeEvent(data []byte) (Event, error) { return decode[Event](data) }

// DecodeSavepoint reads a Savepoint from JSON. Its deployment and job may also
// stand in spec, and the trigger id in an object with uuid, as some clients
// write them.
func DecodeSavepoint(data []byte) (Savepoint, error) { return decode[Savepoint](data) }

// DecodeSecretValue reads a SecretValue, with its value, from JSON.
func DecodeSecretValue(data []byte) (SecretValue, error) { return decode[SecretValue](data) }

// decode is all Decode functions.
func decode[T any, P interface {
	*T
	Object
}](data []byte) (T, error) {
	tree, err := parseObject(data)
	if err != nil {
		var none T
		return none, err
	}
	return fromTree[T, P](tree)
}

// fromTree makes a resource of a parsed document, which it may change.
func fromTree[T any, P interface {
	*T
	Object
}](tree map[string]any) (T, error) {
	var v, none T
	kind := P(&v).ResourceKind()
	delete(tree, "status")
	if metadata, ok := tree["metadata"].(map[string]any); ok {
		for _, field := range []string{"id", "createdAt", "modifiedAt", "terminatedAt", "resourceVersion", "generation"} {
			delete(metadata, field)
		}
	}
	if kind == KindSavepoint {
		mendSavepoint(tree)
	}
	var p problems
	p.assign(&v, tree)
	if err := p.err(); err != nil {
		return none, err
	}
	if err := kindAndVersion(tree, kind); err != nil {
		return none, err
	}
	SetKind(P(&v))
	return v, nil
}

// parseObject reads one JSON object, keeping numbers as written.
func parseObject(data []byte) (map[string]any, error) {
	v, err := parseTree(data)
	if err != nil {
		return nil, err
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, Invalidf("body", "must be an object, got %s", describe(v))
	}
	return object, nil
}

func parseTree(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	switch err := d.Decode(&v); {
	case errors.Is(err, io.EOF):
		return nil, Invalidf("body", "is empty")
	case err != nil:
		return nil, Invalidf("body", "is not JSON%s: %s", position(data, err), strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, Invalidf("body", "has something after its end")
	}
	return v, nil
}

// position says where a syntax error is, if known.
func position(data []byte, err error) string {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return ""
	}
	before := data[:min(int(syntax.Offset), len(data))]
	return fmt.Sprintf(" (line %d)", 1+bytes.Count(before, []byte("\n")))
}

// kindAndVersion refuses documents of another kind, which would else be read
// as an empty one of ours.
func kindAndVersion(tree map[string]any, want Kind) error {
	kind, _ := tree["kind"].(string)
	global := want == KindDeploymentDefaults && strings.EqualFold(kind, "GlobalDeploymentDefaults")
	if kind != "" && !strings.EqualFold(kind, string(want)) && !global {
		return Invalidf("kind", "must be %s, got %s", want, quote(kind))
	}
	version, _ := tree["apiVersion"].(string)
	if version != "" && !strings.EqualFold(version, APIVersion) {
		return Invalidf("apiVersion", "must be %s, got %s", APIVersion, quote(version))
	}
	return nil
}

// mendSavepoint moves fields to where they belong.
func mendSavepoint(tree map[string]any) {
	spec, ok := tree["spec"].(map[string]any)
	if !ok {
		return
	}
	if id, ok := spec["flinkSavepointId"].(map[string]any); ok {
		spec["flinkSavepointId"] = id["uuid"]
	}
	metadata, ok := tree["metadata"].(map[string]any)
	if !ok {
		metadata = map[string]any{}
		if tree["metadata"] == nil {
			tree["metadata"] = metadata
		}
	}
	for _, field := range []string{"deploymentId", "jobId"} {
		if s, _ := metadata[field].(string); s == "" && spec[field] != nil {
			metadata[field] = spec[field]
		}
	}
}

// SetKind writes the kind and apiVersion of an object into it.
func SetKind(o Object) {
	kind := o.ResourceKind()
	switch v := o.(type) {
	case *Deployment:
		v.Kind, v.APIVersion = kind, APIVersion
	case *DeploymentDefaults:
		v.Kind, v.APIVersion = kind, APIVersion
	case *DeploymentTarget:
		v.Kind, v.APIVersion = kind, APIVersion
	case *Namespace:
		v.Kind, v.APIVersion = kind, APIVersion
	case *Job:
		v.Kind, v.APIVersion = kind, APIVersion
	case *Savepoint:
		v.Kind, v.APIVersion = kind, APIVersion
	case *Event:
		v.Kind, v.APIVersion = kind, APIVersion
	case *SecretValue:
		v.Kind, v.APIVersion = kind, APIVersion
	case *SessionCluster:
		v.Kind, v.APIVersion = kind, APIVersion
	case *APIToken:
		v.Kind, v.APIVersion = kind, APIVersion
	case *SQLScript:
		v.Kind, v.APIVersion = kind, APIVersion
	case *UDFArtifact:
		v.Kind, v.APIVersion = kind, APIVersion
	case *Connector:
		v.Kind, v.APIVersion = kind, APIVersion
	case *Format:
		v.Kind, v.APIVersion = kind, APIVersion
	case *CatalogConnector:
		v.Kind, v.APIVersion = kind, APIVersion
	case *CatalogEntry:
		v.Kind, v.APIVersion = kind, APIVersion
	case *AutopilotPolicy:
		v.Kind, v.APIVersion = kind, APIVersion
	}
}
