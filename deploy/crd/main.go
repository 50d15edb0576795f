// Command crd writes the schema of WeirDeployment, the resource of Kubernetes,
// from the contract of the API, so that kubectl explains and checks what weir
// takes.
//
//	go run ./deploy/crd deploy/helm/crds/weirdeployments.yaml
//
// Only what is below the line "spec:" of the schema is written; the rest of the
// file stays.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/weir-streams/weir/api"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "crd:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: crd FILE")
	}
	before, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	after, err := generate(before, api.OpenAPI)
	if err != nil {
		return err
	}
	return os.WriteFile(args[0], after, 0o644)
}

// Lines between which the file is written.
const (
	indent = "            "
	begin  = indent + "spec: # made from api/openapi.yaml by make generate\n"
	end    = indent + "status:\n"
)

// generate is the definition with the schema of the contract in it.
func generate(definition, contract []byte) ([]byte, error) {
	head, rest, ok := bytes.Cut(definition, []byte(begin))
	_, tail, found := bytes.Cut(rest, []byte(end))
	if !ok || !found {
		return nil, fmt.Errorf("the definition has no lines %q and %q", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	var document struct {
		Components struct {
			Schemas map[string]yaml.Node
		}
	}
	if err := yaml.Unmarshal(contract, &document); err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	s := schemas{all: document.Components.Schemas}
	spec, err := s.resolve(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{text("$ref"), text(prefix + "DeploymentSpec")}})
	if err != nil {
		return nil, err
	}
	set(spec, "description", "What is wanted, as in the spec of weir's API and of weir apply. weir itself checks it too, and says in status what is wrong.")
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := errors.Join(e.Encode(spec), e.Close()); err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	var out bytes.Buffer
	out.Write(head)
	out.WriteString(begin)
	for line := range strings.Lines(b.String()) {
		out.WriteString(indent + "  " + line)
	}
	out.WriteString(end)
	out.Write(tail)
	return out.Bytes(), nil
}

const prefix = "#/components/schemas/"

// preserve keeps fields that a schema does not name: they are of a newer weir,
// or wrong, and weir says which. Without it Kubernetes drops them in silence.
const preserve = "x-kubernetes-preserve-unknown-fields"

// schemas are those of the contract, by name.
type schemas struct {
	all   map[string]yaml.Node
	stack []string // references that are being resolved
}

// resolve makes a schema of the contract one of Kubernetes: without references,
// and with nothing that says what Kubernetes does not let it say.
func (s *schemas) resolve(n *yaml.Node) (*yaml.Node, error) {
	if n.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: a schema is not an object", n.Line)
	}
	if ref := get(n, "$ref"); ref != nil {
		name := strings.TrimPrefix(ref.Value, prefix)
		target, ok := s.all[name]
		if !ok {
			return nil, fmt.Errorf("line %d: there is no schema %q", ref.Line, ref.Value)
		}
		for _, above := range s.stack {
			if above == name {
				return nil, fmt.Errorf("schema %s has itself within", name)
			}
		}
		s.stack = append(s.stack, name)
		defer func() { s.stack = s.stack[:len(s.stack)-1] }()
		return s.resolve(&target)
	}
	out := &yaml.Node{Kind: yaml.MappingNode}
	kind := ""
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i].Value, n.Content[i+1]
		switch key {
		case "type":
			kind = value.Value
			set(out, key, kind)
		case "description":
			set(out, key, value.Value)
		case "enum", "minimum", "maximum", "pattern", "format":
			out.Content = append(out.Content, text(key), value)
		case "properties":
			all := &yaml.Node{Kind: yaml.MappingNode}
			for j := 0; j+1 < len(value.Content); j += 2 {
				p, err := s.resolve(value.Content[j+1])
				if err != nil {
					return nil, err
				}
				all.Content = append(all.Content, text(value.Content[j].Value), p)
			}
			out.Content = append(out.Content, text(key), all)
		case "items":
			items, err := s.resolve(value)
			if err != nil {
				return nil, err
			}
			out.Content = append(out.Content, text(key), items)
		case "additionalProperties", "required", "example", "default", "nullable":
			// Values of maps may be numbers, as in weir apply; what is required and
			// what is left out is for weir to say.
		default:
			return nil, fmt.Errorf("line %d: a schema says %q, which this program does not know", n.Content[i].Line, key)
		}
	}
	switch {
	case kind == "object":
		out.Content = append(out.Content, text(preserve), &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"})
	case kind == "":
		return nil, fmt.Errorf("line %d: a schema has no type", n.Line)
	}
	return out, nil
}

func get(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func set(n *yaml.Node, key, value string) {
	if v := get(n, key); v != nil {
		v.Value = value
		return
	}
	n.Content = append(n.Content, text(key), text(value))
}

func text(s string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(s)
	return n
}
