package avro

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/weir-streams/weir/engine/data"
)

// kind is a type of Avro.
type kind uint8

const (
	null kind = iota
	boolean
	integer
	long
	float
	double
	bytesKind
	text
	record
	enum
	array
	mapping
	union
	fixed
)

var kinds = map[string]kind{
	"null": null, "boolean": boolean, "int": integer, "long": long, "float": float, "double": double, "bytes": bytesKind, "string": text,
	"record": record, "error": record, "enum": enum, "array": array, "map": mapping, "fixed": fixed,
}

// schema is a type as a file or message was written with.
type schema struct {
	kind             kind
	name             string // of records, enums and fixed, with namespace
	logical          string
	precision, scale int
	size             int       // fixed
	fields           []field   // record
	symbols          []string  // enum
	items            *schema   // array, map
	branches         []*schema // union
}

type field struct {
	name    string
	aliases []string
	typ     *schema
}

func (s *schema) String() string {
	if s.logical != "" {
		return s.logical
	}
	switch s.kind {
	case record, enum, fixed:
		return s.name
	case union:
		parts := make([]string, len(s.branches))
		for i, b := range s.branches {
			parts[i] = b.String()
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	for name, k := range kinds {
		if k == s.kind && name != "error" {
			return name
		}
	}
	return "?"
}

// parseSchema reads a schema in JSON.
func parseSchema(text []byte) (*schema, error) {
	var x any
	if err := json.Unmarshal(text, &x); err != nil {
		return nil, fmt.Errorf("schema is not JSON: %w", err)
	}
	p := parser{named: map[string]*schema{}}
	s, err := p.parse(x, "", 0)
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	return s, nil
}

type parser struct{ named map[string]*schema }

// nesting is how deep schemas may be.
const nesting = 100

func (p *parser) parse(x any, space string, depth int) (*schema, error) {
	if depth > nesting {
		return nil, errors.New("types are nested too deep")
	}
	switch x := x.(type) {
	case string:
		if k, ok := kinds[x]; ok && k <= text {
			return &schema{kind: k}, nil
		}
		for _, name := range []string{full(x, space), x} {
			if s := p.named[name]; s != nil {
				return s, nil
			}
		}
		return nil, fmt.Errorf("type %q is not defined", x)
	case []any:
		s := &schema{kind: union}
		for _, b := range x {
			t, err := p.parse(b, space, depth+1)
			if err != nil {
				return nil, err
			}
			if t.kind == union {
				return nil, errors.New("a union is directly in a union")
			}
			s.branches = append(s.branches, t)
		}
		return s, nil
	case map[string]any:
		return p.object(x, space, depth)
	}
	return nil, fmt.Errorf("%v is not a type", x)
}

func full(name, space string) string {
	if space == "" || strings.Contains(name, ".") {
		return name
	}
	return space + "." + name
}

func (p *parser) object(x map[string]any, space string, depth int) (*schema, error) {
	name, ok := x["type"].(string)
	if !ok {
		return p.parse(x["type"], space, depth+1) // {"type": {…}}
	}
	k, ok := kinds[name]
	if !ok {
		return p.parse(name, space, depth+1)
	}
	s := &schema{kind: k}
	s.logical, _ = x["logicalType"].(string)
	s.precision, s.scale = number(x["precision"]), number(x["scale"])
	if k == record || k == enum || k == fixed {
		given, _ := x["name"].(string)
		if given == "" {
			return nil, fmt.Errorf("a %s has no name", name)
		}
		if own, ok := x["namespace"].(string); ok {
			space = own
		}
		if s.name = full(given, space); strings.Contains(given, ".") {
			space = given[:strings.LastIndexByte(given, '.')]
		}
		if p.named[s.name] != nil {
			return nil, fmt.Errorf("type %q is defined twice", s.name)
		}
		p.named[s.name] = s
	}
	var err error
	switch k {
	case record:
		fields, ok := x["fields"].([]any)
		if !ok {
			return nil, fmt.Errorf("record %s has no fields", s.name)
		}
		for _, f := range fields {
			m, _ := f.(map[string]any)
			fieldName, _ := m["name"].(string)
			if fieldName == "" {
				return nil, fmt.Errorf("record %s has a field without a name", s.name)
			}
			t, err := p.parse(m["type"], space, depth+1)
			if err != nil {
				return nil, fmt.Errorf("field %s: %w", fieldName, err)
			}
			out := field{name: fieldName, typ: t}
			if list, ok := m["aliases"].([]any); ok {
				for _, a := range list {
					if a, ok := a.(string); ok {
						out.aliases = append(out.aliases, a)
					}
				}
			}
			s.fields = append(s.fields, out)
		}
	case enum:
		list, _ := x["symbols"].([]any)
		for _, v := range list {
			symbol, _ := v.(string)
			s.symbols = append(s.symbols, symbol)
		}
		if len(s.symbols) == 0 {
			return nil, fmt.Errorf("enum %s has no symbols", s.name)
		}
	case fixed:
		if s.size = number(x["size"]); s.size < 0 || s.size > 1<<20 {
			return nil, fmt.Errorf("fixed %s has size %d", s.name, s.size)
		}
	case array:
		s.items, err = p.parse(x["items"], space, depth+1)
	case mapping:
		s.items, err = p.parse(x["values"], space, depth+1)
	}
	return s, err
}

func number(x any) int {
	f, _ := x.(float64)
	return int(f)
}

// described is the schema, in JSON, that a table's columns are written with, as
// Flink makes it.
func described(columns []data.Column, legacy bool) ([]byte, error) {
	root := data.Type{Kind: data.Row}
	for _, c := range columns {
		root.Names, root.Args = append(root.Names, c.Name), append(root.Args, c.Type)
	}
	x, err := describe(root, "org.apache.flink.avro.generated.record", legacy)
	if err != nil {
		return nil, err
	}
	return json.Marshal(x)
}

type object = map[string]any

// describe gives the schema of a type; name is that of a record.
func describe(t data.Type, name string, legacy bool) (any, error) {
	var x any
	switch t.Kind {
	case data.Boolean:
		x = "boolean"
	case data.TinyInt, data.SmallInt, data.Int:
		x = "int"
	case data.BigInt:
		x = "long"
	case data.Float:
		x = "float"
	case data.Double:
		x = "double"
	case data.Char, data.VarChar:
		x = "string"
	case data.Binary, data.VarBinary:
		x = "bytes"
	case data.Decimal:
		x = object{"type": "bytes", "logicalType": "decimal", "precision": t.Precision, "scale": t.Scale}
	case data.Date:
		x = object{"type": "int", "logicalType": "date"}
	case data.Time:
		if t.Precision > 3 {
			//lint:ignore ST1005 these are Flink's words
			return nil, fmt.Errorf("Avro does not support TIME type with precision: %d, it only supports precision less than 3", t.Precision)
		}
		x = object{"type": "int", "logicalType": "time-millis"}
	case data.Timestamp, data.TimestampLTZ:
		logical, err := timestamp(t, legacy)
		if err != nil {
			return nil, err
		}
		x = object{"type": "long", "logicalType": logical}
	case data.Row:
		fields := make([]any, len(t.Args))
		for i, a := range t.Args {
			f, err := describe(a, name+"_"+t.Names[i], legacy)
			if err != nil {
				return nil, fmt.Errorf("field %s: %w", t.Names[i], err)
			}
			out := object{"name": t.Names[i], "type": f}
			if a.Nullable {
				out["default"] = nil
			}
			fields[i] = out
		}
		x = object{"type": "record", "name": name, "fields": fields}
		if at := strings.LastIndexByte(name, '.'); at > 0 {
			x.(object)["namespace"], x.(object)["name"] = name[:at], name[at+1:]
		}
	case data.Array:
		items, err := describe(t.Args[0], name, legacy)
		if err != nil {
			return nil, err
		}
		x = object{"type": "array", "items": items}
	case data.Map, data.Multiset:
		if k := t.Args[0].Kind; k != data.Char && k != data.VarChar {
			//lint:ignore ST1005 these are Flink's words
			return nil, fmt.Errorf("Avro format doesn't support non-string as key type of map. The key type is: %s", t.Args[0].WithNull(true))
		}
		value := data.Of(data.Int).NotNull()
		if t.Kind == data.Map {
			value = t.Args[1]
		}
		values, err := describe(value, name, legacy)
		if err != nil {
			return nil, err
		}
		x = object{"type": "map", "values": values}
	default:
		return nil, fmt.Errorf("unsupported type '%s' in format avro", t.WithNull(true))
	}
	if t.Nullable {
		return []any{"null", x}, nil
	}
	return x, nil
}

func timestamp(t data.Type, legacy bool) (string, error) {
	if t.Precision > 6 || legacy && t.Precision > 3 {
		//lint:ignore ST1005 these are Flink's words
		return "", fmt.Errorf("Avro does not support TIMESTAMP type with precision: %d, it only supports precision less than %d", t.Precision, map[bool]int{true: 3, false: 6}[legacy])
	}
	unit := "millis"
	if t.Precision > 3 {
		unit = "micros"
	}
	switch {
	case legacy && t.Kind == data.TimestampLTZ:
		//lint:ignore ST1005 these are Flink's words
		return "", errors.New("Avro format doesn't support TIMESTAMP_LTZ unless 'avro.timestamp_mapping.legacy' is false")
	case !legacy && t.Kind == data.Timestamp:
		return "local-timestamp-" + unit, nil
	}
	return "timestamp-" + unit, nil
}
