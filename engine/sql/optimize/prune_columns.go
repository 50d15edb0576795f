package optimize

import (
	"slices"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// path is a column, and fields within it.
type path []int

func (p path) key() string {
	var b strings.Builder
	for _, i := range p {
		b.WriteString(strconv.Itoa(i))
		b.WriteByte('.')
	}
	return b.String()
}

// want is the set of paths that users of a node need.
type want struct{ paths []path }

// add puts in a path, unless it or more of the same column is there.
func (w *want) add(p path) {
	for _, q := range w.paths {
		if len(q) <= len(p) && slices.Equal(q, p[:len(q)]) {
			return
		}
	}
	w.paths = slices.DeleteFunc(w.paths, func(q path) bool { return len(q) > len(p) && slices.Equal(q[:len(p)], p) })
	w.paths = append(w.paths, slices.Clone(p))
}

// sorted puts the paths in the order of the columns, so that plans do not
// depend on the order in which uses were met.
func (w *want) sorted() []path {
	slices.SortFunc(w.paths, func(a, b path) int { return slices.Compare(a, b) })
	return w.paths
}

func (w *want) addExpr(e expr.Expr) {
	if p, ok := pathOf(e); ok {
		w.add(p)
		return
	}
	for _, a := range e.Args {
		w.addExpr(a)
	}
}

// pathOf tells whether an expression is a column or a field within one.
func pathOf(e expr.Expr) (path, bool) {
	if e.Kind == expr.KindColumn {
		return path{e.Index}, true
	}
	if e.Kind == expr.KindCall && e.Func == "FIELD" {
		if p, ok := pathOf(e.Args[0]); ok {
			return append(p, int(e.Args[1].Value.I)), true
		}
	}
	return nil, false
}

// found says where the paths of a node have gone in its pruned self.
type found map[string]int

// rewrite makes an expression over the node one over its pruned self.
func (f found) rewrite(e expr.Expr, schema []data.Column) expr.Expr {
	if p, ok := pathOf(e); ok {
		for n := len(p); n > 0; n-- {
			if at, ok := f[p[:n].key()]; ok {
				return descend(e, len(p)-n, expr.Column(at, schema[at].Type))
			}
		}
	}
	if len(e.Args) > 0 {
		args := make([]expr.Expr, len(e.Args))
		for i, a := range e.Args {
			args[i] = f.rewrite(a, schema)
		}
		e.Args = args
	}
	return e
}

// descend puts column below the outer n FIELD calls of e.
func descend(e expr.Expr, n int, column expr.Expr) expr.Expr {
	if n == 0 {
		column.Type = e.Type
		return column
	}
	e.Args = []expr.Expr{descend(e.Args[0], n-1, column), e.Args[1]}
	return e
}

// pruneColumns reads only what is used. Scans of one table read what any of
// them needs, so that they stay one source.
func pruneColumns(roots []logical.Node, c *Context) []logical.Node {
	p := &pruner{context: c, tables: map[string]*want{}, kept: map[[32]byte]*want{}, ids: map[logical.Node][32]byte{}, collect: true}
	p.all(roots)
	p.collect = false
	return p.all(roots)
}

type pruner struct {
	context *Context
	collect bool // the first round: what is needed of each table
	tables  map[string]*want
	kept    map[[32]byte]*want // what is needed of each node that keeps its rows
	ids     map[logical.Node][32]byte
}

func (p *pruner) all(roots []logical.Node) []logical.Node {
	out := make([]logical.Node, len(roots))
	for i, r := range roots {
		n, f := p.prune(r, whole(len(r.Schema())))
		out[i] = exactly(n, f, r.Schema())
	}
	return out
}

func whole(columns int) *want {
	w := &want{}
	for i := range columns {
		w.add(path{i})
	}
	return w
}

// exactly gives the columns asked for, in order.
func exactly(n logical.Node, f found, columns []data.Column) logical.Node {
	if _, ok := n.(*logical.Sink); ok {
		return n
	}
	have := n.Schema()
	out := &logical.Project{Input: n, Columns: columns}
	same := len(have) == len(columns)
	for i, c := range columns {
		at := f[path{i}.key()]
		same = same && at == i
		out.Exprs = append(out.Exprs, expr.Column(at, c.Type))
	}
	if same {
		return n
	}
	return out
}

func identity(columns int) found {
	f := found{}
	for i := range columns {
		f[path{i}.key()] = i
	}
	return f
}

func (p *pruner) prune(n logical.Node, w *want) (logical.Node, found) {
	w = p.needed(n, w)
	switch n := n.(type) {
	case *logical.Scan:
		return p.scan(n, w)
	case *logical.Filter:
		w.addExpr(n.Cond)
		in, f := p.prune(n.Input, w)
		return &logical.Filter{Input: in, Cond: f.rewrite(n.Cond, in.Schema())}, f
	case *logical.Project:
		return p.project(n, w)
	case *logical.Watermark:
		w.add(path{n.TimeColumn})
		w.addExpr(n.Expr)
		in, f := p.prune(n.Input, w)
		out := *n
		out.Input, out.TimeColumn, out.Expr = in, f[path{n.TimeColumn}.key()], f.rewrite(n.Expr, in.Schema())
		return &out, f
	case *logical.Leaders:
		w.add(path{n.Spec.Value})
		w.add(path{n.Spec.Time})
		in, f := p.prune(n.Input, w)
		out := *n
		out.Input, out.Spec.Value, out.Spec.Time = in, f[path{n.Spec.Value}.key()], f[path{n.Spec.Time}.key()]
		return &out, f
	case *logical.WindowAssign:
		return p.window(n, w)
	case *logical.Aggregate:
		in, f := p.prune(n.Input, aggregated(n.Keys, n.Aggs))
		out := *n
		out.Input = in
		out.Keys, out.Aggs = remap(n.Keys, n.Aggs, f)
		return &out, identity(len(n.Schema()))
	case *logical.WindowAggregate:
		need := aggregated(n.Keys, n.Aggs)
		need.add(path{n.Window.TimeColumn})
		in, f := p.prune(n.Input, need)
		out := *n
		out.Input = in
		out.Keys, out.Aggs = remap(n.Keys, n.Aggs, f)
		out.Window.TimeColumn = f[path{n.Window.TimeColumn}.key()]
		return &out, identity(len(n.Schema()))
	case *logical.Union:
		return p.union(n, w)
	case *logical.Join:
		return p.join(n, w)
	case *logical.TopN:
		return p.topN(n, w)
	case *logical.Sort:
		return p.sort(n, w)
	case *logical.Match:
		return p.match(n)
	case *logical.Temporal:
		return p.temporal(n, w)
	case *logical.Lookup:
		return p.lookup(n, w)
	case *logical.Unnest:
		return p.unnest(n, w)
	case *logical.Over:
		return p.over(n, w)
	case *logical.Limit:
		in, f := p.prune(n.Input, w)
		return n.With(in), f
	}
	in := n.Inputs() // sinks and values use all there is
	out := make([]logical.Node, len(in))
	for i, x := range in {
		y, f := p.prune(x, whole(len(x.Schema())))
		out[i] = exactly(y, f, x.Schema())
	}
	if len(in) > 0 {
		n = n.With(out...)
	}
	return n, identity(len(n.Schema()))
}

func aggregated(keys []int, aggs []graph.AggCall) *want {
	w := &want{}
	for _, k := range keys {
		w.add(path{k})
	}
	for _, a := range aggs {
		for _, x := range a.Args {
			w.add(path{x})
		}
		if a.Filter >= 0 {
			w.add(path{a.Filter})
		}
	}
	return w
}

func remap(keys []int, aggs []graph.AggCall, f found) ([]int, []graph.AggCall) {
	move := func(list []int) []int {
		var out []int
		for _, i := range list {
			out = append(out, f[path{i}.key()])
		}
		return out
	}
	out := slices.Clone(aggs)
	for i := range out {
		out[i].Args = move(out[i].Args)
		if out[i].Filter >= 0 {
			out[i].Filter = f[path{out[i].Filter}.key()]
		}
	}
	return move(keys), out
}

func (p *pruner) project(n *logical.Project, w *want) (logical.Node, found) {
	out, f, need := &logical.Project{}, found{}, &want{}
	names := map[string]bool{}
	for _, q := range w.sorted() {
		e, c := n.Exprs[q[0]], n.Columns[q[0]]
		if _, plain := pathOf(e); !plain {
			q = q[:1] // computed as a whole
		}
		if _, done := f[q.key()]; done {
			continue
		}
		for _, i := range q[1:] {
			c.Name += "." + c.Type.Names[i]
			e = fieldOf(e, i)
			c.Type = e.Type
		}
		for names[c.Name] {
			c.Name += "$"
		}
		names[c.Name] = true
		f[q.key()] = len(out.Exprs)
		out.Exprs, out.Columns = append(out.Exprs, e), append(out.Columns, c)
		need.addExpr(e)
	}
	if len(out.Exprs) == 0 { // rows are counted only
		out.Exprs, out.Columns = []expr.Expr{expr.Literal(data.Value{}, data.Type{Kind: data.Int})}, []data.Column{{Name: "ZERO", Type: data.Type{Kind: data.Int}}}
	}
	in, g := p.prune(n.Input, need)
	out.Input = in
	for i, e := range out.Exprs {
		out.Exprs[i] = g.rewrite(e, in.Schema())
	}
	return out, f
}

func fieldOf(e expr.Expr, i int) expr.Expr {
	t := e.Type.Args[i]
	t.Nullable = t.Nullable || e.Type.Nullable
	return expr.Call("FIELD", t, e, expr.Literal(data.Value{I: int64(i)}, data.Type{Kind: data.Int}))
}

func (p *pruner) scan(n *logical.Scan, w *want) (logical.Node, found) {
	id := tableID(n.Table)
	shared := p.tables[id]
	if shared == nil {
		shared = &want{}
		p.tables[id] = shared
	}
	if p.collect {
		for _, q := range w.paths {
			if n.Output[q[0]].Metadata >= 0 {
				q = q[:1]
			}
			shared.add(q)
		}
	}
	paths := shared.sorted()
	if len(paths) == 0 {
		paths = []path{{cheapest(n.Columns)}}
	}
	if !p.collect && len(paths) < len(n.Columns) {
		p.context.fired["PruneColumns"]++
	}
	out, f := *n, found{}
	out.Output, out.Columns = nil, nil
	for _, q := range paths {
		from, c := n.Output[q[0]], n.Columns[q[0]]
		to := from
		to.Fields = append(slices.Clone(from.Fields), q[1:]...)
		for _, i := range q[1:] {
			t := c.Type.Args[i]
			t.Nullable = t.Nullable || c.Type.Nullable
			c = data.Column{Name: c.Name + "." + c.Type.Names[i], Type: t}
		}
		f[q.key()] = len(out.Output)
		out.Output, out.Columns = append(out.Output, to), append(out.Columns, c)
	}
	return &out, f
}

// cheapest is the column to read where rows are only counted.
func cheapest(columns []data.Column) int {
	for i, c := range columns {
		switch c.Type.Phys() {
		case data.PhysBool, data.PhysI32, data.PhysI64, data.PhysF32, data.PhysF64:
			return i
		}
	}
	return 0
}

func (p *pruner) window(n *logical.WindowAssign, w *want) (logical.Node, found) {
	columns := len(n.Input.Schema())
	need := &want{}
	for _, q := range w.paths {
		if q[0] < columns {
			need.add(q)
		}
	}
	need.add(path{n.Window.TimeColumn})
	for _, k := range n.Window.PartitionBy {
		need.add(path{k})
	}
	in, f := p.prune(n.Input, need)
	out := *n
	out.Input = in
	out.Window.TimeColumn = f[path{n.Window.TimeColumn}.key()]
	out.Window.PartitionBy, _ = remap(n.Window.PartitionBy, nil, f)
	for i := range 3 {
		f[path{columns + i}.key()] = len(in.Schema()) + i
	}
	return &out, f
}

func (p *pruner) union(n *logical.Union, w *want) (logical.Node, found) {
	keep := &want{}
	for _, q := range w.paths {
		keep.add(q[:1])
	}
	if len(keep.paths) == 0 {
		keep.add(path{cheapest(n.Columns)})
	}
	out, f := &logical.Union{}, found{}
	for i, q := range keep.sorted() {
		f[q.key()] = i
		out.Columns = append(out.Columns, n.Columns[q[0]])
	}
	for _, x := range n.Children {
		need := &want{}
		for _, q := range keep.paths {
			need.add(q)
		}
		in, g := p.prune(x, need)
		order := found{}
		cols := make([]data.Column, len(keep.paths))
		for i, q := range keep.paths {
			order[path{i}.key()] = g[q.key()]
			cols[i] = x.Schema()[q[0]]
		}
		out.Children = append(out.Children, exactly(in, order, cols))
	}
	return out, f
}

// join keeps of each input exactly the columns that are used, in their order:
// what else a table is read for does not change what the join remembers.
func (p *pruner) join(n *logical.Join, w *want) (logical.Node, found) {
	left := len(n.Left.Schema())
	all := &want{}
	for _, q := range w.paths {
		all.add(q[:1])
	}
	count := map[int]int{}
	uses(n.Cond, count)
	for i := range count {
		all.add(path{i})
	}
	if n.Interval != nil {
		all.add(path{n.Interval.LeftTime})
		all.add(path{left + n.Interval.RightTime})
	}
	var needs [2]want
	for _, q := range all.sorted() {
		if q[0] < left {
			needs[0].add(path{q[0]})
		} else {
			needs[1].add(path{q[0] - left})
		}
	}
	out, f := *n, found{}
	inputs := []logical.Node{n.Left, n.Right}
	at := 0
	for s, x := range inputs {
		in, kept := p.columns(x, &needs[s])
		for _, k := range kept {
			f[path{k + s*left}.key()] = at
			at++
		}
		inputs[s] = in
	}
	out.Left, out.Right = inputs[0], inputs[1]
	if n.Interval != nil {
		iv := *n.Interval
		iv.LeftTime = f[path{iv.LeftTime}.key()]
		iv.RightTime = f[path{left + iv.RightTime}.key()] - len(out.Left.Schema())
		out.Interval = &iv
	}
	out.Cond = f.rewrite(n.Cond, out.Both())
	return &out, f
}

// columns is n with the wanted columns only, in their order: what else a table
// is read for does not change what its user remembers. It says which they are.
func (p *pruner) columns(n logical.Node, w *want) (logical.Node, []int) {
	schema := n.Schema()
	if len(w.paths) == 0 {
		w.add(path{cheapest(schema)})
	}
	in, f := p.prune(n, &want{paths: slices.Clone(w.paths)})
	order, kept, which := found{}, []data.Column{}, []int{}
	for i, q := range w.sorted() {
		order[path{i}.key()] = f[q.key()]
		kept, which = append(kept, schema[q[0]]), append(which, q[0])
	}
	return exactly(in, order, kept), which
}

// topN keeps what is used, the keys and the order; a rank nobody looks at is not given.
func (p *pruner) topN(n *logical.TopN, w *want) (logical.Node, found) {
	columns := len(n.Input.Schema())
	need, out, f := &want{}, *n, found{}
	out.Number = false
	for _, q := range w.paths {
		if q[0] == columns {
			out.Number = true
		} else {
			need.add(q[:1])
		}
	}
	for _, k := range n.Keys {
		need.add(path{k})
	}
	for _, o := range n.Order {
		need.add(path{o.Column})
	}
	if key, improves := n.Improves(); improves {
		for _, k := range key { // with them a row is known again when it is updated
			need.add(path{k})
		}
	}
	in, kept := p.columns(n.Input, need)
	out.Input, out.Keys, out.Order = in, slices.Clone(n.Keys), slices.Clone(n.Order)
	for i, k := range kept {
		f[path{k}.key()] = i
	}
	for i, k := range n.Keys {
		out.Keys[i] = f[path{k}.key()]
	}
	for i, o := range n.Order {
		out.Order[i].Column = f[path{o.Column}.key()]
	}
	if out.Number {
		f[path{columns}.key()] = len(kept)
	}
	return &out, f
}

func (p *pruner) sort(n *logical.Sort, w *want) (logical.Node, found) {
	need, out, f := &want{}, *n, found{}
	for _, q := range w.paths {
		need.add(q[:1])
	}
	for _, o := range n.Order {
		need.add(path{o.Column})
	}
	in, kept := p.columns(n.Input, need)
	out.Input, out.Order = in, slices.Clone(n.Order)
	for i, k := range kept {
		f[path{k}.key()] = i
	}
	for i, o := range n.Order {
		out.Order[i].Column = f[path{o.Column}.key()]
	}
	return &out, f
}
