package gateway

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/sql"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/parse"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

// request is a request to carry out statements.
type request struct {
	namespace         resource.Namespace
	catalog, database string // current at the start
	by                string
	limit             int // rows that are shown
	wanted            int // rows that were asked for; 0: not said
}

func (g *Gateway) request(r *http.Request) (request, error) {
	n, err := g.namespace(r)
	if err != nil {
		return request{}, err
	}
	q := r.URL.Query()
	out := request{namespace: n, catalog: q.Get("catalog"), database: q.Get("database"), by: g.author(r), limit: g.Limits.PreviewRows}
	if text := q.Get("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 1 {
			return out, resource.Invalidf("limit", "must be a whole number of at least 1, got %q", text)
		}
		out.limit, out.wanted = min(limit, g.Limits.PreviewRows), limit
	}
	return out, nil
}

// checkSize refuses more SQL than is looked at.
func (g *Gateway) checkSize(field string, text string) error {
	if len(text) > g.Limits.StatementBytes {
		return resource.Invalidf(field, "has %d bytes of SQL; at most %d are carried out", len(text), g.Limits.StatementBytes)
	}
	return nil
}

func (g *Gateway) executeStatement(w http.ResponseWriter, r *http.Request) error {
	req, err := g.request(r)
	if err != nil {
		return err
	}
	var in struct {
		Statement string `json:"statement"`
	}
	if err := body(w, r, &in); err != nil {
		return err
	}
	if err := g.checkSize("statement", in.Statement); err != nil {
		return err
	}
	if strings.TrimSpace(in.Statement) == "" {
		return resource.Invalidf("statement", "must be set")
	}
	release, err := g.compiling(r.Context())
	if err != nil {
		return err
	}
	defer release()
	replies, err := g.execute(r.Context(), req, []string{in.Statement}, true)
	if err != nil {
		return err
	}
	wire.WriteJSON(w, r, http.StatusOK, replies[0])
	return nil
}

func (g *Gateway) executeStatements(w http.ResponseWriter, r *http.Request) error {
	req, err := g.request(r)
	if err != nil {
		return err
	}
	stop := true
	if text := r.URL.Query().Get("stopOnError"); text != "" {
		if stop, err = strconv.ParseBool(strings.ToLower(text)); err != nil {
			return resource.Invalidf("stopOnError", "must be true or false, got %q", text)
		}
	}
	statements, err := texts(w, r)
	if err != nil {
		return err
	}
	const most = 1000
	if len(statements) > most {
		return resource.Invalidf("body", "has %d statements; at most %d are carried out at once", len(statements), most)
	}
	if err := g.checkSize("body", strings.Join(statements, "")); err != nil {
		return err
	}
	release, err := g.compiling(r.Context())
	if err != nil {
		return err
	}
	defer release()
	replies, err := g.execute(r.Context(), req, statements, stop)
	if err != nil {
		return err
	}
	wire.WriteJSON(w, r, http.StatusOK, struct {
		Responses []executeReply `json:"responses"`
	}{replies})
	return nil
}

// texts reads a list of statements; they may also stand in an object.
func texts(w http.ResponseWriter, r *http.Request) ([]string, error) {
	text, err := wire.ReadBody(w, r, maxBody)
	if err != nil {
		return nil, err
	}
	if len(text) > 0 && text[0] == '[' {
		text = append(append([]byte(`{"statements":`), text...), '}')
	}
	var in struct {
		Statements []string `json:"statements"`
	}
	_, err = resource.Read(text, &in)
	if err == nil && in.Statements == nil {
		err = resource.Invalidf("statements", "must be a list of statements")
	}
	return in.Statements, err
}

// execute carries out texts, each of one statement or more, one after the
// other in one session: what one makes current or temporary the next has.
func (g *Gateway) execute(ctx context.Context, req request, texts []string, stop bool) ([]executeReply, error) {
	type script struct {
		statements []ast.Statement
		err        error
	}
	scripts := make([]script, len(texts))
	changes := false
	for i, text := range texts {
		scripts[i].statements, scripts[i].err = parse.Script(text)
		for _, st := range scripts[i].statements {
			changes = changes || changesCatalogs(st)
		}
	}
	if changes {
		release, err := g.turn(ctx, req.namespace.Metadata.Name)
		if err != nil {
			return nil, err
		}
		defer release()
	}
	o, err := g.open(ctx, req.namespace.Metadata.Name, req.catalog, req.database)
	if err != nil {
		return nil, err
	}
	replies := make([]executeReply, len(texts))
	failed := false
	for i, s := range scripts {
		switch {
		case failed && stop, ctx.Err() != nil:
			replies[i].Result = resultSkipped
			continue
		case s.err != nil:
			replies[i] = executeReply{Result: resultErrorDetails, ErrorMessage: detailsOf(s.err, texts[i])}
		case len(s.statements) == 0:
			replies[i] = executeReply{Result: resultErrorDetails, ErrorMessage: &errorDetails{Message: "the statement is empty"}}
		}
		for _, st := range s.statements {
			if replies[i].ErrorMessage != nil {
				break
			}
			reply, err := g.statement(ctx, o, req, st)
			if err != nil {
				reply.Result, reply.ErrorMessage = resultErrorDetails, detailsOf(err, texts[i])
				if reply.ResultTable != nil {
					reply.Result = resultErrorRows
				}
			}
			replies[i] = reply
		}
		failed = failed || replies[i].ErrorMessage != nil
	}
	return replies, nil
}

// statement carries out one statement.
func (g *Gateway) statement(ctx context.Context, o *opened, req request, st ast.Statement) (executeReply, error) {
	if changesCatalogs(st) {
		return executeReply{Result: resultSuccess}, g.declare(ctx, o, req.by, st)
	}
	out, err := o.Execute(st)
	if err != nil {
		return executeReply{}, o.explained(err, st)
	}
	switch out.Kind {
	case sql.Insert:
		return executeReply{}, ast.Errorf(st.Pos(), "INSERT runs until its input ends, so it is not carried out here: create a deployment with this script as its artifact "+
			"(kind SQLSCRIPT), which runs it and keeps its state")
	case sql.Select:
		return g.preview(ctx, req, o, out, st)
	case sql.Rows:
		return executeReply{Result: resultRows, ResultTable: tableOf(out)}, nil
	}
	switch st.(type) {
	case *ast.BeginStatementSet, *ast.EndStatementSet, *ast.Insert: // collected into a set that nobody ends
		return executeReply{}, ast.Errorf(st.Pos(), "a statement set is not carried out here: create a deployment with it")
	}
	return executeReply{Result: resultSuccess}, nil
}

// tableOf is the rows of a listing as text.
func tableOf(out *sql.Outcome) *resultTable {
	t := &resultTable{Headers: make([]tableHeader, len(out.Columns)), Rows: make([]tableRow, len(out.Rows))}
	for i, c := range out.Columns {
		t.Headers[i].Name = c.Name
	}
	for i, row := range out.Rows {
		cells := make([]tableCell, len(row))
		for k, v := range row {
			if !v.Null {
				s := data.FormatValue(v, out.Columns[k].Type, time.UTC)
				cells[k].Value = &s
			}
		}
		t.Rows[i].Cells = cells
	}
	return t
}

func (g *Gateway) validateStatement(w http.ResponseWriter, r *http.Request) error {
	req, err := g.request(r)
	if err != nil {
		return err
	}
	var in struct {
		Statement string `json:"statement"`
	}
	if err := body(w, r, &in); err != nil {
		return err
	}
	if err := g.checkSize("statement", in.Statement); err != nil {
		return err
	}
	release, err := g.compiling(r.Context())
	if err != nil {
		return err
	}
	defer release()
	o, err := g.open(r.Context(), req.namespace.Metadata.Name, req.catalog, req.database)
	if err != nil {
		return err
	}
	result, details := g.validate(o, in.Statement)
	wire.WriteJSON(w, r, http.StatusOK, struct {
		ValidationResult string        `json:"validationResult"`
		ErrorDetails     *errorDetails `json:"errorDetails,omitempty"`
	}{result, details})
	return nil
}

// validate checks a script of one statement or more, without running it or
// changing anything that is kept.
func (g *Gateway) validate(o *opened, script string) (string, *errorDetails) {
	if strings.TrimSpace(script) == "" {
		return invalidQuery, &errorDetails{Message: "the statement is empty"}
	}
	statements, err := parse.Script(script)
	if err != nil {
		return invalidQuery, detailsOf(err, script)
	}
	result := validCommand
	runs := false
	for _, st := range statements {
		switch st.(type) {
		case *ast.Insert, *ast.StatementSet, *ast.BeginStatementSet, *ast.EndStatementSet:
			result, runs = validInsert, true
		case *ast.Query:
			if !runs {
				result = validSelect
			}
			runs = true
		case *ast.Use, *ast.Show, *ast.Describe, *ast.Explain, *ast.Set, *ast.Reset, *ast.Jar:
		default:
			if !runs {
				result = validDDL
			}
		}
	}
	if len(statements) == 0 {
		return invalidQuery, &errorDetails{Message: "there is no statement"}
	}
	err = g.check(o, script, statements, runs)
	switch {
	case err == nil:
		return result, nil
	case badOptions(err):
		result = invalidConnectorQuery
	case unsupported(err):
		result = unsupportedQuery
	default:
		result = invalidQuery
	}
	for _, st := range statements {
		err = o.explained(err, st)
	}
	return result, detailsOf(err, script)
}

func (g *Gateway) check(o *opened, script string, statements []ast.Statement, runs bool) error {
	for _, st := range statements {
		if changesCatalogs(st) {
			if err := o.mayChange(st); err != nil {
				return err
			}
		}
	}
	if runs {
		_, err := o.CompileScript(script)
		return err
	}
	for _, st := range statements {
		if _, err := o.Execute(st); err != nil {
			return err
		}
		c, ok := st.(*ast.CreateTable)
		if !ok || c.As != nil {
			continue
		}
		if err := o.CheckTable(c.Name); err != nil {
			return err
		}
	}
	return nil
}
