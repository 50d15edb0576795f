package sql

import (
	"errors"
	"strings"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/bind"
	"github.com/weir-streams/weir/engine/sql/logical"
	"github.com/weir-streams/weir/engine/sql/optimize"
	"github.com/weir-streams/weir/engine/sql/physical"
)

// query plans a SELECT, whose result goes to the client.
func (s *Session) query(q *ast.Query) (*Outcome, error) {
	sink, err := s.collect(q)
	if err != nil {
		return nil, err
	}
	o, err := s.plan([]insert{{sink: sink}})
	if err != nil {
		return nil, err
	}
	o.Kind = Select
	for _, c := range sink.Schema() {
		c.Type.TimeAttr = data.NoTimeAttr
		o.Columns = append(o.Columns, c)
	}
	return o, nil
}

func (s *Session) collect(q *ast.Query) (*logical.Sink, error) {
	b, err := s.binder()
	if err != nil {
		return nil, at(q.Pos(), err)
	}
	n, err := b.Query(q)
	if err == nil {
		err = bind.NoClass(n, q.Pos())
	}
	if err != nil {
		return nil, err
	}
	t := graph.Table{Name: "collect", Connector: "collect", Columns: n.Schema()}
	return &logical.Sink{Input: n, Sink: graph.Sink{Table: t}, Pos: q.Pos()}, nil
}

// at gives an error a place, if it has none.
func at(pos ast.Pos, err error) error {
	var e *ast.Error
	if err == nil || errors.As(err, &e) {
		return err
	}
	return ast.Errorf(pos, "%w", err)
}

// planAt is at, of the stage after that of names; it begins with a capital, as
// Flink says it.
func planAt(pos ast.Pos, err error) error {
	if err == nil {
		return nil
	}
	said := err.Error()
	return ast.Planf(pos, "%s", strings.ToUpper(said[:1])+said[1:])
}

func (s *Session) insert(n *ast.Insert) (insert, error) {
	b, err := s.binder()
	if err != nil {
		return insert{}, at(n.Pos(), err)
	}
	p, ok := s.catalog.Resolve(n.Target.Strings())
	var t *catalog.Table
	if ok {
		t = s.catalog.Table(p)
	}
	if t == nil {
		near := s.catalog.Near(p)
		if near != "" {
			near = " Did you mean '" + near + "'?"
		}
		return insert{}, ast.Errorf(n.Target.Pos(), "Cannot find table '%s' in any of the catalogs [%s], nor as a temporary table.%s", quoted(p), strings.Join(s.catalog.Catalogs(), ", "), near)
	}
	if t.View != nil {
		return insert{}, ast.Planf(n.Target.Pos(), "Sink '%s' does not exist: it is a view", p)
	}
	if n.Overwrite {
		if err := s.overwrite(n, t); err != nil {
			return insert{}, err
		}
	}
	sink, err := b.Insert(n, t)
	if err != nil {
		return insert{}, err
	}
	written := t.Clone()
	written.Options = sink.Sink.Table.Options // with hints
	if err := s.sink(written, n.Target.Pos()); err != nil {
		return insert{}, err
	}
	return insert{sink: sink, table: t}, nil
}

func quoted(p catalog.Path) string {
	return ast.QuoteIdent(p.Catalog) + "." + ast.QuoteIdent(p.Database) + "." + ast.QuoteIdent(p.Name)
}

func (s *Session) inserts(n *ast.StatementSet) ([]insert, error) {
	var out []insert
	for _, x := range n.Inserts {
		i, err := s.insert(x)
		if err != nil {
			return nil, err
		}
		out = append(out, i)
	}
	return out, nil
}

// plan makes one graph of all the inserts.
func (s *Session) plan(all []insert) (*Outcome, error) {
	g, roots, err := s.graph(all)
	if err != nil {
		return nil, at(all[0].sink.Pos, err)
	}
	o := &Outcome{Kind: Insert, Graph: g, Name: s.config["pipeline.name"]}
	seen := map[string]bool{}
	names := make([]string, 0, len(all))
	for _, r := range roots {
		t := r.Sink.Table
		if t.Connector == "collect" {
			names = append(names, "collect")
			continue
		}
		name := t.Catalog + "." + t.Database + "." + t.Name
		if !seen[name] {
			seen[name] = true
			o.Sinks, names = append(o.Sinks, t), append(names, name)
		}
	}
	if o.Name == "" {
		o.Name = "insert-into_" + strings.Join(names, ",")
		if len(o.Sinks) == 0 {
			o.Name = "collect"
		}
	}
	o.Sources = sources(g)
	return o, nil
}

func sources(g *graph.Graph) []graph.Table {
	var out []graph.Table
	seen := map[string]bool{}
	for _, v := range g.Vertices {
		for _, op := range v.Ops {
			var t graph.Table
			switch {
			case op.Source != nil:
				t = op.Source.Table
			case op.LookupJoin != nil:
				t = op.LookupJoin.Table
			default:
				continue
			}
			if name := t.Catalog + "." + t.Database + "." + t.Name; !seen[name] {
				seen[name] = true
				out = append(out, t)
			}
		}
	}
	return out
}

func (s *Session) graph(all []insert) (*graph.Graph, []*logical.Sink, error) {
	c, err := s.optimizer()
	if err != nil {
		return nil, nil, err
	}
	roots := optimize.Optimize(rootsOf(all), c)
	sinks := make([]*logical.Sink, len(roots))
	for i, r := range roots {
		sinks[i] = r.(*logical.Sink)
	}
	config, err := s.physical()
	if err != nil {
		return nil, nil, err
	}
	g, err := physical.Plan(sinks, config)
	if err == nil {
		g.Functions = s.functionsOf(g)
	}
	return g, sinks, err
}

func rootsOf(all []insert) []logical.Node {
	roots := make([]logical.Node, len(all))
	for i, x := range all {
		roots[i] = x.sink
	}
	return roots
}

func (s *Session) optimizer() (*optimize.Context, error) {
	zone, err := s.zone()
	if err != nil {
		return nil, err
	}
	reorder, err := s.flag("table.optimizer.join-reorder-enabled")
	if err != nil {
		return nil, err
	}
	env := &function.Env{TimeZone: zone}
	return &optimize.Context{
		ReorderJoins: reorder, Bounded: s.bounded,
		Fold:     func(e expr.Expr) (data.Value, error) { return expr.EvalConst(e, s.functions, env) },
		Volatile: s.volatile,
	}, nil
}

// volatile tells whether a function's answer is another at another time.
func (s *Session) volatile(name string) bool {
	switch name {
	case "PROCTIME", "NOW", "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "LOCALTIME", "LOCALTIMESTAMP", "CURRENT_ROW_TIMESTAMP",
		"UNIX_TIMESTAMP", "CURRENT_WATERMARK", "RAND", "RAND_INTEGER", "UUID", "CURRENT_DATABASE":
		return true
	}
	f := s.functions.Scalar(name)
	return f != nil && f.Volatile
}
