package window

import (
	"math/bits"
	"slices"
	"sort"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/packed"
	"github.com/weir-streams/weir/engine/state"
)

// joiner is the operator of a WindowJoin: the rows of a window are kept until the
// watermark passes its end, joined once, and dropped.
type joiner struct {
	spec  graph.WindowJoin
	sides [2]joinSide
	types []data.Type
	cond  *operator.Condition
	ctx   *operator.Context
	clock *clock

	open      []*joinPane // by end
	watermark int64
	snapshot  joinShot

	rows  []int32
	recs  []unsafe.Pointer
	sizes packed.Scratch
	picks [2]packed.Picks
}

type joinSide struct {
	keys   []int
	end    int
	types  []data.Type
	layout *packed.Layout
	order  []int // columns as they are written: the keys first
	schema []data.Column
}

// joinPane is the rows of one window.
type joinPane struct {
	end, fireAt int64
	logs        [2]*state.Log
	rows        []int32 // of the batch at hand
	saved       [2]int  // how many rows a completed snapshot has
}

// NewJoin makes the operator of a WindowJoin.
func NewJoin(op graph.Op, input [][]data.Column, functions *function.Set) (operator.Operator, error) {
	j := &joiner{spec: *op.WindowJoin, watermark: data.MinWatermark}
	j.sides[0].keys, j.sides[0].end = j.spec.LeftKeys, j.spec.LeftEnd
	j.sides[1].keys, j.sides[1].end = j.spec.RightKeys, j.spec.RightEnd
	for i := range j.sides {
		s := &j.sides[i]
		for k, c := range input[i] {
			s.types = append(s.types, c.Type)
			if !slices.Contains(s.keys, k) {
				s.order = append(s.order, k)
			}
		}
		s.order = append(slices.Clone(s.keys), s.order...)
		for _, k := range s.order {
			s.schema = append(s.schema, input[i][k])
		}
		s.layout = packed.New(s.types)
	}
	for _, c := range op.Schema {
		j.types = append(j.types, c.Type)
	}
	if j.spec.Condition != nil {
		var err error
		if j.cond, err = operator.NewCondition(*j.spec.Condition, input, functions); err != nil {
			return nil, err
		}
	}
	return j, nil
}

func (j *joiner) Open(c *operator.Context) error {
	j.ctx = c
	if j.spec.LTZ {
		j.clock = &clock{zone: c.Env.TimeZone.Location}
	}
	return nil
}

func (j *joiner) Close() error {
	j.endSnapshot(false)
	for _, p := range j.open {
		p.free()
	}
	j.open = nil
	return nil
}

func (p *joinPane) free() {
	p.logs[0].Free()
	p.logs[1].Free()
}

func (j *joiner) Process(input int, b *data.Batch, _ operator.Output) error {
	defer b.Release()
	j.rows = operator.Rows(b, j.rows)
	ends := b.Cols[j.sides[input].end].I64
	var last *joinPane
	for _, r := range j.rows {
		wm := j.watermark
		if b.RowWatermarks != nil {
			wm = max(wm, b.RowWatermarks[r])
		}
		if last == nil || last.end != ends[r] || last.fireAt <= wm {
			if last = j.pane(ends[r], wm); last == nil {
				j.ctx.Metrics.LateDropped.Add(1)
				continue
			}
		}
		last.rows = append(last.rows, r)
	}
	for _, p := range j.open {
		if len(p.rows) > 0 {
			if err := j.keep(p, input, b.Cols, p.rows); err != nil {
				return err
			}
			p.rows = p.rows[:0]
		}
	}
	j.measure()
	return nil
}

func (j *joiner) measure() {
	var bytes, keys int64
	for _, p := range j.open {
		bytes += p.logs[0].Bytes() + p.logs[1].Bytes()
		keys += int64(p.logs[0].Len() + p.logs[1].Len())
	}
	j.ctx.Metrics.StateBytes.Store(bytes)
	j.ctx.Metrics.StateKeys.Store(keys)
}

// pane finds or opens a window; nil if the watermark has closed it.
func (j *joiner) pane(end, wm int64) *joinPane {
	i := sort.Search(len(j.open), func(i int) bool { return j.open[i].end >= end })
	if i < len(j.open) && j.open[i].end == end {
		if j.open[i].fireAt <= wm {
			return nil
		}
		return j.open[i]
	}
	fireAt := j.clock.instant(end) - 1
	if fireAt <= wm {
		return nil
	}
	p := &joinPane{end: end, fireAt: fireAt}
	p.logs[0], p.logs[1] = state.NewLog(j.ctx.Memory), state.NewLog(j.ctx.Memory)
	j.open = slices.Insert(j.open, i, p)
	return p
}

// keep writes rows of an input to its log.
func (j *joiner) keep(p *joinPane, input int, cols []*data.Vector, rows []int32) error {
	layout := j.sides[input].layout
	sizes, err := layout.Sizes(&j.sizes, cols, rows)
	if err != nil {
		return err
	}
	if cap(j.recs) < len(rows) {
		j.recs = make([]unsafe.Pointer, max(len(rows), data.BatchSize))
	}
	recs := j.recs[:len(rows)]
	for i := range recs {
		if _, recs[i], err = p.logs[input].Append(int(sizes[i])); err != nil {
			return err
		}
	}
	layout.Write(&j.sizes, cols, rows, recs)
	return nil
}

func (j *joiner) Watermark(wm int64, out operator.Output) error {
	if wm <= j.watermark {
		return nil
	}
	j.watermark = wm
	n := 0
	for ; n < len(j.open) && j.open[n].fireAt <= wm; n++ {
		if err := j.join(j.open[n], out); err != nil {
			return err
		}
		j.drop(j.open[n])
	}
	if n > 0 {
		j.open = slices.Delete(j.open, 0, n)
		j.measure()
	}
	return out.Watermark(wm)
}

// matching is the join of one window.
type matching struct {
	*joiner
	out     operator.Output
	recs    [2][]unsafe.Pointer
	hashes  [2][]uint64
	null    [2][]bool // a key is NULL that equals nothing
	matched [2][]bool
	pairs   [2][]int32
	picked  [2][]unsafe.Pointer
}

func (j *joiner) join(p *joinPane, out operator.Output) error {
	m := &matching{joiner: j, out: out}
	for s, log := range p.logs {
		m.recs[s] = make([]unsafe.Pointer, 0, log.Len())
		for at, end := uint64(state.LogStart), log.End(); ; {
			_, rec, next := log.Next(at, end)
			if rec == nil {
				break
			}
			m.recs[s] = append(m.recs[s], rec)
			at = next
		}
		m.matched[s] = make([]bool, len(m.recs[s]))
	}
	if len(m.recs[0]) > 0 && len(m.recs[1]) > 0 {
		if err := m.match(); err != nil {
			return err
		}
	}
	kind := j.spec.Kind
	switch {
	case kind == graph.SemiJoin:
		return m.single(0, true)
	case kind == graph.AntiJoin:
		return m.single(0, false)
	}
	if kind.KeepsLeft() {
		if err := m.single(0, false); err != nil {
			return err
		}
	}
	if kind.KeepsRight() {
		return m.single(1, false)
	}
	return nil
}

// hash computes the key hashes of a side's rows.
func (m *matching) hash(s int) error {
	side := &m.sides[s]
	m.hashes[s], m.null[s] = make([]uint64, len(m.recs[s])), make([]bool, len(m.recs[s]))
	keys := everyColumn(len(side.keys))
	for from := 0; from < len(m.recs[s]); from += data.BatchSize {
		recs := m.recs[s][from:min(from+data.BatchSize, len(m.recs[s]))]
		b, err := m.columns(s, recs, side.keys)
		if err != nil {
			return err
		}
		data.HashKeys(b, keys)
		copy(m.hashes[s][from:], b.Hashes)
		for k, v := range b.Cols {
			if v.Nulls == nil || m.spec.NullKeys != nil && m.spec.NullKeys[k] {
				continue
			}
			for i := range recs {
				if v.IsNull(i) {
					m.null[s][from+i] = true
				}
			}
		}
		b.Release()
	}
	return nil
}

// columns gathers columns of rows of a side.
func (m *matching) columns(s int, recs []unsafe.Pointer, which []int) (*data.Batch, error) {
	b := data.NewBatch(len(which))
	b.N = len(recs)
	m.picks[s].Pick(recs)
	for _, k := range which {
		v, err := m.sides[s].layout.Gather(&m.picks[s], k, m.sides[s].types[k])
		if err != nil {
			b.Release()
			return nil, err
		}
		b.Cols = append(b.Cols, v)
	}
	return b, nil
}

// match looks for the pairs.
func (m *matching) match() error {
	for s := range 2 {
		if err := m.hash(s); err != nil {
			return err
		}
	}
	size := 1 << bits.Len(uint(2*len(m.recs[1])))
	heads, next := make([]int32, size), make([]int32, len(m.recs[1]))
	for r := len(next) - 1; r >= 0; r-- { // so that chains are in the order of arrival
		if !m.null[1][r] {
			at := &heads[m.hashes[1][r]>>7&uint64(size-1)]
			next[r], *at = *at, int32(r)+1
		}
	}
	for l, h := range m.hashes[0] {
		if m.null[0][l] {
			continue
		}
		for r := heads[h>>7&uint64(size-1)] - 1; r >= 0; r = next[r] - 1 {
			if m.hashes[1][r] != h {
				continue
			}
			m.pairs[0], m.pairs[1] = append(m.pairs[0], int32(l)), append(m.pairs[1], r)
			if len(m.pairs[0]) == data.BatchSize {
				if err := m.check(); err != nil {
					return err
				}
			}
		}
	}
	return m.check()
}

// check judges the pairs found, and gives those that are true ones.
func (m *matching) check() error {
	if len(m.pairs[0]) == 0 {
		return nil
	}
	defer func() { m.pairs[0], m.pairs[1] = m.pairs[0][:0], m.pairs[1][:0] }()
	m.pick()
	var keys [2]*data.Batch
	for s := range keys {
		var err error
		if keys[s], err = m.columns(s, m.picked[s], m.sides[s].keys); err != nil {
			return err
		}
		defer keys[s].Release()
	}
	n := 0
	for i := range m.pairs[0] {
		if sameKeys(keys[0].Cols, keys[1].Cols, i) {
			m.pairs[0][n], m.pairs[1][n] = m.pairs[0][i], m.pairs[1][i]
			n++
		}
	}
	if n < len(m.pairs[0]) {
		m.pairs[0], m.pairs[1] = m.pairs[0][:n], m.pairs[1][:n]
		m.pick()
	}
	if m.cond != nil && n > 0 {
		sel, err := m.cond.Judge(n, m.ctx.Env, func(o *data.Batch, s int, cols []int, types []data.Type) error {
			m.picks[s].Pick(m.picked[s])
			for i, k := range cols {
				v, err := m.sides[s].layout.Gather(&m.picks[s], k, types[i])
				if err != nil {
					return err
				}
				o.Cols = append(o.Cols, v)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if sel != nil {
			for i, k := range sel {
				m.pairs[0][i], m.pairs[1][i] = m.pairs[0][k], m.pairs[1][k]
			}
			n = len(sel)
			m.pairs[0], m.pairs[1] = m.pairs[0][:n], m.pairs[1][:n]
			m.pick()
		}
	}
	for s := range 2 {
		for _, i := range m.pairs[s] {
			m.matched[s][i] = true
		}
	}
	if n == 0 || m.spec.Kind.LeftOnly() {
		return nil
	}
	return m.give()
}

// pick takes the records of the pairs.
func (m *matching) pick() {
	for s := range 2 {
		m.picked[s] = m.picked[s][:0]
		for _, i := range m.pairs[s] {
			m.picked[s] = append(m.picked[s], m.recs[s][i])
		}
	}
}

func sameKeys(a, b []*data.Vector, i int) bool {
	for k := range a {
		if !data.EqualAt(a[k], i, b[k], i) && !bothNaN(a[k], b[k], i) {
			return false
		}
	}
	return true
}

func bothNaN(a, b *data.Vector, i int) bool {
	switch {
	case a.IsNull(i) || b.IsNull(i):
	case a.Type.Phys() == data.PhysF64:
		return a.F64[i] != a.F64[i] && b.F64[i] != b.F64[i]
	case a.Type.Phys() == data.PhysF32:
		return a.F32[i] != a.F32[i] && b.F32[i] != b.F32[i]
	}
	return false
}

// give emits what was picked: nil is a row of NULLs.
func (m *matching) give() error {
	o := data.NewBatch(len(m.types))
	o.N = len(m.picked[0])
	for s := range 2 {
		if s == 1 && m.spec.Kind.LeftOnly() {
			break
		}
		m.picks[s].Pick(m.picked[s])
		for k := range m.sides[s].types {
			v, err := m.sides[s].layout.Gather(&m.picks[s], k, m.types[len(o.Cols)])
			if err != nil {
				o.Release()
				return err
			}
			o.Cols = append(o.Cols, v)
		}
	}
	return m.out.Emit(o)
}

// single gives the rows of one side that have a match, or those that have none.
func (m *matching) single(s int, matched bool) error {
	flush := func() error {
		if len(m.picked[s]) == 0 {
			return nil
		}
		err := m.give()
		m.picked[0], m.picked[1] = m.picked[0][:0], m.picked[1][:0]
		return err
	}
	m.picked[0], m.picked[1] = m.picked[0][:0], m.picked[1][:0]
	for i, rec := range m.recs[s] {
		if m.matched[s][i] != matched {
			continue
		}
		m.picked[s], m.picked[1-s] = append(m.picked[s], rec), append(m.picked[1-s], nil)
		if len(m.picked[s]) == data.BatchSize {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}
