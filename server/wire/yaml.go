package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Bounds on a document. Aliases are expanded, so the number of values counts,
// not the size of the text.
const (
	maxDepth  = 200
	maxValues = 500_000
)

// YAMLToJSON turns one YAML document into JSON, keeping the source text of
// scalars: numbers stay the number tokens they were written as, and what is a
// number only to YAML (0x1F, 1_000, .inf) becomes a string of its text.
// Duplicate keys, keys that are not scalars and a second document are errors.
func YAMLToJSON(src []byte) ([]byte, error) {
	docs, err := YAMLDocuments(src)
	if err != nil {
		return nil, err
	}
	switch len(docs) {
	case 0:
		return []byte("null"), nil
	case 1:
		return docs[0], nil
	}
	return nil, fmt.Errorf("found %d YAML documents; send one at a time", len(docs))
}

// YAMLDocuments turns every document of a YAML stream into JSON, as YAMLToJSON
// does; empty documents are left out. JSON is YAML, so it reads JSON too.
func YAMLDocuments(src []byte) ([][]byte, error) {
	dec := yaml.NewDecoder(bytes.NewReader(src))
	var docs [][]byte
	budget := maxValues // of the whole stream
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return nil, err
		}
		if len(doc.Content) == 0 || doc.Content[0].ShortTag() == "!!null" {
			continue
		}
		w := jsonWriter{left: budget}
		if err := w.node(doc.Content[0], 0); err != nil {
			return nil, err
		}
		budget = w.left
		docs = append(docs, w.out.Bytes())
	}
}

type jsonWriter struct {
	out  bytes.Buffer
	left int
}

func (w *jsonWriter) node(n *yaml.Node, depth int) error {
	if w.left--; w.left < 0 {
		return fmt.Errorf("line %d: the document holds more than %d values", n.Line, maxValues)
	}
	if depth > maxDepth {
		return fmt.Errorf("line %d: nested deeper than %d levels", n.Line, maxDepth)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return w.node(n.Alias, depth+1)
	case yaml.MappingNode:
		return w.mapping(n, depth)
	case yaml.SequenceNode:
		w.out.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				w.out.WriteByte(',')
			}
			if err := w.node(item, depth+1); err != nil {
				return err
			}
		}
		w.out.WriteByte(']')
		return nil
	case yaml.ScalarNode:
		w.scalar(n)
		return nil
	}
	return fmt.Errorf("line %d: not a value", n.Line)
}

func (w *jsonWriter) mapping(n *yaml.Node, depth int) error {
	pairs, err := merged(n, 0)
	if err != nil {
		return err
	}
	w.out.WriteByte('{')
	for i, p := range pairs {
		if i > 0 {
			w.out.WriteByte(',')
		}
		w.text(p.key)
		w.out.WriteByte(':')
		if err := w.node(p.value, depth+1); err != nil {
			return err
		}
	}
	w.out.WriteByte('}')
	return nil
}

type pair struct {
	key   string
	value *yaml.Node
}

// merged lists the entries of a mapping, with those that "<<" brings in and
// the mapping does not set itself.
func merged(n *yaml.Node, depth int) ([]pair, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("line %d: merge keys nested deeper than %d levels", n.Line, maxDepth)
	}
	var pairs []pair
	seen := make(map[string]bool, len(n.Content)/2)
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("line %d: a key must be text", key.Line)
		}
		if key.ShortTag() == "!!merge" {
			merges = append(merges, value)
			continue
		}
		if seen[key.Value] {
			return nil, fmt.Errorf("line %d: key %q is there twice", key.Line, key.Value)
		}
		seen[key.Value] = true
		pairs = append(pairs, pair{key.Value, value})
	}
	for _, m := range merges {
		if m.Kind == yaml.AliasNode {
			m = m.Alias
		}
		sources := []*yaml.Node{m}
		if m.Kind == yaml.SequenceNode {
			sources = m.Content
		}
		for _, s := range sources {
			if s.Kind == yaml.AliasNode {
				s = s.Alias
			}
			if s.Kind != yaml.MappingNode {
				return nil, fmt.Errorf("line %d: \"<<\" wants a mapping", s.Line)
			}
			more, err := merged(s, depth+1)
			if err != nil {
				return nil, err
			}
			for _, p := range more {
				if !seen[p.key] {
					seen[p.key] = true
					pairs = append(pairs, p)
				}
			}
		}
	}
	return pairs, nil
}

func (w *jsonWriter) scalar(n *yaml.Node) {
	switch n.ShortTag() {
	case "!!null":
		w.out.WriteString("null")
	case "!!bool":
		w.out.WriteString(strings.ToLower(n.Value))
	case "!!int", "!!float":
		if isJSONNumber(n.Value) {
			w.out.WriteString(n.Value)
			return
		}
		w.text(n.Value)
	default:
		w.text(n.Value)
	}
}

func (w *jsonWriter) text(s string) {
	enc := json.NewEncoder(&w.out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s)               // a string always encodes, into memory
	w.out.Truncate(w.out.Len() - 1) // the line feed Encode adds
}

func isJSONNumber(s string) bool {
	return s != "" && (s[0] == '-' || s[0] >= '0' && s[0] <= '9') && json.Valid([]byte(s))
}

// JSONToYAML turns JSON into YAML in block style with the order of keys kept;
// text of several lines is written as a literal block.
func JSONToYAML(src []byte) ([]byte, error) {
	dec := json.NewDecoder(bytes.NewReader(src))
	dec.UseNumber()
	root, err := yamlNode(dec, 0)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(root); err != nil {
		return nil, err
	}
	if err := enc.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func yamlNode(dec *json.Decoder, depth int) (*yaml.Node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d levels", maxDepth)
	}
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch v := token.(type) {
	case json.Delim:
		if v == '{' {
			return yamlMapping(dec, depth)
		}
		list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for dec.More() {
			item, err := yamlNode(dec, depth+1)
			if err != nil {
				return nil, err
			}
			list.Content = append(list.Content, item)
		}
		_, err := dec.Token()
		return list, err
	case string:
		return yamlText(v), nil
	case json.Number:
		tag := "!!int"
		if strings.ContainsAny(v.String(), ".eE") {
			tag = "!!float"
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: v.String()}, nil
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: fmt.Sprint(v)}, nil
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, nil
}

func yamlMapping(dec *json.Decoder, depth int) (*yaml.Node, error) {
	mapping := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, err
		}
		key, ok := token.(string)
		if !ok {
			return nil, fmt.Errorf("key %v is not text", token)
		}
		value, err := yamlNode(dec, depth+1)
		if err != nil {
			return nil, err
		}
		mapping.Content = append(mapping.Content, yamlText(key), value)
	}
	_, err := dec.Token()
	return mapping, err
}

func yamlText(s string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(s) // chooses the literal style for several lines, and !!binary for what is not UTF-8
	if n.Tag != "!!str" {
		n.Tag, n.Value = "!!str", s
	}
	return n
}
