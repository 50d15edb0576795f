package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/parse"
)

// maxBefore is how many statements a session with a server may have that last
// as long as it.
const maxBefore = 900

// sqlThere carries out statements in a namespace of a server. The server keeps
// nothing between requests but the catalogs: what lasts as long as the session
// is sent again with every statement.
type sqlThere struct {
	sh      *shell
	printer printer
	api     *client.Client
	ns      string
	config  map[string]string
	initial map[string]string
	before  []string // SETs first
}

func newSQLThere(sh *shell, api *client.Client, ns string, config map[string]string) *sqlThere {
	t := &sqlThere{sh: sh, printer: sh.printer, api: api, ns: ns, config: maps.Clone(config), initial: config}
	return t
}

func (t *sqlThere) end(context.Context) {}

func (t *sqlThere) suggest(ctx context.Context, text string, at int) []string {
	before := ""
	for _, s := range t.before {
		before += s + ";\n"
	}
	texts, err := t.api.SuggestSQL(ctx, t.ns, before+text, len([]rune(before))+at)
	if err != nil {
		return nil // nobody wants to read this while typing
	}
	return texts
}

// session is what every statement is sent with.
func (t *sqlThere) session() []string {
	var all []string
	for _, k := range slices.Sorted(maps.Keys(t.config)) {
		all = append(all, ast.Print(&ast.Set{Key: &k, Value: new(t.config[k])}))
	}
	return append(all, t.before...)
}

func (t *sqlThere) statement(ctx context.Context, number int, text string) (int64, error) {
	st, err := parse.Statement(text)
	if err != nil {
		return 0, err
	}
	switch n := st.(type) {
	case *ast.Query:
		return t.query(ctx, number, text)
	case *ast.Set:
		if n.Key != nil {
			t.config[*n.Key] = *n.Value
			return 0, nil
		}
	case *ast.Reset:
		if n.Key == nil {
			t.config = maps.Clone(t.initial)
		} else if delete(t.config, *n.Key); t.initial[*n.Key] != "" {
			t.config[*n.Key] = t.initial[*n.Key]
		}
		return 0, nil
	}
	reply, err := t.api.ExecuteSQL(ctx, t.ns, append(t.session(), text))
	if err != nil {
		return 0, err
	}
	if lasting(st) {
		if len(t.before) == maxBefore {
			return 0, fmt.Errorf("a session has at most %d statements such as USE and CREATE TEMPORARY; begin another", maxBefore)
		}
		t.before = append(t.before, strings.TrimSpace(text))
	}
	if reply.Columns == nil {
		return 0, nil
	}
	columns := columnsOf(reply.Columns)
	t.printer.materialize = false
	if err := t.printer.schema(number, columns, comeAtOnce); err != nil {
		return 0, err
	}
	return int64(len(reply.Rows)), t.printer.list(number, columns, reply.Rows)
}

// query shows a query: its table as it changes, or its changes.
func (t *sqlThere) query(ctx context.Context, number int, text string) (int64, error) {
	live, err := t.sh.liveTable(t.config)
	if err != nil {
		return 0, err
	}
	t.printer.materialize = live
	var view *tableView
	var rows int64
	_, why, err := t.api.FollowSQL(ctx, t.ns, strings.TrimSpace(text), t.session(), 0, func(columns []client.SQLColumn) error {
		err := t.printer.schema(number, columnsOf(columns), comeAsChanges)
		if live && err == nil {
			view = t.sh.watchTable(&t.printer, columnsOf(columns), t.config)
		}
		return err
	}, func(changes []client.SQLChange) error {
		rows += int64(len(changes))
		err := t.printer.texts(number, changes)
		if view != nil {
			err = errors.Join(err, view.room())
		}
		return err
	})
	if view != nil {
		rows, err = view.end(number, err)
	}
	if err == nil && t.sh.live {
		fmt.Fprintln(t.sh.out, why)
	}
	return rows, err
}

func columnsOf(columns []client.SQLColumn) []data.Column {
	out := make([]data.Column, len(columns))
	for i, c := range columns {
		out[i] = data.Column{Name: c.Name, Type: data.String()} // values come as text
	}
	return out
}

// lasting tells whether a statement means something to those after it that the
// server does not keep.
func lasting(st ast.Statement) bool {
	switch n := st.(type) {
	case *ast.Use:
		return true
	case *ast.CreateTable:
		return n.Temporary
	case *ast.CreateView:
		return n.Temporary
	case *ast.CreateFunction:
		return n.Temporary
	case *ast.CreateModel:
		return n.Temporary
	case *ast.AlterFunction:
		return n.Temporary
	case *ast.Drop:
		return n.Temporary
	}
	return false
}
