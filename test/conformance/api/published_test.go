package api

import (
	"bufio"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// published is what Ververica Platform's own documents say; see the head of
// testdata/published.txt.
type published struct {
	operations []operation
	schemas    map[string][]field
}

type operation struct {
	method, path string
	query        []string // with " required" after it
	body, answer string   // shapes
}

type field struct {
	name, shape string
	values      []string
}

func readPublished(t *testing.T) published {
	t.Helper()
	f, err := os.Open("testdata/published.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p := published{schemas: map[string][]field{}}
	schema := ""
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := lines.Text()
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "#" || strings.HasPrefix(line, "#"):
		case !strings.HasPrefix(line, " ") && words[0] == "schema":
			schema = words[1]
			p.schemas[schema] = nil
		case !strings.HasPrefix(line, " "):
			schema = ""
			p.operations = append(p.operations, operation{method: words[0], path: words[1]})
		case schema != "":
			p.schemas[schema] = append(p.schemas[schema], field{words[0], words[1], words[2:]})
		default:
			o := &p.operations[len(p.operations)-1]
			switch words[0] {
			case "query":
				o.query = append(o.query, strings.Join(words[1:], " "))
			case "body":
				o.body = words[1]
			case "answer":
				o.answer = words[1]
			default:
				t.Fatalf("testdata/published.txt: %q is no word of it", words[0])
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return p
}

var pathParameter = regexp.MustCompile(`\{[^}]*\}`)

// anonymous is a path without the names of its parameters, which nobody sees.
func anonymous(path string) string { return pathParameter.ReplaceAllString(path, "{}") }

// TestEverythingPublishedIsInTheContract: operations, parameters and fields of
// the published documents; the list of what is missing is empty.
func TestEverythingPublishedIsInTheContract(t *testing.T) {
	missing := missingFrom(document(t), readPublished(t))
	for _, m := range missing {
		t.Error(m)
	}
}

// TestMissingNamesAreFound: what is taken out of the contract is missed.
func TestMissingNamesAreFound(t *testing.T) {
	d := document(t)
	d.Paths.Value("/api/v1/namespaces/{namespace}/jobs").Get = nil
	list := d.Paths.Value("/api/v1/namespaces/{namespace}/deployments").Get
	list.Parameters = nil
	delete(d.Components.Schemas["Artifact"].Value.Properties, "jarUri")
	state := d.Components.Schemas["JobStatus"].Value.Properties["state"].Value
	state.Enum = state.Enum[1:]
	got := strings.Join(missingFrom(d, readPublished(t)), "\n")
	for _, want := range []string{"GET /api/v1/namespaces/{}/jobs", "labelSelector", "jarUri", "STARTING"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not missed:\n%s", want, got)
		}
	}
}

func missingFrom(d *openapi3.T, p published) []string {
	have := map[string]*openapi3.Operation{}
	for path, item := range d.Paths.Map() {
		for method, o := range item.Operations() {
			have[method+" "+anonymous(path)] = o
		}
	}
	c := comparison{p: p, done: map[string]bool{}}
	for _, o := range p.operations {
		key := o.method + " " + o.path
		ours := have[key]
		if ours == nil {
			c.miss("operation %s", key)
			continue
		}
		for _, q := range o.query {
			name, required, _ := strings.Cut(q, " ")
			param := ours.Parameters.GetByInAndName("query", name)
			if param == nil || param.Required != (required != "") {
				c.miss("query parameter %s of %s", q, key)
			}
		}
		if o.body != "" && ours.RequestBody == nil {
			c.miss("body of %s", key)
		} else if o.body != "" {
			c.compare(key+" body", o.body, ours.RequestBody.Value.Content.Get("application/json").Schema)
		}
		if o.answer == "" {
			continue
		}
		answered := false
		for _, code := range []string{"200", "201"} {
			if r := ours.Responses.Value(code); r != nil && r.Value.Content.Get("application/json") != nil {
				c.compare(key+" "+code, o.answer, r.Value.Content.Get("application/json").Schema)
				answered = true
			}
		}
		if !answered && o.answer != "any" {
			c.miss("answer of %s", key)
		}
	}
	return c.missing
}

type comparison struct {
	p       published
	missing []string
	done    map[string]bool
}

func (c *comparison) miss(format string, args ...any) {
	c.missing = append(c.missing, fmt.Sprintf(format, args...))
}

// compare walks one shape of theirs beside one of ours.
func (c *comparison) compare(place, shape string, ours *openapi3.SchemaRef) {
	if inner, ok := strings.CutPrefix(shape, "["); ok {
		if !ours.Value.Type.Is("array") {
			c.miss("%s: a list", place)
			return
		}
		c.compare(place, strings.TrimSuffix(inner, "]"), ours.Value.Items)
		return
	}
	switch shape {
	case "any":
		return // they do not say, or Kubernetes does
	case "map":
		if !ours.Value.Type.Is("object") || ours.Value.AdditionalProperties.Schema == nil {
			c.miss("%s: a map", place)
		}
		return
	case "string", "integer", "number", "boolean":
		if !ours.Value.Type.Is(shape) {
			c.miss("%s: a %s", place, shape)
		}
		return
	}
	if ours.Value.AdditionalProperties.Has != nil && *ours.Value.AdditionalProperties.Has && len(ours.Value.Properties) == 0 {
		return // a patch, which may have every field
	}
	key := shape + " " + ours.Ref
	if c.done[key] {
		return
	}
	c.done[key] = true
	fields, ok := c.p.schemas[shape]
	if !ok {
		c.miss("%s: schema %s is not in published.txt", place, shape)
	}
	for _, f := range fields {
		where := place + "." + f.name
		our := property(ours, f.name)
		if our == nil {
			c.miss("%s: field %s of %s", place, f.name, shape)
			continue
		}
		c.compare(where, f.shape, our)
		for _, v := range f.values {
			if !slices.Contains(our.Value.Enum, any(v)) {
				c.miss("%s: value %s", where, v)
			}
		}
	}
}

// property finds a field of a schema or of one of its parts; the most exact one
// comes last.
func property(s *openapi3.SchemaRef, name string) (found *openapi3.SchemaRef) {
	found = s.Value.Properties[name]
	for _, part := range s.Value.AllOf {
		if p := property(part, name); p != nil {
			found = p
		}
	}
	return found
}
