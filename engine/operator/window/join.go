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

// matching is the join of one window: the rows of the right side are entered in a
// table by their keys, those of the left side come by a batch at a time.
type matching struct {
	*joiner
	out     operator.Output
	recs    [2][]unsafe.Pointer // left: of the batch at hand
	matched [2][]bool           // of the sides whose rows are given by that
	pairs   [2][]int32
	picked  [2][]unsafe.Pointer
	left    []*data.Vector // keys of the batch at hand
	equal   []bool

	hashes []uint64 // of the right side
	heads  []int32  // by hash: the first row of a chain, from 1
	next   []int32
}

func (j *joiner) join(p *joinPane, out operator.Output) error {
	kind := j.spec.Kind
	leftAlone := kind == graph.SemiJoin || kind == graph.AntiJoin || kind.KeepsLeft()
	if p.logs[1].Len() == 0 && !leftAlone || p.logs[0].Len() == 0 && !kind.KeepsRight() {
		return nil
	}
	m := &matching{joiner: j, out: out}
	if err := m.enter(p.logs[1]); err != nil {
		return err
	}
	if kind.KeepsRight() {
		m.matched[1] = make([]bool, len(m.recs[1]))
	}
	if leftAlone {
		m.matched[0] = make([]bool, data.BatchSize)
	}
	at, end := uint64(state.LogStart), p.logs[0].End()
	for at < end {
		m.recs[0], at = some(p.logs[0], m.recs[0][:0], at, end, data.BatchSize)
		if len(m.recs[1]) > 0 && len(m.recs[0]) > 0 {
			if err := m.match(); err != nil {
				return err
			}
		}
		if leftAlone {
			if err := m.single(0, kind == graph.SemiJoin); err != nil {
				return err
			}
			clear(m.matched[0])
		}
	}
	if kind.KeepsRight() {
		return m.single(1, false)
	}
	return nil
}

// some appends up to n records of a log, and tells where to go on.
func some(log *state.Log, recs []unsafe.Pointer, at, end uint64, n int) ([]unsafe.Pointer, uint64) {
	for range n {
		_, rec, next := log.Next(at, end)
		if rec == nil {
			return recs, end
		}
		recs, at = append(recs, rec), next
	}
	return recs, at
}

// enter makes the table of the right side.
func (m *matching) enter(log *state.Log) error {
	m.recs[1], _ = some(log, make([]unsafe.Pointer, 0, log.Len()), state.LogStart, log.End(), log.Len())
	all := m.recs[1]
	size := 1 << bits.Len(uint(2*len(all)))
	m.hashes, m.heads, m.next = make([]uint64, len(all)), make([]int32, size), make([]int32, len(all))
	without := make([]bool, len(all))
	for from := 0; from < len(all); from += data.BatchSize {
		recs := all[from:min(from+data.BatchSize, len(all))]
		b, err := m.keysOf(1, recs)
		if err != nil {
			return err
		}
		copy(m.hashes[from:], b.Hashes)
		for i := range recs {
			without[from+i] = m.keyless(b.Cols, i)
		}
		b.Release()
	}
	for r := len(all) - 1; r >= 0; r-- { // so that chains are in the order of arrival
		if !without[r] {
			at := &m.heads[m.hashes[r]>>7&uint64(size-1)]
			m.next[r], *at = *at, int32(r)+1
		}
	}
	return nil
}

// keysOf gathers the keys of rows of a side, with their hashes.
func (m *matching) keysOf(s int, recs []unsafe.Pointer) (*data.Batch, error) {
	b, err := m.columns(s, recs, m.sides[s].keys)
	if err != nil {
		return nil, err
	}
	data.PooledHashes(b, everyColumn(len(b.Cols)))
	return b, nil
}

// keyless tells whether a key of a row is NULL that equals nothing.
func (m *matching) keyless(keys []*data.Vector, i int) bool {
	for k, v := range keys {
		if v.Nulls != nil && v.IsNull(i) && (m.spec.NullKeys == nil || !m.spec.NullKeys[k]) {
			return true
		}
	}
	return false
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

// match looks for the pairs of the batch at hand.
func (m *matching) match() error {
	b, err := m.keysOf(0, m.recs[0])
	if err != nil {
		return err
	}
	defer b.Release()
	m.left = b.Cols
	last := uint64(len(m.heads) - 1)
	for l, h := range b.Hashes {
		if m.keyless(b.Cols, l) {
			continue
		}
		for r := m.heads[h>>7&last] - 1; r >= 0; r = m.next[r] - 1 {
			if m.hashes[r] != h {
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
	n, err := m.alike()
	if err != nil {
		return err
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
	for s, matched := range m.matched {
		if matched == nil {
			continue
		}
		for _, i := range m.pairs[s] {
			matched[i] = true
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

// alike moves the pairs whose keys are the same to the front and counts them.
func (m *matching) alike() (int, error) {
	right, err := m.columns(1, m.picked[1], m.sides[1].keys)
	if err != nil {
		return 0, err
	}
	defer right.Release()
	if cap(m.equal) < len(m.pairs[0]) {
		m.equal = make([]bool, data.BatchSize)
	}
	equal, left := m.equal[:len(m.pairs[0])], m.left
	for i := range equal {
		equal[i] = true
	}
	for k, b := range right.Cols {
		a := left[k]
		if a.Nulls == nil && b.Nulls == nil && a.Type.Phys() == data.PhysI64 && b.Type.Phys() == data.PhysI64 {
			for i, l := range m.pairs[0] {
				if a.I64[l] != b.I64[i] {
					equal[i] = false
				}
			}
			continue
		}
		for i, l := range m.pairs[0] {
			if !data.EqualAt(a, int(l), b, i) && !bothNaN(a, int(l), b, i) {
				equal[i] = false
			}
		}
	}
	n := 0
	for i, yes := range equal {
		if yes {
			m.pairs[0][n], m.pairs[1][n] = m.pairs[0][i], m.pairs[1][i]
			n++
		}
	}
	return n, nil
}

func bothNaN(a *data.Vector, i int, b *data.Vector, j int) bool {
	switch {
	case a.IsNull(i) || b.IsNull(j):
	case a.Type.Phys() == data.PhysF64:
		return a.F64[i] != a.F64[i] && b.F64[j] != b.F64[j]
	case a.Type.Phys() == data.PhysF32:
		return a.F32[i] != a.F32[i] && b.F32[j] != b.F32[j]
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
