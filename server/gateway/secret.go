package gateway

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"strings"

	"github.com/weir-streams/weir/engine/graph"
)

// secrets are the values that were put into a query, by name.
type secrets struct{ replacer *strings.Replacer }

// hide writes names where a text has values.
func (s *secrets) hide(text string) string {
	if s == nil || s.replacer == nil {
		return text
	}
	return s.replacer.Replace(text)
}

var placeholder = regexp.MustCompile(`\$\{([0-9a-zA-Z_-]{1,250})\}`)

// resolve puts the namespace's secrets into the options of a query's tables:
// nowhere else, so that no query shows a secret.
func (g *Gateway) resolve(ctx context.Context, namespace string, gr *graph.Graph) (*secrets, error) {
	values := map[string]string{}
	var missing error
	value := func(text string) string {
		return placeholder.ReplaceAllStringFunc(text, func(word string) string {
			name := placeholder.FindStringSubmatch(word)[1]
			if v, ok := values[name]; ok {
				return v
			}
			s, err := g.Secrets.GetByName(ctx, namespace, name)
			if err != nil {
				if missing == nil {
					missing = fmt.Errorf("secret value %q that the options of a table name: %w", name, err)
				}
				return word
			}
			values[name] = s.Spec.Value
			return s.Spec.Value
		})
	}
	filled := func(t *graph.Table) {
		options := maps.Clone(t.Options)
		for k, v := range options {
			if strings.Contains(v, "${") {
				options[k] = value(v)
			}
		}
		t.Options = options
	}
	for i := range gr.Vertices {
		for k := range gr.Vertices[i].Ops {
			op := &gr.Vertices[i].Ops[k]
			if op.Source != nil {
				filled(&op.Source.Table)
			}
			if op.Sink != nil {
				filled(&op.Sink.Table)
			}
		}
	}
	if missing != nil {
		return nil, missing
	}
	var pairs []string
	for name, v := range values {
		if v != "" {
			pairs = append(pairs, v, "${"+name+"}")
		}
	}
	return &secrets{strings.NewReplacer(pairs...)}, nil
}
