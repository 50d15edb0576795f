// Package match finds patterns in the rows of each partition, in the order of
// time: MATCH_RECOGNIZE.
//
// The rule: which matches there are, and in which order, is Flink's to say. Its
// automaton is followed state by state, with the order in which it looks at
// matches in the making.
package match

import (
	"cmp"
	"container/heap"
	"fmt"
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/ordered"
)

// match is the operator. Rows wait until the watermark has passed them; late
// ones are dropped.
type match struct {
	spec      graph.Match
	automaton *automaton
	eval      *eval
	layout    *operator.Layout
	measures  *expr.Program
	used      []int       // references of the measures
	usedTypes []data.Type // of the references
	keyTypes  []data.Type
	types     []data.Type // of the rows given
	ctx       *operator.Context

	parts     *operator.Partitions[part]
	held      operator.Held
	watermark int64
	due       schedule

	rows  []int32
	key   []byte
	row   []byte
	stack []int
	found []found
}

// part is a partition.
type part struct {
	pending []waiting // by order, then as they came
	search  search
	seq     int64
	bytes   int // of the rows of matches in the making
}

type waiting struct {
	at       int64
	key, row string
}

// found is a match: its key and the references of its measures, encoded.
type found struct {
	key    string
	values []string
}

// New makes the operator of a Match.
func New(op graph.Op, input []data.Column, functions *function.Set) (operator.Operator, error) {
	m := &match{spec: *op.Match, layout: operator.NewLayout(input, op.Match.Keys), watermark: data.MinWatermark}
	for _, k := range m.spec.Order {
		if t := input[k.Column].Type; !ordered.Orderable(t) {
			return nil, fmt.Errorf("%s cannot order by %s, of type %s", op.Name, input[k.Column].Name, t)
		}
	}
	m.automaton = compile(m.spec.Pattern)
	var err error
	if m.eval, err = newEval(m.spec, input, functions); err != nil {
		return nil, err
	}
	refs := make([]data.Type, len(m.spec.Refs))
	for i, r := range m.spec.Refs {
		refs[i] = r.Type
	}
	if m.measures, err = expr.Compile(m.spec.Measures, refs, functions); err != nil {
		return nil, err
	}
	m.usedTypes = refs
	uses := map[int]bool{}
	var collect func(e expr.Expr)
	collect = func(e expr.Expr) {
		if e.Kind == expr.KindColumn {
			uses[e.Index] = true
		}
		for _, a := range e.Args {
			collect(a)
		}
	}
	for _, e := range m.spec.Measures {
		collect(e)
	}
	for i := range refs {
		if uses[i] {
			m.used = append(m.used, i)
		}
	}
	for _, k := range m.spec.Keys {
		m.keyTypes = append(m.keyTypes, input[k].Type)
	}
	for _, c := range op.Schema {
		m.types = append(m.types, c.Type)
	}
	return m, nil
}

func (m *match) Open(c *operator.Context) error {
	m.ctx = c
	m.held.Budget = c.Memory
	m.parts = operator.NewPartitions[part](c.Input[0], m.spec.Keys, 0x6d, c.Memory)
	m.eval.open(c.Env, c.Memory)
	return nil
}

func (m *match) Close() error {
	if m.parts != nil {
		m.parts.Free()
		m.eval.free()
		m.held.Free()
	}
	return nil
}

func (m *match) Process(_ int, b *data.Batch, out operator.Output) error {
	defer b.Release()
	m.rows = operator.Rows(b, m.rows)
	if b.Hashes == nil {
		data.HashKeys(b, m.spec.Keys)
	}
	times := b.Cols[m.spec.Order[0].Column]
	late := int64(0)
	for _, r := range m.rows {
		at := m.ctx.Env.Now
		if m.spec.Time == data.EventTime {
			if b.RowWatermarks != nil {
				if err := m.fire(b.RowWatermarks[r]); err != nil {
					return err
				}
			}
			if times.IsNull(int(r)) || times.I64[r] <= m.watermark {
				late++
				continue
			}
			at = times.I64[r]
		}
		p, err := m.parts.Resolve(b, []int32{r})
		if err != nil {
			return err
		}
		m.key = ordered.AppendKey(m.key[:0], b.Cols, m.spec.Order, int(r))
		if m.spec.Time == data.ProcTime {
			m.key = m.key[:0]
		}
		m.row = m.layout.Encode(m.row[:0], b.Cols, int(r))
		if err := m.put(p[0], waiting{at, string(m.key), string(m.row)}); err != nil {
			return err
		}
		if m.spec.Time == data.ProcTime {
			if err := m.work(p[0], at); err != nil {
				return err
			}
		}
	}
	m.ctx.Metrics.LateDropped.Add(late)
	m.ctx.Metrics.StateKeys.Store(int64(m.parts.Len()))
	m.ctx.Metrics.StateBytes.Store(m.held.Bytes() + m.parts.Bytes())
	if err := m.give(b.IngestedAt, out); err != nil {
		return err
	}
	return m.parts.Tidy()
}

func (m *match) put(p *operator.Partition[part], w waiting) error {
	if err := m.held.Take(len(w.key) + len(w.row)); err != nil {
		return err
	}
	v := &p.Value
	if v.search.partials.a == nil {
		v.search = newSearch(m.automaton)
	}
	k := len(v.pending)
	for k > 0 && v.pending[k-1].key > w.key {
		k--
	}
	if v.pending = slices.Insert(v.pending, k, w); k == 0 && m.spec.Time == data.EventTime {
		heap.Push(&m.due, appointment{w.at, p})
	}
	return nil
}

func (m *match) Watermark(wm int64, out operator.Output) error {
	if m.spec.Time == data.EventTime {
		if err := m.fire(wm); err != nil {
			return err
		}
		if err := m.give(0, out); err != nil {
			return err
		}
	}
	return out.Watermark(wm)
}

// fire works through the partitions with rows that a watermark passes.
func (m *match) fire(wm int64) error {
	if wm <= m.watermark {
		return nil
	}
	m.watermark = wm
	for len(m.due) > 0 && m.due[0].at <= wm {
		p := heap.Pop(&m.due).(appointment).of
		if list := p.Value.pending; len(list) == 0 || list[0].at > wm {
			continue // an earlier row had it done
		}
		if err := m.work(p, wm); err != nil {
			return err
		}
		if list := p.Value.pending; len(list) > 0 {
			heap.Push(&m.due, appointment{list[0].at, p})
		}
	}
	return nil
}

// work shows a partition its rows up to a time.
func (m *match) work(p *operator.Partition[part], upTo int64) error {
	v := &p.Value
	collect := func(x *partial) error { return m.collect(p, x) }
	n := 0
	for ; n < len(v.pending) && v.pending[n].at <= upTo; n++ {
		w := v.pending[n]
		if n == 0 || w.at != v.pending[n-1].at {
			if err := m.advance(&v.search, w.at, collect); err != nil {
				return err
			}
		}
		e, err := m.event(w, v.seq)
		if err != nil {
			return err
		}
		v.seq++
		if err := m.feed(&v.search, e, collect); err != nil {
			return err
		}
		m.held.Give(len(w.key) + len(w.row))
	}
	v.pending = slices.Delete(v.pending, 0, n)
	if err := m.advance(&v.search, upTo, collect); err != nil {
		return err
	}
	if err := m.account(v); err != nil {
		return err
	}
	if len(v.pending) == 0 && v.search.idle() {
		m.parts.Drop(p)
	}
	return nil
}

// account counts the rows of the matches in the making against the memory.
func (m *match) account(v *part) error {
	n := 0
	seen := map[*event]bool{}
	for _, list := range [][]*partial{v.search.partials.a, v.search.complete.a} {
		for _, p := range list {
			for s := p.path; s != nil && !seen[s.event]; s = s.prev {
				seen[s.event] = true
				for _, x := range s.event.values {
					n += len(x)
				}
			}
		}
	}
	if v.bytes > 0 {
		m.held.Give(v.bytes)
	}
	if v.bytes = n; n == 0 {
		return nil
	}
	return m.held.Take(n)
}

// event takes a row apart.
func (m *match) event(w waiting, seq int64) (*event, error) {
	e := &event{at: w.at, seq: seq, values: make([]string, len(m.layout.Cols))}
	rest := w.row
	for i, k := range m.layout.Cols {
		next, err := data.SkipValues(operator.Bytes(rest), []data.Type{m.layout.Schema[i].Type})
		if err != nil {
			return nil, fmt.Errorf("a row kept in state: %w", err)
		}
		n := len(rest) - len(next)
		e.values[k], rest = rest[:n], rest[n:]
	}
	return e, nil
}

// collect computes what the measures of a match need.
func (m *match) collect(p *operator.Partition[part], x *partial) error {
	f := found{key: string(m.parts.Key(nil, p)), values: make([]string, len(m.used))}
	for i, k := range m.used {
		var err error
		if f.values[i], err = m.eval.value(m.eval.refs[k], x.path); err != nil {
			return err
		}
	}
	m.found = append(m.found, f)
	return nil
}

// give sends the matches found.
func (m *match) give(ingested int64, out operator.Output) error {
	for len(m.found) > 0 {
		n := min(len(m.found), data.BatchSize)
		if err := m.send(m.found[:n], ingested, out); err != nil {
			return err
		}
		m.found = m.found[n:]
	}
	m.found = nil
	return nil
}

func (m *match) send(list []found, ingested int64, out operator.Output) error {
	keys := data.MakeBatch(m.keyTypes, len(list))
	refs := data.MakeBatch(m.usedTypes, len(list))
	defer refs.Release()
	for i, f := range list {
		if _, err := data.DecodeRow(operator.Bytes(f.key), keys.Cols, i); err != nil {
			return fmt.Errorf("the key of a match: %w", err)
		}
		for k, r := range m.used {
			if _, err := data.DecodeValue(operator.Bytes(f.values[k]), refs.Cols[r], i); err != nil {
				return fmt.Errorf("a value of a match: %w", err)
			}
		}
	}
	for i := range m.usedTypes {
		if !slices.Contains(m.used, i) { // nobody looks at it, but it must be valid
			for r := range list {
				data.SetNullRow(refs.Cols[i], r)
			}
		}
	}
	results := make([]*data.Vector, len(m.spec.Measures))
	if err := m.measures.Eval(refs, m.ctx.Env, results); err != nil {
		return err
	}
	keys.Cols = append(keys.Cols, results...)
	keys.IngestedAt = ingested
	return out.Emit(keys)
}

// schedule is partitions by the time of their first waiting row.
type schedule []appointment

type appointment struct {
	at int64
	of *operator.Partition[part]
}

func (s schedule) Len() int           { return len(s) }
func (s schedule) Less(i, j int) bool { return cmp.Less(s[i].at, s[j].at) }
func (s schedule) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }

// Push is for package heap.
func (s *schedule) Push(x any) { *s = append(*s, x.(appointment)) }

// Pop is for package heap.
func (s *schedule) Pop() any {
	old := *s
	x := old[len(old)-1]
	*s = old[:len(old)-1]
	return x
}
