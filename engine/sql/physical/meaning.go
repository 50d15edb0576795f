package physical

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// meaning is what a stream's rows are, in words that do not change with other
// parts of the plan: which rows there are, and each column in terms of the
// columns of the tables. Columns that nobody uses do not count.
type meaning struct {
	table   string // of a scan
	rows    string
	columns []string
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}

// uid makes an identity of 32 hex digits; what is the same again gets an ordinal.
func (p *planner) uid(kind, meaning string) string {
	key := kind + "\n" + meaning
	p.ids[key]++
	if n := p.ids[key]; n > 1 {
		key += fmt.Sprintf("\n#%d", n)
	}
	return hash(key)
}

func scanMeaning(n *logical.Scan) meaning {
	t := n.Table
	m := meaning{table: t.Catalog + "." + t.Database + "." + t.Name, columns: make([]string, len(n.Output))}
	m.rows = "table " + m.table
	for i, p := range n.Output {
		m.columns[i] = t.Name + "." + logical.PathName(t, p)
	}
	return m
}

// computed gives the meanings of expressions over the columns.
func (m meaning) computed(exprs []expr.Expr) []string {
	out := make([]string, len(exprs))
	for i, e := range exprs {
		out[i] = short(graph.Expression(e, m.columns))
	}
	return out
}

// short keeps meanings of columns of columns from growing without end.
func short(meaning string) string {
	if len(meaning) <= 1000 {
		return meaning
	}
	return "meaning(" + hash(meaning) + ")"
}

// filtered is the rows for which a condition is TRUE; the order of its parts
// does not count.
func (m meaning) filtered(cond expr.Expr) meaning {
	var parts []string
	if cond.Kind == expr.KindCall && cond.Func == "AND" {
		parts = m.computed(cond.Args)
	} else {
		parts = m.computed([]expr.Expr{cond})
	}
	slices.Sort(parts)
	return meaning{rows: m.rows + " filter " + strings.Join(parts, " AND "), columns: m.columns}
}

func (m meaning) watermarked(n *logical.Watermark) meaning {
	return meaning{rows: m.rows + " watermark " + m.columns[n.TimeColumn] + " as " + graph.Expression(n.Expr, m.columns), columns: m.columns}
}

func (m meaning) windowed(w graph.Window) meaning {
	out := meaning{rows: m.rows + " window " + logical.WindowText(w, m.columns), columns: slices.Clone(m.columns)}
	for _, p := range []graph.WindowProperty{graph.WindowStart, graph.WindowEnd, graph.WindowTime} {
		out.columns = append(out.columns, "window("+hash(out.rows)+")."+string(p))
	}
	return out
}

// aggregated is the result of an aggregation. In which order calls are written
// does not count: each gets the place of its state. whole tells that the state
// has whole rows of the input.
func (m meaning) aggregated(what string, keys []int, aggs []graph.AggCall, whole bool) meaning {
	var by, calls []string
	for _, k := range keys {
		by = append(by, m.columns[k])
	}
	for _, a := range aggs {
		call := fmt.Sprintf("%s %s", logical.AggText(a, m.columns), a.Type)
		if a.State != "" {
			call += " state " + a.State
		}
		calls = append(calls, call)
	}
	sorted := slices.Clone(calls)
	slices.Sort(sorted)
	for i, c := range calls {
		aggs[i].Order = slices.Index(sorted, c)
	}
	out := meaning{rows: fmt.Sprintf("%s (%s) by [%s] of [%s]", what, hash(m.rows), strings.Join(by, ", "), strings.Join(sorted, ", "))}
	if whole {
		out.rows += " in [" + strings.Join(m.columns, ", ") + "]"
	}
	id := hash(out.rows)
	for i := range by {
		out.columns = append(out.columns, fmt.Sprintf("aggregate(%s)#%d", id, i))
	}
	for _, c := range calls {
		out.columns = append(out.columns, short(fmt.Sprintf("aggregate(%s) %s", id, c)))
	}
	return out
}

func united(parts []meaning) meaning {
	var m meaning
	ids := make([]string, len(parts))
	for i, p := range parts {
		ids[i] = hash(p.rows)
	}
	m.rows = "union " + strings.Join(ids, ", ")
	for c := range parts[0].columns {
		each := make([]string, len(parts))
		for i, p := range parts {
			each[i] = p.columns[c]
		}
		m.columns = append(m.columns, "union("+strings.Join(each, " | ")+")")
	}
	return m
}
