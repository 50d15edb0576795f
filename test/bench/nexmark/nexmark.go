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
		if name := strings.TrimSuffix(e.Name(), ".sql"); name != "source" && name != "bids" {
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
	// Bids: the source has bids alone, as plain columns.
	Bids bool
}

// Script returns a query as one script: the event table, its views, the sink
// and the INSERT.
func Script(name string, o Options) (string, error) {
	body, err := queries.ReadFile("queries/" + name + ".sql")
	if err != nil || name == "source" || name == "bids" {
		return "", fmt.Errorf("no query %q; there are %s", name, strings.Join(Names(), ", "))
	}
	from := "source"
	if o.Bids {
		from = "bids"
	}
	source, err := queries.ReadFile("queries/" + from + ".sql")
	if err != nil {
		return "", fmt.Errorf("embedded source: %w", err)
	}
	return o.fill(string(source) + "\n" + string(body)), nil
}

// Fill returns a script that writes what a source has into the input of
// another script: the events, or the bids alone.
func Fill(source, target string, bids bool) (string, error) {
	events, err := queries.ReadFile("queries/source.sql")
	if err != nil {
		return "", fmt.Errorf("embedded source: %w", err)
	}
	script := Options{Source: source}.fill(string(events))
	if bids {
		into, err := queries.ReadFile("queries/bids.sql")
		if err != nil {
			return "", fmt.Errorf("embedded source: %w", err)
		}
		return script + strings.Replace(Options{Source: target}.fill(string(into)), "TABLE bid ", "TABLE input ", 1) +
			"INSERT INTO input SELECT auction, bidder, price, channel, url, `dateTime`, extra FROM bid;\n", nil
	}
	table, _, _ := strings.Cut(Options{Source: target}.fill(string(events)), "CREATE VIEW")
	return script + strings.Replace(table, "TABLE events ", "TABLE input ", 1) +
		"INSERT INTO input SELECT event_type, person, auction, bid FROM events;\n", nil
}

func (o Options) fill(script string) string {
	for variable, text := range map[string]string{"SOURCE": o.Source, "SINK": o.Sink, "SIDE_INPUT": o.SideInput} {
		if text != "" {
			script = withComment.ReplaceAllString(script, "")
			script = strings.ReplaceAll(script, "${"+variable+"}", text)
		}
	}
	return script
}

// SideRows is the side input of q13, as CSV: the numbers below 10,000, each twice.
func SideRows() []byte {
	var b []byte
	for i := range int64(10_000) {
		b = strconv.AppendInt(b, i, 10)
		b = append(b, ',')
		b = strconv.AppendInt(b, i, 10)
		b = append(b, '\n')
	}
	return b
}

// withComment matches comment lines, which may name a variable as well.
var withComment = regexp.MustCompile(`(?m)^--.*\n`)
