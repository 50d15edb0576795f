// Package physical decides how a logical plan runs: which operators, chained
// into which vertices, with which exchanges between them, which changes each
// stream carries, and under which identity an operator keeps its state.
//
// The rule: an operator's identity depends on what it means and on what comes
// before it, never on what comes after, nor on where a table's data happens to
// lie. State survives every change that leaves the meaning alone.
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

// Config is what of the session's configuration plans depend on.
type Config struct {
	MiniBatch  bool  // table.exec.mini-batch.enabled
	NoReuse    bool  // table.optimizer.reuse-sub-plan-enabled is false
	TwoSources bool  // table.optimizer.reuse-source-enabled is false: a table is read by each that uses it
	TwoByTwo   bool  // table.optimizer.multi-join.enabled is false: each join has two inputs
	TTLMillis  int64 // table.exec.state.ttl
	// AsTheyCome says that rows reach a sink that replaces by key as they come, though
	// several may have one key (table.exec.sink.upsert-materialize is NONE). AskConflict
	// refuses such queries without ON CONFLICT (table.exec.sink.require-on-conflict).
	AsTheyCome, AskConflict bool
	// EarlyOrLate is table.exec.emit.early-fire.enabled or late-fire.enabled.
	EarlyOrLate bool
	EmitMillis  int64  // pipeline.auto-watermark-interval
	NotNull     string // table.exec.sink.not-null-enforcer: ERROR or DROP
	// Batch is execution.runtime-mode: all tables end, and each result is given
	// once, when they have. Bounded tells whether a table ends; nil: all do.
	Batch   bool
	Bounded func(t graph.Table) bool
	// AcceptsUpdates tells whether a sink's connector takes more than inserts.
	AcceptsUpdates func(t graph.Table) bool
	// Replaces tells whether a sink replaces rows by the primary key of its table,
	// and whether it takes no notice of what rows were before; nil: none do.
	Replaces func(t graph.Table) (byKey, ignoresBefore bool)
}

// Plan makes the graph of one job of all the sinks.
func Plan(sinks []*logical.Sink, c Config) (*graph.Graph, error) {
	p := &planner{config: c, built: map[string]*stream{}, users: map[string]int{}, ids: map[string]int{}, digests: map[logical.Node]string{}}
	if !c.NoReuse {
		for _, s := range sinks {
			p.count(s)
		}
	}
	for _, s := range sinks {
		if _, err := p.node(s); err != nil {
			return nil, err
		}
	}
	p.leaveOutMerged()
	p.leaveOutBefore()
	p.name()
	return &graph.Graph{Vertices: p.vertices}, nil
}

// stream is the output of a planned node.
type stream struct {
	vertex      int // it comes from the last operator of this vertex
	schema      []data.Column
	modes       graph.Modes
	parallelism int
	shared      bool // several users: nothing more is chained to it
	meaning     meaning
	producer    string // what makes its updates, in the words of Flink
	// lies has lists of columns by whose values, in that order, the rows are dealt
	// to subtasks.
	lies [][]int
}

type planner struct {
	config   Config
	vertices []graph.Vertex
	built    map[string]*stream // by digest
	users    map[string]int     // by digest
	digests  map[logical.Node]string
	ids      map[string]int // how often a meaning or a vertex was seen
	merged   map[int]bool   // vertices that became part of others
}

// count finds the nodes with several users. Below a node that was met before
// nothing is counted again: it is planned once.
func (p *planner) count(n logical.Node) {
	d := p.digest(n)
	p.users[d]++
	if p.users[d] > 1 {
		return
	}
	for _, in := range n.Inputs() {
		p.count(in)
	}
}

func (p *planner) node(n logical.Node) (*stream, error) {
	d := p.digest(n)
	_, source := n.(*logical.Scan)
	once := !p.config.NoReuse && !(source && p.config.TwoSources)
	if s := p.built[d]; s != nil && once {
		return s, nil
	}
	s, err := p.build(n)
	if err != nil {
		return nil, err
	}
	s.shared = once && p.users[d] > 1
	p.built[d] = s
	return s, nil
}

func (p *planner) build(n logical.Node) (*stream, error) {
	switch n := n.(type) {
	case *logical.Scan:
		if err := p.bounded(n); err != nil {
			return nil, err
		}
		return p.scan(n), nil
	case *logical.Values:
		return p.values(n), nil
	case *logical.Project:
		return p.project(n)
	case *logical.Filter:
		return p.filter(n)
	case *logical.Union:
		return p.union(n)
	case *logical.Join:
		return p.join(n)
	case *logical.Temporal:
		return p.temporal(n)
	}
	in, err := p.node(n.Inputs()[0])
	if err != nil {
		return nil, err
	}
	switch n := n.(type) {
	case *logical.Watermark:
		return p.watermark(n, in), nil
	case *logical.WindowAssign:
		return p.assign(n, in)
	case *logical.Aggregate:
		return p.aggregate(n, in)
	case *logical.TopN:
		return p.topN(n, in)
	case *logical.Limit:
		return p.limit(n, in), nil
	case *logical.Sort:
		return p.sort(n, in, false)
	case *logical.Match:
		return p.match(n, in)
	case *logical.Unnest:
		return p.unnest(n, in), nil
	case *logical.Lookup:
		return p.lookup(n, in), nil
	case *logical.Over:
		return p.over(n, in)
	case *logical.WindowAggregate:
		return p.windowAggregate(n, in)
	case *logical.Normalize:
		return p.normalize(n, in), nil
	case *logical.Leaders:
		return p.leaders(n, in), nil
	case *logical.Changelog:
		return p.changelog(n, in)
	case *logical.Sink:
		return p.sink(n, in)
	}
	return nil, fmt.Errorf("no operator for %s", n.Line())
}

// begin starts a vertex with an operator.
func (p *planner) begin(op graph.Op, parallelism int, inputs ...graph.Edge) int {
	p.vertices = append(p.vertices, graph.Vertex{Inputs: inputs, Ops: []graph.Op{op}, Parallelism: parallelism})
	return len(p.vertices) - 1
}

// chain puts an operator right behind a stream.
func (p *planner) chain(in *stream, op graph.Op) int {
	if in.shared {
		return p.begin(op, in.parallelism, graph.Edge{From: in.vertex, Partitioning: graph.Forward})
	}
	v := &p.vertices[in.vertex]
	v.Ops = append(v.Ops, op)
	return in.vertex
}

// gather puts an operator where rows of one key meet: where they are, if they
// have met by that key before. With no keys all rows meet in one subtask.
func (p *planner) gather(in *stream, op graph.Op, keys []int) (vertex, parallelism int) {
	switch {
	case in.liesBy(keys):
		return p.chain(in, op), 0
	case len(keys) > 0:
		return p.begin(op, 0, graph.Edge{From: in.vertex, Partitioning: graph.Hash, Keys: slices.Clone(keys)}), 0
	case in.parallelism == 1:
		return p.chain(in, op), 1
	}
	return p.begin(op, 1, graph.Edge{From: in.vertex, Partitioning: graph.Global}), 1
}

func (p *planner) scan(n *logical.Scan) *stream {
	m := scanMeaning(n)
	op := graph.Op{
		UID: p.uid("source", m.table), Name: "Source: " + n.Table.Name, Detail: n.Line(), Schema: n.Columns, Modes: n.Modes,
		Source: &graph.Source{Table: n.Table, Output: n.Output, Filter: n.Filter},
	}
	return &stream{vertex: p.begin(op, 0), schema: n.Columns, modes: n.Modes, meaning: m, producer: "TableSourceScan(table=[[" + m.table + "]])"}
}

func (p *planner) values(n *logical.Values) *stream {
	m := meaning{rows: "values " + hash(n.Line()), columns: make([]string, len(n.Columns))}
	for i := range m.columns {
		m.columns[i] = fmt.Sprintf("%s#%d", m.rows, i)
	}
	op := graph.Op{UID: p.uid("values", m.rows), Name: "Values", Detail: n.Line(), Schema: n.Columns, Values: &graph.Values{Rows: n.Rows}}
	return &stream{vertex: p.begin(op, 1), schema: n.Columns, parallelism: 1, meaning: m}
}

func (p *planner) project(n *logical.Project) (*stream, error) {
	below, filter := n.Input, (*expr.Expr)(nil)
	var cond expr.Expr
	if f, ok := below.(*logical.Filter); ok && p.users[p.digest(f)] <= 1 {
		below, cond = f.Input, f.Cond
		filter = &cond
		if err := ranked(cond, below); err != nil {
			return nil, err
		}
	}
	in, err := p.node(below)
	if err != nil {
		return nil, err
	}
	return p.calc(in, filter, n.Exprs, n.Columns), nil
}

func (p *planner) filter(n *logical.Filter) (*stream, error) {
	if err := ranked(n.Cond, n.Input); err != nil {
		return nil, err
	}
	in, err := p.node(n.Input)
	if err != nil {
		return nil, err
	}
	all := make([]expr.Expr, len(in.schema))
	for i, c := range in.schema {
		all[i] = expr.Column(i, c.Type)
	}
	cond := n.Cond
	return p.calc(in, &cond, all, in.schema), nil
}

func (p *planner) calc(in *stream, filter *expr.Expr, exprs []expr.Expr, columns []data.Column) *stream {
	names := graph.ColumnNames(in.schema)
	detail := logical.Projection(exprs, columns, names)
	m := in.meaning
	if filter != nil {
		detail += " WHERE " + graph.Expression(*filter, names)
		m = m.filtered(*filter)
	}
	m.columns = in.meaning.computed(exprs)
	op := graph.Op{Name: "Calc", Detail: detail, Schema: columns, Modes: in.modes, Calc: clocked(filter, exprs, len(in.schema))}
	if ops := p.vertices[in.vertex].Ops; !in.shared {
		switch last := &ops[len(ops)-1]; {
		case last.Join != nil:
			last.Join.Unread = unread(filter, exprs, len(in.schema))
		case last.MultiJoin != nil:
			last.MultiJoin.Unread = unread(filter, exprs, len(in.schema))
		}
	}
	return &stream{
		vertex: p.chain(in, op), schema: columns, modes: in.modes, parallelism: in.parallelism, meaning: m, producer: in.producer,
		lies: through(in.lies, exprs),
	}
}

// unread lists the columns, of a number of them, that a projection does not name.
func unread(filter *expr.Expr, exprs []expr.Expr, columns int) []int {
	read := make([]bool, columns)
	var look func(e expr.Expr)
	look = func(e expr.Expr) {
		if e.Kind == expr.KindColumn && e.Index < columns {
			read[e.Index] = true
		}
		for _, a := range e.Args {
			look(a)
		}
	}
	if filter != nil {
		look(*filter)
	}
	for _, e := range exprs {
		look(e)
	}
	var out []int
	for i, r := range read {
		if !r {
			out = append(out, i)
		}
	}
	return out
}

// clocked makes CURRENT_WATERMARK a column that the operator adds.
func clocked(filter *expr.Expr, exprs []expr.Expr, width int) *graph.Calc {
	c := &graph.Calc{}
	var put func(e expr.Expr) expr.Expr
	put = func(e expr.Expr) expr.Expr {
		if e.Kind == expr.KindCall && e.Func == "CURRENT_WATERMARK" {
			c.Clock = true
			now := expr.Column(width, data.Type{Kind: data.Timestamp, Precision: 3, Nullable: true})
			if e.Type.Kind == data.TimestampLTZ {
				now.Type.Kind = data.TimestampLTZ // the same milliseconds
			}
			return now
		}
		if len(e.Args) > 0 {
			args := make([]expr.Expr, len(e.Args))
			for i, a := range e.Args {
				args[i] = put(a)
			}
			e.Args = args
		}
		return e
	}
	if filter != nil {
		f := put(*filter)
		c.Filter = &f
	}
	for _, e := range exprs {
		c.Project = append(c.Project, put(e))
	}
	return c
}

func (p *planner) watermark(n *logical.Watermark, in *stream) *stream {
	if p.config.Batch { // no row is late: time passes when the input has ended
		same := make([]expr.Expr, len(in.schema))
		for i, c := range in.schema {
			same[i] = expr.Column(i, c.Type)
		}
		return p.calc(in, nil, same, n.Schema())
	}
	names := graph.ColumnNames(in.schema)
	m := in.meaning.watermarked(n)
	op := graph.Op{
		UID: p.uid("watermark", m.rows), Name: "WatermarkAssigner", Detail: names[n.TimeColumn] + " AS " + graph.Expression(n.Expr, names),
		Schema: n.Schema(), Modes: in.modes,
		Watermark: &graph.Watermark{TimeColumn: n.TimeColumn, Expr: n.Expr, IdleMillis: n.IdleMillis, EmitMillis: p.config.EmitMillis},
	}
	return &stream{vertex: p.chain(in, op), schema: op.Schema, modes: in.modes, parallelism: in.parallelism, meaning: m, producer: in.producer}
}

func (p *planner) assign(n *logical.WindowAssign, in *stream) (*stream, error) {
	m := in.meaning.windowed(n.Window)
	op := graph.Op{
		Name: "WindowTableFunction", Detail: logical.WindowText(n.Window, graph.ColumnNames(in.schema)),
		Schema: n.Schema(), Modes: in.modes, WindowAssign: &graph.WindowAssign{Window: n.Window},
	}
	s := &stream{schema: op.Schema, modes: in.modes, parallelism: in.parallelism, meaning: m, producer: in.producer}
	if n.Window.Kind == graph.Session { // its rows wait for its end
		op.UID = p.uid("session", m.rows+" of ["+strings.Join(in.meaning.columns, ", ")+"]")
		s.vertex, s.parallelism = p.gather(in, op, n.Window.PartitionBy)
		return s, nil
	}
	s.vertex = p.chain(in, op)
	return s, nil
}

func (p *planner) aggregate(n *logical.Aggregate, in *stream) (*stream, error) {
	if w, end := attached(n); w != nil && in.modes.InsertOnly() {
		return p.attachedAggregate(n, w, end, in), nil
	}
	names := graph.ColumnNames(in.schema)
	retracts := !in.modes.InsertOnly()
	aggs := retracting(n.Aggs, retracts)
	if err := takeBack(n.Pos, aggs); err != nil {
		return nil, err
	}
	// Without aggregates a group never changes: it appears, and with retractions disappears.
	modes := graph.Modes{Deletes: retracts}
	if len(aggs) > 0 {
		modes.Updates, modes.UpdateBefore = true, true
	}
	m := in.meaning.aggregated("aggregate", n.Keys, aggs, false)
	op := graph.Op{
		UID: p.uid("aggregate", m.rows), Name: "GroupAggregate", Detail: logical.AggregationText(n.Keys, n.Aggs, n.Names, names),
		Schema: n.Schema(), Modes: modes,
		GroupAggregate: &graph.GroupAggregate{Keys: n.Keys, Aggs: aggs, MiniBatch: p.config.MiniBatch, UpdateBefore: modes.UpdateBefore, TTLMillis: p.ttl(n.TTL), OfNothing: p.config.Batch && len(n.Keys) == 0 && len(aggs) > 0},
	}
	p.bestOfGroup(op.GroupAggregate, in)
	s := &stream{schema: op.Schema, modes: modes, meaning: m, producer: producer("GroupAggregate", n.Keys, n.Aggs, n.Names, names), lies: [][]int{firsts(len(n.Keys))}}
	s.vertex, s.parallelism = p.gather(in, op, n.Keys)
	return s, nil
}

// ttl is what a hint says, or the configuration.
func (p *planner) ttl(hint *int64) int64 {
	if hint != nil {
		return *hint
	}
	return p.config.TTLMillis
}

// windowAggregated refuses aggregates by windows of table functions that Flink
// refuses: those of HOP must be made of slides, and give results when they end.
func (p *planner) windowAggregated(n *logical.WindowAggregate) error {
	switch w := n.Window; {
	case n.Grouped:
	case w.Kind == graph.Hop && w.Size%w.Slide != 0:
		return ast.Planf(n.Pos, "HOP table function based aggregate requires size must be an integral multiple of slide, but got size %d ms and slide %d ms", w.Size, w.Slide)
	case p.config.EarlyOrLate:
		return ast.Planf(n.Pos, "Currently, window table function based aggregate doesn't support early-fire and late-fire configuration 'table.exec.emit.early-fire.enabled' and 'table.exec.emit.late-fire.enabled'.")
	}
	return nil
}

func (p *planner) windowAggregate(n *logical.WindowAggregate, in *stream) (*stream, error) {
	names := graph.ColumnNames(in.schema)
	if err := p.windowAggregated(n); err != nil {
		return nil, err
	}
	aggs := retracting(n.Aggs, !in.modes.InsertOnly())
	if err := takeBack(n.Pos, aggs); err != nil {
		return nil, err
	}
	m := in.meaning.windowed(n.Window).aggregated("window aggregate", n.Keys, aggs, n.Window.Kind == graph.Session)
	m.columns = m.columns[:len(n.Keys)+len(aggs)]
	for _, w := range n.Properties {
		m.columns = append(m.columns, m.rows+"#"+string(w))
	}
	detail := logical.WindowText(n.Window, names) + " " + logical.AggregationText(n.Keys, n.Aggs, n.Names, names)
	for _, w := range n.Properties {
		detail += ", " + string(w)
	}
	op := graph.Op{
		UID: p.uid("window", m.rows), Name: "WindowAggregate", Detail: detail, Schema: n.Schema(),
		WindowAggregate: &graph.WindowAggregate{Window: n.Window, Keys: n.Keys, Aggs: aggs, Properties: n.Properties},
	}
	s := &stream{schema: op.Schema, meaning: m}
	s.vertex, s.parallelism = p.gather(in, op, n.Keys)
	return s, nil
}

func retracting(aggs []graph.AggCall, retracts bool) []graph.AggCall {
	out := slices.Clone(aggs)
	for i := range out {
		out[i].Retracts = retracts
	}
	return out
}

// takeBack refuses functions of users that take no rows back where rows are.
func takeBack(at ast.Pos, aggs []graph.AggCall) error {
	for _, a := range aggs {
		if a.Retracts && a.AddsOnly {
			return ast.Planf(at, "Could not find an implementation method 'retract' for function '%s': it takes no rows back, and here rows are changed, deleted or leave their frame; give it a function that does, or an input of inserts alone", a.Func)
		}
	}
	return nil
}

// producer names an operator as Flink does in the error of a sink that takes
// only inserts.
func producer(name string, keys []int, aggs []graph.AggCall, out, names []string) string {
	ks := make([]string, len(keys))
	for i, k := range keys {
		ks[i] = names[k]
	}
	list := slices.Clone(ks)
	for i, a := range aggs {
		list = append(list, logical.AggText(a, names)+" AS "+out[i])
	}
	by := ""
	if len(ks) > 0 {
		by = "groupBy=[" + strings.Join(ks, ", ") + "], "
	}
	return name + "(" + by + "select=[" + strings.Join(list, ", ") + "])"
}

func (p *planner) union(n *logical.Union) (*stream, error) {
	op := graph.Op{Name: "Union", Schema: n.Columns, Union: &graph.Union{}}
	var edges []graph.Edge
	s := &stream{schema: n.Columns, parallelism: 1}
	together := false // an updating stream of one subtask must not be dealt out: its changes would overtake each other
	var parts []meaning
	for _, c := range n.Children {
		in, err := p.node(c)
		if err != nil {
			return nil, err
		}
		op.Modes.Updates = op.Modes.Updates || in.modes.Updates
		op.Modes.UpdateBefore = op.Modes.UpdateBefore || in.modes.UpdateBefore
		op.Modes.Deletes = op.Modes.Deletes || in.modes.Deletes
		if !in.modes.InsertOnly() {
			s.producer = in.producer
			together = together || in.parallelism == 1
		}
		if in.parallelism != 1 {
			s.parallelism = 0
		}
		edges = append(edges, graph.Edge{From: in.vertex, Partitioning: graph.Forward})
		parts = append(parts, in.meaning)
	}
	if together {
		s.parallelism = 1
	}
	for i, e := range edges {
		switch {
		case p.vertices[e.From].Parallelism == s.parallelism:
		case s.parallelism == 1:
			edges[i].Partitioning = graph.Global
		default:
			edges[i].Partitioning = graph.Rebalance
		}
	}
	op.Detail = fmt.Sprintf("%d inputs", len(edges))
	s.modes, s.meaning = op.Modes, united(parts)
	s.vertex = p.begin(op, s.parallelism, edges...)
	return s, nil
}

func (p *planner) sink(n *logical.Sink, in *stream) (*stream, error) {
	t := n.Sink.Table
	sink := n.Sink
	if p.config.Batch && (sink.Overwrite || !in.modes.InsertOnly()) { // what is there stays while it is read
		in = p.final(in, nil)
	}
	if t.Connector != "collect" {
		var err error
		if in, err = p.conflicts(n, in); err != nil {
			return nil, err
		}
	}
	op := graph.Op{Name: "Sink: " + t.Name, Detail: strings.Join(graph.ColumnNames(in.schema), ", "), Schema: in.schema, Modes: in.modes, Sink: &sink}
	s := &stream{schema: in.schema, modes: in.modes, parallelism: in.parallelism}
	if t.Connector == "collect" {
		op.Name, op.UID = "Collect", p.uid("collect", "")
		s.vertex, s.parallelism = p.gather(in, op, nil)
		return s, nil
	}
	table := t.Catalog + "." + t.Database + "." + t.Name
	if !in.modes.InsertOnly() && !p.config.AcceptsUpdates(t) {
		changes := "update and delete"
		switch {
		case !in.modes.Deletes:
			changes = "update"
		case !in.modes.Updates:
			changes = "delete"
		}
		return nil, ast.Planf(n.Pos, "Table sink '%s' doesn't support consuming %s changes which is produced by node %s", table, changes, in.producer)
	}
	sink.NotNull = p.config.NotNull
	op.UID = p.uid("sink", table)
	op.Schema = declared(t) // what may not be NULL is said by the table, not by the query
	s.vertex = p.chain(in, op)
	return s, nil
}

// declared are the columns a table is written with.
func declared(t graph.Table) []data.Column {
	out := slices.Clone(t.Columns)
	for _, m := range t.Metadata {
		if !m.Virtual {
			out = append(out, data.Column{Name: m.Name, Type: m.Type})
		}
	}
	return out
}

// name gives vertices their names and ids, once they are complete.
func (p *planner) name() {
	for i := range p.vertices {
		v := &p.vertices[i]
		names := make([]string, len(v.Ops))
		var id strings.Builder
		for k, op := range v.Ops {
			names[k] = op.Name
			id.WriteString(op.UID + "|" + op.Name + "|" + op.Detail + "\n")
		}
		for _, e := range v.Inputs {
			fmt.Fprintf(&id, "%s %s %v\n", p.vertices[e.From].ID, e.Partitioning, e.Keys)
		}
		v.Name = strings.Join(names, " -> ")
		v.ID = p.uid("vertex", id.String())
	}
}
