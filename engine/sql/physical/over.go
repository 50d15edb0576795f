package physical

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
)

func (p *planner) over(n *logical.Over, in *stream) (*stream, error) {
	names := graph.ColumnNames(in.schema)
	spec := n.Spec
	spec.Calls = slices.Clone(n.Spec.Calls)
	if !in.modes.InsertOnly() {
		if spec.Time == data.ProcTime {
			return nil, ast.Planf(n.Pos, "StreamPhysicalOverAggregate doesn't support consuming update and delete changes which is produced by node %s", in.producer)
		}
		spec.Time = data.NoTimeAttr
	}
	for i, c := range spec.Calls {
		if c.Agg != nil {
			agg := *c.Agg
			agg.Retracts = spec.Preceding >= 0 // rows leave the frame
			if spec.Frame != nil {
				agg.Retracts = !agg.AddsOnly || !spec.Frame.From.Unbounded
			}
			if err := takeBack(n.Pos, []graph.AggCall{agg}); err != nil {
				return nil, err
			}
			spec.Calls[i].Agg = &agg
		}
	}
	if spec.Frame != nil {
		return p.overFrame(n, in, &spec), nil
	}
	if spec.Rows || spec.Preceding < 0 {
		spec.TTLMillis = p.config.TTLMillis
	}
	modes := graph.Modes{}
	if spec.Time == data.NoTimeAttr {
		if !spec.Rows && spec.Preceding >= 0 {
			return nil, ast.Planf(n.Pos, "OVER with RANGE of an interval needs rows in the order of a time attribute, and no updates: order by the column with the watermark, or count ROWS")
		}
		modes = graph.Modes{Updates: true, UpdateBefore: true, Deletes: in.modes.Deletes || in.modes.Updates}
	}
	m := in.meaning
	m.rows = fmt.Sprintf("over (%s) %s of [%s]", hash(in.meaning.rows), logical.OverText(n.Spec, m.columns), strings.Join(m.columns, ", "))
	id := hash(m.rows)
	m.columns = slices.Clone(m.columns)
	for i := range spec.Calls {
		m.columns = append(m.columns, fmt.Sprintf("over(%s)#%d", id, i))
	}
	detail := logical.OverText(spec, names)
	op := graph.Op{UID: p.uid("over", m.rows), Name: "OverAggregate", Detail: detail, Schema: n.Schema(), Modes: modes, Over: &spec}
	s := &stream{schema: op.Schema, modes: modes, meaning: m, producer: "OverAggregate(" + detail + ")"}
	s.vertex, s.parallelism = p.gather(in, op, spec.Keys)
	return s, nil
}

// overFrame is OVER of batch mode: one task sees all rows.
func (p *planner) overFrame(n *logical.Over, in *stream, spec *graph.Over) *stream {
	m := in.meaning
	m.rows = fmt.Sprintf("over all (%s) %s of [%s]", hash(in.meaning.rows), logical.OverText(n.Spec, m.columns), strings.Join(m.columns, ", "))
	id := hash(m.rows)
	m.columns = slices.Clone(m.columns)
	for i := range spec.Calls {
		m.columns = append(m.columns, fmt.Sprintf("over(%s)#%d", id, i))
	}
	detail := logical.OverText(*spec, graph.ColumnNames(in.schema))
	op := graph.Op{UID: p.uid("over", m.rows), Name: "OverAggregate", Detail: detail, Schema: n.Schema(), Over: spec}
	s := &stream{schema: op.Schema, meaning: m, producer: "OverAggregate(" + detail + ")"}
	s.vertex, s.parallelism = p.gather(in, op, nil)
	return s
}

// ranked refuses a condition on RANK() or DENSE_RANK(), as Flink does.
func ranked(cond expr.Expr, below logical.Node) error {
	o, ok := below.(*logical.Over)
	if !ok || o.Spec.Frame != nil {
		return nil
	}
	first := len(o.Input.Schema())
	var err error
	var look func(e expr.Expr)
	look = func(e expr.Expr) {
		if e.Kind == expr.KindColumn && e.Index >= first && err == nil {
			if f := o.Spec.Calls[e.Index-first].Func; strings.HasSuffix(f, "RANK") {
				err = ast.Planf(o.Pos, "%s() on streaming table is not supported currently", f)
			}
		}
		for _, a := range e.Args {
			look(a)
		}
	}
	look(cond)
	return err
}
