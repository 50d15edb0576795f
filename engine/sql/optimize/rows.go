package optimize

import (
	"slices"

	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// relation is what is guessed of the rows of a plan: how many there are, how many
// there would be without conditions, and columns that no two rows have alike.
// Nothing is known of tables; only the proportions mean something.
type relation struct {
	rows, whole float64
	keys        [][]int
}

// Guesses without statistics.
const (
	guessTable    = 1e8  // of a stream, which has no end
	guessBounded  = 1e6  // of a table that ends
	guessPasses   = 0.25 // of rows, a condition
	guessEqual    = 0.05 // of rows, a condition that says what a column is
	guessGroups   = 0.1  // groups for each row
	guessMatches  = 10   // rows that meet one of another input by what is no key
	guessLeastRow = 1
)

// guess is that of a leaf, its keys as columns of the chain.
func (ch *chain) guess(leaf int) relation {
	r := ch.context.relationOf(ch.leaves[leaf])
	out := relation{rows: r.rows, whole: r.whole}
	for _, key := range r.keys {
		moved := make([]int, len(key))
		for i, k := range key {
			moved[i] = k + ch.starts[leaf]
		}
		out.keys = append(out.keys, moved)
	}
	return out
}

func (c *Context) relationOf(n logical.Node) relation {
	switch n := n.(type) {
	case *logical.Scan:
		r := relation{rows: guessTable, whole: guessTable}
		if c.Bounded != nil && c.Bounded(n.Table) {
			r = relation{rows: guessBounded, whole: guessBounded}
		}
		if key := keyOfScan(n); key != nil {
			r.keys = [][]int{key}
		}
		return r
	case *logical.Values:
		rows := float64(len(n.Rows))
		return relation{rows: rows, whole: rows}
	case *logical.Filter:
		r := c.relationOf(n.Input)
		for _, x := range conjuncts(n.Cond) {
			if equal := x.Kind == expr.KindCall && x.Func == "="; equal && (x.Args[0].Kind == expr.KindLiteral || x.Args[1].Kind == expr.KindLiteral) {
				r.rows *= guessEqual
			} else {
				r.rows *= guessPasses
			}
		}
		r.rows = max(r.rows, guessLeastRow)
		return r
	case *logical.Project:
		r := c.relationOf(n.Input)
		keys := r.keys
		r.keys = nil
		for _, key := range keys {
			if to := follow(key, n.Exprs); to != nil {
				r.keys = append(r.keys, to)
			}
		}
		return r
	case *logical.Aggregate:
		if len(n.Keys) == 0 {
			return relation{rows: 1, whole: 1, keys: [][]int{{}}}
		}
		r := c.relationOf(n.Input)
		key := make([]int, len(n.Keys))
		for i := range key {
			key[i] = i
		}
		return relation{rows: max(1, r.rows*guessGroups), whole: max(1, r.whole*guessGroups), keys: [][]int{key}}
	case *logical.Normalize:
		r := c.relationOf(n.Input)
		r.keys = append(r.keys, n.Keys)
		return r
	case *logical.TopN:
		r := c.relationOf(n.Input)
		if n.From == n.To {
			r.keys = append(r.keys, n.Keys)
		}
		r.rows, r.whole = max(1, r.rows*guessGroups), max(1, r.whole*guessGroups)
		return r
	case *logical.Limit:
		r := c.relationOf(n.Input)
		if n.Count >= 0 {
			r.rows = min(r.rows, float64(n.Count))
		}
		return r
	case *logical.Watermark:
		return c.relationOf(n.Input)
	case *logical.Join:
		l, r := c.relationOf(n.Left), c.relationOf(n.Right)
		if n.Kind.LeftOnly() {
			l.rows *= guessPasses
			return l
		}
		left, right, _, rest := n.Equalities()
		var pairs [][2]int
		for i := range left {
			pairs = append(pairs, [2]int{left[i], right[i] + n.Width()})
		}
		for i, key := range r.keys {
			r.keys[i] = moved(key, n.Width())
		}
		out := joinedRows(l, r, pairs, len(rest))
		if n.Kind != graph.InnerJoin {
			out.rows, out.keys = max(out.rows, l.rows), nil
		}
		return out
	}
	out := relation{}
	for _, in := range n.Inputs() {
		r := c.relationOf(in)
		out.rows, out.whole = out.rows+r.rows, out.whole+r.whole
	}
	return out
}

func moved(columns []int, by int) []int {
	out := make([]int, len(columns))
	for i, c := range columns {
		out[i] = c + by
	}
	return out
}

func keyOfScan(n *logical.Scan) []int {
	var out []int
	for _, name := range n.Table.PrimaryKey {
		at := slices.IndexFunc(n.Output, func(p graph.Path) bool {
			return p.Metadata < 0 && len(p.Fields) == 0 && n.Table.Columns[p.Column].Name == name
		})
		if at < 0 {
			return nil
		}
		out = append(out, at)
	}
	return out
}

// follow finds columns behind a projection; nil: not all are there.
func follow(columns []int, exprs []expr.Expr) []int {
	out := make([]int, len(columns))
	for i, c := range columns {
		if out[i] = slices.IndexFunc(exprs, func(e expr.Expr) bool { return e.Kind == expr.KindColumn && e.Index == c }); out[i] < 0 {
			return nil
		}
	}
	return out
}

// joinedRows guesses what a join of two relations gives: where the columns that
// are equal have a key of one, a row of the other meets no more than one.
func joinedRows(l, r relation, equal [][2]int, others int) relation {
	out := relation{rows: l.rows * r.rows, whole: l.whole * r.whole}
	if len(equal) > 0 {
		has := func(keys [][]int) bool {
			return slices.ContainsFunc(keys, func(key []int) bool {
				return !slices.ContainsFunc(key, func(k int) bool {
					return !slices.ContainsFunc(equal, func(p [2]int) bool { return p[0] == k || p[1] == k })
				})
			})
		}
		share := func(a relation) float64 { return a.rows / max(a.whole, 1) }
		switch leftKey, rightKey := has(l.keys), has(r.keys); {
		case leftKey && rightKey:
			out.rows, out.whole = min(l.rows*share(r), r.rows*share(l)), min(l.whole, r.whole)
			out.keys = append(slices.Clone(l.keys), r.keys...)
		case rightKey:
			out.rows, out.whole, out.keys = l.rows*share(r), l.whole, slices.Clone(l.keys)
		case leftKey:
			out.rows, out.whole, out.keys = r.rows*share(l), r.whole, slices.Clone(r.keys)
		default:
			out.whole = max(l.whole, r.whole) * guessMatches
			out.rows = out.whole * share(l) * share(r)
		}
	}
	for range others {
		out.rows *= guessPasses
	}
	out.rows = max(out.rows, guessLeastRow)
	return out
}
