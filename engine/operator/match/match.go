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
	"encoding/binary"
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
	single    []data.Type // of the columns as they lie in state
	types     []data.Type // of the rows given
	ctx       *operator.Context

	parts     *operator.Partitions[part]
	kept      operator.Kept // rows
	held      operator.Held // steps
	watermark int64
	due       schedule

	rows     []int32
	entryRow []byte
	round    int64 // of sweeps over matches in the making
	key      []byte
	row      []byte
	stack    []int
	found    []found
}

// part is a partition.
type part struct {
	pending []waiting // by order, then as they came
	search  search
	seq     int64
	events  []*event // rows of matches in the making, by seq
	bytes   int      // of their steps
	saved   []byte   // the search as it was, set aside for a snapshot
}

// waiting is a row that is kept: behind its key in the order, and that behind its length.
type waiting struct {
	at  int64
	row uint64
}

// entry is the key in the order and the row of what is kept under a handle.
func (m *match) entry(h uint64) (key, row string) {
	p := m.kept.Get(h)
	n := binary.LittleEndian.Uint32(operator.Bytes(p)) + 4
	return p[4:n], p[n:]
}

func (m *match) keep(key, row []byte) (uint64, error) {
	m.entryRow = binary.LittleEndian.AppendUint32(m.entryRow[:0], uint32(len(key)))
	m.entryRow = append(append(m.entryRow, key...), row...)
	return m.kept.Put(m.entryRow)
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
	for _, c := range m.layout.Schema {
		m.single = append(m.single, c.Type)
	}
	m.eval.column = m.column
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
	m.kept.Open(c.Memory)
	m.parts = operator.NewPartitions[part](c.Input[0], m.spec.Keys, 0x6d, c.Memory)
	m.eval.open(c.Env, c.Memory)
	return nil
}

func (m *match) Close() error {
	if m.parts != nil {
		m.parts.Free()
		m.eval.free()
		m.held.Free()
		m.kept.Close()
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
		m.parts.Touch(p[0])
		if err := m.put(p[0], at, m.key, m.row); err != nil {
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
	if err := m.give(b.IngestedAt, out); err != nil {
		return err
	}
	m.ctx.Metrics.StateBytes.Store(m.held.Bytes() + m.kept.Bytes() + m.parts.Bytes())
	return m.parts.Tidy()
}

func (m *match) put(p *operator.Partition[part], at int64, key, row []byte) error {
	h, err := m.keep(key, row)
	if err != nil {
		return err
	}
	v := &p.Value
	if v.search.partials.a == nil {
		v.search = newSearch(m.automaton)
	}
	k := len(v.pending)
	for k > 0 {
		if before, _ := m.entry(v.pending[k-1].row); before <= string(key) {
			break
		}
		k--
	}
	if v.pending = slices.Insert(v.pending, k, waiting{at, h}); k == 0 && m.spec.Time == data.EventTime {
		heap.Push(&m.due, appointment{at, p})
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
	m.parts.Touch(p)
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
		e := &event{at: w.at, seq: v.seq, row: w.row}
		v.seq++
		v.events = append(v.events, e)
		if err := m.feed(&v.search, e, collect); err != nil {
			return err
		}
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

// stepCost is about what a step takes on the heap.
const stepCost = 64

// account counts the steps of the matches in the making against the memory, and
// forgets the rows that none of them has.
func (m *match) account(v *part) error {
	n := 0
	m.round++
	for _, list := range [][]*partial{v.search.partials.a, v.search.complete.a} {
		for _, p := range list {
			for s := p.path; s != nil && s.round != m.round; s = s.prev {
				s.round, s.event.round = m.round, m.round
				n += stepCost
			}
		}
	}
	v.events = slices.DeleteFunc(v.events, func(e *event) bool {
		if e.round == m.round {
			return false
		}
		m.kept.Drop(e.row)
		return true
	})
	if v.bytes > 0 {
		m.held.Give(v.bytes)
	}
	if v.bytes = n; n == 0 {
		return nil
	}
	return m.held.Take(n)
}

// column is the value of a column of the input of a row, encoded.
func (m *match) column(e *event, column int) (string, error) {
	_, rest := m.entry(e.row)
	for i, k := range m.layout.Cols {
		next, err := data.SkipValues(operator.Bytes(rest), m.single[i:i+1])
		if err != nil {
			return "", fmt.Errorf("a row kept in state: %w", err)
		}
		n := len(rest) - len(next)
		if k == column {
			return rest[:n], nil
		}
		rest = rest[n:]
	}
	return "", fmt.Errorf("column %d is not kept", column)
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
	m.kept.Settle(m.parts.Passing())
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
