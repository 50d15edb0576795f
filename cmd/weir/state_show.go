package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/engine/checkpoint"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/resource"
)

// stateFlags choose what weir state shows.
type stateFlags struct {
	operator, table, output string
	where                   []string
	limit                   int
	verify                  bool
}

func showStateCommand(s *session) *cobra.Command {
	var f stateFlags
	c := &cobra.Command{
		Use:   "state PATH|DEPLOYMENT",
		Short: "Look into a savepoint or checkpoint",
		Long: "Show the operators of a savepoint or checkpoint with the state of each: its tables, how many rows and bytes they have and in how many layers\n" +
			"they lie. With --operator and --table, show the rows of one. PATH is a folder, file:/… or s3://…; the name of a deployment stands for its\n" +
			"newest savepoint, which must lie where this computer can read it. Rows that lie in more than one layer are counted once for each (~).",
		Example: example("weir state orders\nweir state file:/state/savepoint-17 --verify\n" +
			"weir state orders --operator GroupAggregate --table groups --where user=17 --limit 5"),
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: s.completeDeployments,
	}
	c.Flags().StringVar(&f.operator, "operator", "", "name or uid of an operator, or the beginning of it")
	c.Flags().StringVar(&f.table, "table", "", "name of a table of its state")
	c.Flags().StringArrayVar(&f.where, "where", nil, "rows whose COLUMN=TEXT; may be repeated")
	c.Flags().IntVar(&f.limit, "limit", 20, "rows to show; 0: all")
	c.Flags().BoolVar(&f.verify, "verify", false, "read all and check it")
	c.Flags().StringVarP(&f.output, "output", "o", "table", "table or json")
	s.clientFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if f.output != "table" && f.output != "json" {
			return usagef("output %q is not known; it can be table or json", f.output)
		}
		if f.table != "" && f.operator == "" {
			return usagef("--table needs --operator")
		}
		if f.table == "" && len(f.where) > 0 {
			return usagef("--where needs --table")
		}
		place := args[0]
		if !isPlace(place) {
			var err error
			if place, err = s.newestState(c.Context(), place); err != nil {
				return err
			}
		}
		return f.show(s.out, place)
	}
	return c
}

// isPlace tells a path from the name of a deployment.
func isPlace(arg string) bool {
	if strings.ContainsAny(arg, "/\\:") || arg == "." {
		return true
	}
	_, err := os.Stat(arg)
	return err == nil
}

func (s *session) newestState(ctx context.Context, name string) (string, error) {
	api, err := s.api()
	if err != nil {
		return "", err
	}
	sp, err := s.chooseSavepoint(ctx, api, deploymentName(name), "latest")
	if err != nil {
		return "", err
	}
	return sp.Spec.SavepointLocation, nil
}

func (f *stateFlags) show(w io.Writer, place string) error {
	m, err := checkpoint.Open(place)
	if err != nil {
		return err
	}
	if f.verify {
		if err := m.Verify(); err != nil {
			return err
		}
	}
	if f.operator == "" {
		return f.overview(w, m)
	}
	op, err := f.find(m.Operators())
	if err != nil {
		return err
	}
	if f.table == "" {
		return f.tables(w, op)
	}
	i := slices.IndexFunc(op.Keyed, func(k checkpoint.Shape) bool { return k.Name == f.table })
	if i < 0 {
		var names []string
		for _, k := range op.Keyed {
			names = append(names, k.Name)
		}
		return &exitError{client.ExitNotFound, fmt.Errorf("operator %s has no table %q; it has %s", op.Name, f.table, firstOf(strings.Join(names, ", "), "none"))}
	}
	return f.rows(w, m, op, op.Keyed[i])
}

// find finds one operator by its name or uid, or the beginning of it.
func (f *stateFlags) find(ops []checkpoint.Operator) (checkpoint.Operator, error) {
	var found []checkpoint.Operator
	for _, op := range ops {
		if op.Name == f.operator || op.UID == f.operator {
			return op, nil
		}
		if strings.HasPrefix(strings.ToLower(op.Name), strings.ToLower(f.operator)) || strings.HasPrefix(op.UID, f.operator) {
			found = append(found, op)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		var names []string
		for _, op := range found {
			names = append(names, op.Name+" (uid "+op.UID+")")
		}
		return found[0], usagef("--operator %s means more than one: %s", f.operator, strings.Join(names, ", "))
	}
	var names []string
	for _, op := range ops {
		names = append(names, op.Name)
	}
	return checkpoint.Operator{}, &exitError{client.ExitNotFound, fmt.Errorf("there is no state of an operator %q; there is of %s", f.operator, strings.Join(names, ", "))}
}

func (f *stateFlags) overview(w io.Writer, m *checkpoint.Manifest) error {
	ops := m.Operators()
	job, name := m.Job()
	if f.output == "json" {
		out := struct {
			Path           string                   `json:"path"`
			ID             int64                    `json:"id"`
			Savepoint      bool                     `json:"savepoint"`
			JobID          string                   `json:"jobId"`
			JobName        string                   `json:"jobName"`
			Created        time.Time                `json:"created"`
			MaxParallelism int                      `json:"maxParallelism"`
			Operators      []resource.StateOperator `json:"operators"`
		}{m.Path(), m.ID(), m.Savepoint(), job, name, m.Created().UTC(), m.MaxParallelism(), []resource.StateOperator{}}
		for _, op := range ops {
			out.Operators = append(out.Operators, stateOperator(op))
		}
		return printJSON(w, out)
	}
	what := "Checkpoint"
	if m.Savepoint() {
		what = "Savepoint"
	}
	fmt.Fprintf(w, "%s %d of job %s (%s), begun %s, max parallelism %d\n%s\n\n", what, m.ID(), name, job, m.Created().UTC().Format(time.RFC3339), m.MaxParallelism(), m.Path())
	t := &table{head: []string{"OPERATOR", "UID", "PARALLELISM", "BYTES", "LAYERS", "ITEMS", "TABLE", "ROWS", "KEY"}, right: make([]bool, 9), full: true}
	for _, i := range []int{2, 3, 4, 5, 7} {
		t.right[i] = true
	}
	for _, op := range ops {
		cells := []string{op.Name, op.UID[:min(12, len(op.UID))], strconv.Itoa(op.Parallelism), size(op.Bytes), strconv.Itoa(op.Layers), strconv.Itoa(op.Items)}
		if len(op.Keyed) == 0 {
			t.add(append(cells, "-", "-", "-")...)
		}
		for i, k := range op.Keyed {
			if i > 0 {
				cells = []string{"", "", "", "", "", ""}
			}
			t.add(append(slices.Clone(cells), k.Name, rowsOf(op, k), keyOf(k))...)
		}
	}
	return t.write(w, nil)
}

func rowsOf(op checkpoint.Operator, k checkpoint.Shape) string {
	if op.Layers > 1 {
		return "~" + strconv.FormatInt(k.Rows, 10)
	}
	return strconv.FormatInt(k.Rows, 10)
}

func keyOf(k checkpoint.Shape) string {
	var names []string
	for _, c := range k.Schema[:k.Keys] {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}

func (f *stateFlags) tables(w io.Writer, op checkpoint.Operator) error {
	if f.output == "json" {
		return printJSON(w, stateOperator(op))
	}
	t := &table{head: []string{"TABLE", "ROWS", "COLUMN", "TYPE", "KEY"}, right: []bool{false, true, false, false, false}, full: true}
	for _, k := range op.Keyed {
		for i, c := range k.Schema {
			name, rows, key := "", "", ""
			if i == 0 {
				name, rows = k.Name, rowsOf(op, k)
			}
			if i < k.Keys {
				key = "key"
			}
			t.add(name, rows, c.Name, c.Type.String(), key)
		}
	}
	return t.write(w, nil)
}

var errLimitReached = errors.New("enough rows")

// condition is one --where.
type condition struct {
	column int
	text   string
}

// rows shows the rows of a table that meet the conditions.
func (f *stateFlags) rows(w io.Writer, m *checkpoint.Manifest, op checkpoint.Operator, k checkpoint.Shape) error {
	conditions, err := f.conditions(k)
	if err != nil {
		return err
	}
	p, err := newPrinter(w, runOptions{output: f.output})
	if err != nil {
		return err
	}
	if err := p.schema(0, k.Schema, comeAsRows); err != nil {
		return err
	}
	shown := 0
	err = eachStateRow(m, op, k, conditions, &p, func(b *data.Batch) error {
		if f.limit > 0 && shown == f.limit {
			return errLimitReached
		}
		shown++
		return p.batch(0, k.Schema, b)
	}, func() error { return nil })
	more := errors.Is(err, errLimitReached)
	if err != nil && !more {
		return err
	}
	if err := p.flush(); err != nil {
		return err
	}
	if f.output == "table" {
		rest := ""
		if more {
			rest = ", there are more (--limit)"
		}
		fmt.Fprintf(w, "%d rows%s\n", shown, rest)
	}
	return nil
}

func (f *stateFlags) conditions(k checkpoint.Shape) ([]condition, error) {
	var out []condition
	for _, text := range f.where {
		name, want, ok := strings.Cut(text, "=")
		i := slices.IndexFunc(k.Schema, func(c data.Column) bool { return c.Name == strings.TrimSpace(name) })
		if !ok || i < 0 {
			var names []string
			for _, c := range k.Schema {
				names = append(names, c.Name)
			}
			return nil, usagef("--where %s: want COLUMN=TEXT with a column of %s: %s", text, k.Name, strings.Join(names, ", "))
		}
		out = append(out, condition{i, want})
	}
	return out, nil
}
