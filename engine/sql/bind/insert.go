package bind

import (
	"strconv"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
	"github.com/weir-streams/weir/engine/sql/typing"
)

// Insert binds INSERT INTO; t is the target.
func (b *Binder) Insert(n *ast.Insert, t *catalog.Table) (*logical.Sink, error) {
	t, err := withHints(t, n.Hints)
	if err != nil {
		return nil, err
	}
	query, err := b.Query(n.Query)
	if err != nil {
		return nil, err
	}
	sink := graph.Sink{Table: t.Connected(), Overwrite: n.Overwrite}
	columns := sinkColumns(sink.Table)
	static, err := b.static(n, t, &sink, columns)
	if err != nil {
		return nil, err
	}
	target, err := targets(n, columns, static)
	if err != nil {
		return nil, err
	}
	p, err := intoSink(n, t, query, columns, target, static)
	if err != nil {
		return nil, err
	}
	return &logical.Sink{Input: p, Sink: sink, Conflict: n.Conflict, Pos: n.Target.Pos()}, nil
}

// sinkColumns are the columns that rows of a table are written with: the
// physical ones, then metadata that can be written.
func sinkColumns(t graph.Table) []data.Column {
	out := append([]data.Column(nil), t.Columns...)
	for _, m := range t.Metadata {
		if !m.Virtual {
			out = append(out, data.Column{Name: m.Name, Type: m.Type})
		}
	}
	return out
}

// static binds PARTITION (k = 'v') to constants of its columns.
func (b *Binder) static(n *ast.Insert, t *catalog.Table, sink *graph.Sink, columns []data.Column) (map[int]expr.Expr, error) {
	out := map[int]expr.Expr{}
	for _, p := range n.Partition {
		i := indexOf(columns, p.Name.Name)
		if i < 0 || !contains(t.PartitionBy, p.Name.Name) {
			return nil, ast.Errorf(p.Pos(), "'%s' is no partition column of '%s'%s", p.Name.Name, t.Path.Name, meant(p.Name.Name, t.PartitionBy))
		}
		if p.Value == nil {
			continue
		}
		x := &exprBinder{b: b, scope: &scope{}}
		e, err := x.bind(p.Value)
		if err != nil {
			return nil, err
		}
		if e.Kind != expr.KindLiteral {
			return nil, ast.Errorf(p.Value.Pos(), "a partition's value must be a constant")
		}
		if sink.Static == nil {
			sink.Static = map[string]string{}
		}
		sink.Static[p.Name.Name] = e.Value.S
		if !typing.Text(e.Type) {
			sink.Static[p.Name.Name] = graph.Literal(e.Value, e.Type)
		}
		if out[i], err = cast(p.Value.Pos(), e, columns[i].Type, false); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func indexOf(cols []data.Column, name string) int {
	for i, c := range cols {
		if c.Name == name {
			return i
		}
	}
	return -1
}

// targets gives the sink column of each query column.
func targets(n *ast.Insert, columns []data.Column, static map[int]expr.Expr) ([]int, error) {
	var out []int
	if n.Columns == nil {
		for i := range columns {
			if _, ok := static[i]; !ok {
				out = append(out, i)
			}
		}
		return out, nil
	}
	seen := map[int]bool{}
	for _, c := range n.Columns {
		if len(c.Parts) > 1 {
			return nil, ast.Errorf(c.Pos(), "Unknown target column '%s': rows are put into columns, not into fields", c)
		}
		i := indexOf(columns, c.Parts[0].Name)
		if i < 0 {
			return nil, ast.Errorf(c.Pos(), "Unknown target column '%s'%s", c, meant(c.String(), names(columns)))
		}
		if seen[i] {
			return nil, ast.Errorf(c.Pos(), "Target column '%s' is assigned more than once", c)
		}
		seen[i] = true
		out = append(out, i)
	}
	return out, nil
}

func intoSink(n *ast.Insert, t *catalog.Table, query logical.Node, columns []data.Column, target []int, static map[int]expr.Expr) (logical.Node, error) {
	given := query.Schema()
	mismatch := func(cause string) error {
		return ast.Errorf(n.Query.Pos(), "Column types of query result and sink for '%s' do not match.\nCause: %s\n\nQuery schema: %s\nSink schema:  %s", t.Path, cause, describe(given), describe(columns))
	}
	if len(given) != len(target) {
		return nil, mismatch("Different number of columns.")
	}
	p := &logical.Project{Input: query, Exprs: make([]expr.Expr, len(columns)), Columns: make([]data.Column, len(columns))}
	filled := make([]bool, len(columns))
	for i, k := range target {
		if !typing.Assignable(given[i].Type, columns[k].Type) {
			return nil, mismatch("Incompatible types for sink column '" + columns[k].Name + "' at position " + position(k) + ".")
		}
		p.Exprs[k], filled[k] = convert(expr.Column(i, given[i].Type), columns[k].Type), true
	}
	for i := range columns {
		if e, ok := static[i]; ok {
			p.Exprs[i], filled[i] = e, true
		}
		if !filled[i] {
			if !columns[i].Type.Nullable {
				return nil, ast.Errorf(n.Target.Pos(), "Column '%s' has no default value and does not allow NULLs", columns[i].Name)
			}
			p.Exprs[i] = expr.Literal(data.NullValue(), columns[i].Type)
		}
		p.Columns[i] = data.Column{Name: columns[i].Name, Type: p.Exprs[i].Type}
	}
	return p, nil
}

func position(i int) string { return strconv.Itoa(i + 1) }
