// Package nexmark has the queries of the Nexmark benchmark as scripts. They are
// those of the nexmark project for Flink (github.com/nexmark/nexmark), over one
// table of events.
package nexmark

import (
	"embed"
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

//go:embed queries/*.sql
var queries embed.FS

// Names lists the queries: q0 to q23.
func Names() []string {
	entries, err := queries.ReadDir("queries")
	if err != nil {
		panic(fmt.Sprintf("embedded queries: %v", err))
	}
	var names []string
	for _, e := range entries {
		if name := strings.TrimSuffix(e.Name(), ".sql"); name != "source" {
			names = append(names, name)
		}
	}
	sort.Slice(names, func(i, j int) bool { return number(names[i]) < number(names[j]) })
	return names
}

func number(name string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(name, "q")) // embedded names are q and a number
	return n
}

// Options are the WITH clauses that a script is made with, without parentheses.
type Options struct {
	Source, Sink, SideInput string
}

// Script returns a query as one script: the event table, its views, the sink
// and the INSERT.
func Script(name string, o Options) (string, error) {
	body, err := queries.ReadFile("queries/" + name + ".sql")
	if err != nil || name == "source" {
		return "", fmt.Errorf("no query %q; there are %s", name, strings.Join(Names(), ", "))
	}
	source, err := queries.ReadFile("queries/source.sql")
	if err != nil {
		return "", fmt.Errorf("embedded source: %w", err)
	}
	script := string(source) + "\n" + string(body)
	for variable, text := range map[string]string{"SOURCE": o.Source, "SINK": o.Sink, "SIDE_INPUT": o.SideInput} {
		if text != "" {
			script = withComment.ReplaceAllString(script, "")
			script = strings.ReplaceAll(script, "${"+variable+"}", text)
		}
	}
	return script, nil
}

// withComment matches comment lines, which may name a variable as well.
var withComment = regexp.MustCompile(`(?m)^--.*\n`)
