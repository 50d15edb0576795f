package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// path is a way to fields of a document: names, positions and, as a star, all
// elements of a list. It is the part of JSONPath that scripts use.
type path []any // string, int, or every{}

type every struct{}

// parsePath reads .status.state, {.items[*].metadata.name},
// .metadata.labels['a.b/c'] and status.running.conditions[0].
func parsePath(text string) (path, error) {
	wrong := func(why string) error {
		return usagef("path %q: %s; want for example .status.state, .items[*].metadata.name or .metadata.labels['team']", text, why)
	}
	rest := strings.TrimSpace(text)
	if inner, ok := strings.CutPrefix(rest, "{"); ok {
		if rest, ok = strings.CutSuffix(inner, "}"); !ok || strings.Contains(rest, "{") {
			return nil, wrong("one pair of braces around one path")
		}
	}
	rest = strings.TrimPrefix(rest, "$")
	if rest != "" && rest[0] != '.' && rest[0] != '[' {
		rest = "." + rest
	}
	var p path
	for rest != "" {
		if rest[0] == '.' {
			end := strings.IndexAny(rest[1:], ".[") + 1
			if end == 0 {
				end = len(rest)
			}
			if end == 1 {
				return nil, wrong("a dot needs a name after it")
			}
			p, rest = append(p, rest[1:end]), rest[end:]
			continue
		}
		end := strings.IndexByte(rest, ']')
		if end < 0 {
			return nil, wrong("[ without ]")
		}
		inner := rest[1:end]
		switch {
		case inner == "*":
			p = append(p, every{})
		case len(inner) > 2 && (inner[0] == '\'' || inner[0] == '"') && inner[len(inner)-1] == inner[0]:
			p = append(p, inner[1:len(inner)-1])
		default:
			n, err := strconv.Atoi(inner)
			if err != nil {
				return nil, wrong("[" + inner + "] is no position, name in quotes, or *")
			}
			p = append(p, n)
		}
		if rest = rest[end+1:]; rest != "" && rest[0] != '.' && rest[0] != '[' {
			return nil, wrong("after ] comes a dot or [")
		}
	}
	if len(p) == 0 {
		return nil, wrong("it names no field")
	}
	return p, nil
}

// find gives the values at a path of a decoded document; none if it leads nowhere.
func (p path) find(v any) []any {
	if len(p) == 0 {
		return []any{v}
	}
	switch step := p[0].(type) {
	case string:
		if m, ok := v.(map[string]any); ok {
			if inner, ok := m[step]; ok {
				return p[1:].find(inner)
			}
		}
	case int:
		if l, ok := v.([]any); ok {
			if step < 0 {
				step += len(l)
			}
			if step >= 0 && step < len(l) {
				return p[1:].find(l[step])
			}
		}
	case every:
		var all []any
		if l, ok := v.([]any); ok {
			for _, inner := range l {
				all = append(all, p[1:].find(inner)...)
			}
		}
		return all
	}
	return nil
}

// plainText is a value as scripts want it: text without quotes.
func plainText(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

// tree is a resource as a decoded document.
func tree(v any) (any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var out any
	return out, decodeNumbers(text, &out)
}

const pathPrefix = "jsonpath="

func isPath(output string) bool { return strings.HasPrefix(output, pathPrefix) }

// pathOutput lets -o take jsonpath={…} too.
func pathOutput(c *cobra.Command, output *string) {
	c.Flags().Lookup("output").Usage = "table, wide, json, yaml, name, or jsonpath={.field}"
	others := c.PreRunE
	c.PreRunE = func(c *cobra.Command, args []string) error {
		if isPath(*output) {
			_, err := parsePath((*output)[len(pathPrefix):])
			return err
		}
		return others(c, args)
	}
}

// printPath prints the values at a path in one line, with spaces between.
func (s *session) printPath(v any, output string) error {
	p, err := parsePath(output[len(pathPrefix):])
	if err != nil {
		return err
	}
	document, err := tree(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, strings.Join(namesOf(p.find(document), plainText), " "))
	return err
}
