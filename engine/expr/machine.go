package expr

import (
	"encoding/binary"
	"math/bits"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// selection is a set of rows that an expression is asked for. Its parent
// contains it, so what was computed for the parent holds for it too.
type selection struct {
	rows   []int32 // ascending; nil means all rows of the batch
	n      int     // rows of the batch
	parent *selection
}

func (s *selection) count() int {
	if s.rows != nil {
		return len(s.rows)
	}
	return s.n
}

// sparse returns the rows to loop over where computing all of them would be
// wasteful, nil where a plain loop over the columns is the faster way.
func (s *selection) sparse() []int32 {
	if s.rows == nil || len(s.rows)*3 >= s.n {
		return nil
	}
	return s.rows
}

// within tells whether s is t or a part of it.
func (s *selection) within(t *selection) bool {
	for ; s != nil; s = s.parent {
		if s == t {
			return true
		}
	}
	return false
}

// covers tells whether all of rows are in the list; nil is all rows.
func covers(list, rows []int32) bool {
	if list == nil || rows == nil {
		return list == nil
	}
	k := 0
	for _, i := range rows {
		for k < len(list) && list[k] < i {
			k++
		}
		if k == len(list) || list[k] != i {
			return false
		}
	}
	return true
}

// kernel computes a node for the rows of s into a vector of the machine.
type kernel func(m *machine, n *node, s *selection) (*data.Vector, error)

// node is one distinct subexpression.
type node struct {
	id   int
	expr Expr // for errors
	typ  data.Type
	args []*node
	// konst is the value of a literal; such a node has no kernel.
	konst  *data.Value
	column int // of the input; -1 for others
	// cheap nodes are so fast and harmless that they may be computed for rows
	// that nobody asked for.
	cheap bool
	// light is cheap but for the operands.
	light bool
	// safe nodes never fail: nothing is wrong with computing them for rows that
	// another operand would have excluded.
	safe bool
	// costly nodes take tens of nanoseconds a row: AND and OR look at them last.
	costly bool
	run    kernel
}

// register holds what a node was last computed to.
type register struct {
	v     *data.Vector
	sel   *selection // the rows it was computed for
	alien bool       // v is the batch's own
}

// machine is the state of one program while it works on a batch.
type machine struct {
	nodes  []*node
	regs   []register
	consts []*data.Vector
	batch  *data.Batch
	n      int
	env    *function.Env
	root   selection
	text   []byte // scratch

	sels     []*selection
	usedSels int
	rowBufs  [][]int32
	usedBufs int
	all      []int32
	call     function.Call
	states   map[int]*any // of volatile calls, by node
}

func (m *machine) state(n *node) *any {
	x := m.states[n.id]
	if x == nil {
		if m.states == nil {
			m.states = map[int]*any{}
		}
		x = new(any)
		m.states[n.id] = x
	}
	return x
}

func newMachine(nodes []*node) *machine {
	return &machine{nodes: nodes, regs: make([]register, len(nodes)), consts: make([]*data.Vector, len(nodes))}
}

var noEnv = &function.Env{}

func (m *machine) begin(b *data.Batch, env *function.Env) *selection {
	if env == nil {
		env = noEnv
	}
	m.batch, m.n, m.env = b, b.N, env
	m.root = selection{rows: b.Sel, n: b.N}
	return &m.root
}

func (m *machine) end() {
	for i := range m.regs {
		r := &m.regs[i]
		if r.v != nil && !r.alien {
			r.v.Release()
		}
		*r = register{}
	}
	m.usedSels, m.usedBufs = 0, 0
	m.batch, m.env = nil, nil
}

// vec returns the vector of a node, computed at least for the rows of s. It
// stays the machine's.
func (m *machine) vec(n *node, s *selection) (*data.Vector, error) {
	if n.konst != nil {
		return m.constant(n), nil
	}
	r := &m.regs[n.id]
	if r.v != nil && (s.within(r.sel) || n.costly && covers(r.sel.rows, s.rows)) {
		return r.v, nil
	}
	if n.column >= 0 {
		*r = register{v: m.batch.Cols[n.column], sel: &m.root, alien: true}
		return r.v, nil
	}
	// A cheap node is worth computing for all rows at once: others may ask.
	if n.cheap && s != &m.root && s.count()*2 >= m.root.count() {
		s = &m.root
	}
	v, err := n.run(m, n, s)
	if err != nil {
		return nil, err
	}
	if r.v != nil && !r.alien {
		r.v.Release()
	}
	*r = register{v: v, sel: s}
	return v, nil
}

// atHand tells whether a node costs next to nothing for the rows of s: because
// it is cheap, or because what is not cheap in it has been computed.
func (m *machine) atHand(n *node, s *selection) bool { return m.near(n, s, 6) }

func (m *machine) near(n *node, s *selection, depth int) bool {
	if n.cheap || n.konst != nil {
		return true
	}
	if r := &m.regs[n.id]; r.v != nil && s.within(r.sel) {
		return true
	}
	if !n.light || depth == 0 {
		return false
	}
	for _, a := range n.args {
		if !m.near(a, s, depth-1) {
			return false
		}
	}
	return true
}

// give returns a vector of a root with a reference for the caller.
func (m *machine) give(n *node, v *data.Vector, t data.Type) *data.Vector {
	if n.konst != nil {
		if v.N == m.n {
			return v.Retain()
		}
		return broadcast(t, *n.konst, m.n)
	}
	return v.Retain()
}

// out makes the vector a kernel fills.
func (m *machine) out(n *node) *data.Vector { return data.NewVector(n.typ, m.n) }

// constant returns a literal as a vector of at least n rows.
func (m *machine) constant(n *node) *data.Vector {
	v := m.consts[n.id]
	if v == nil || v.N < m.n {
		if v != nil {
			v.Release()
		}
		v = broadcast(n.typ, *n.konst, m.n)
		m.consts[n.id] = v
	}
	return v
}

func broadcast(t data.Type, x data.Value, n int) *data.Vector {
	v := data.NewVector(t, n)
	if n == 0 {
		return v
	}
	if x.Null {
		allNull(v)
	}
	switch t.Phys() {
	case data.PhysBool:
		fill(v.Bool, uint8(x.I))
	case data.PhysI32:
		fill(v.I32, int32(x.I))
	case data.PhysI64:
		fill(v.I64, x.I)
	case data.PhysF32:
		fill(v.F32, float32(x.F))
	case data.PhysF64:
		fill(v.F64, x.F)
	case data.PhysI128:
		fill(v.I128, x.D)
	case data.PhysTime:
		fill(v.I64, x.I)
		fill(v.Nano, x.Nano)
	case data.PhysString:
		v.SetString(0, x.S)
		fill(v.Views, v.Views[0])
	default:
		for i := range n {
			v.SetValueAt(i, x)
		}
	}
	return v
}

func fill[T any](s []T, x T) {
	for i := range s {
		s[i] = x
	}
}

// allNull makes every row NULL.
func allNull(v *data.Vector) {
	words := nullWords(v)
	fill(words, ^uint64(0))
	v.Nulls = words
}

// nullWords returns an own, zeroed null bitmap for v.
func nullWords(v *data.Vector) []uint64 {
	return make([]uint64, max((v.N+63)/64, data.BatchSize/64))[:(v.N+63)/64]
}

// setNulls makes the NULLs of out those of a and b together, by words.
func setNulls(out, a, b *data.Vector) {
	var an, bn []uint64
	if a != nil {
		an = a.Nulls
	}
	if b != nil {
		bn = b.Nulls
	}
	if an == nil {
		an, bn = bn, nil
	}
	if an == nil {
		return
	}
	clear(out.Views) // what lies under a NULL must be valid
	o := nullWords(out)
	copy(o, an)
	if bn != nil {
		bn = bn[:len(o)]
		for i := range o {
			o[i] |= bn[i]
		}
	}
	out.Nulls = o
}

// addNulls adds bitmap words to the NULLs of out.
func addNulls(out *data.Vector, words []uint64) {
	if words == nil {
		return
	}
	if out.Nulls == nil {
		o := nullWords(out)
		copy(o, words)
		out.Nulls = o
		return
	}
	for i := range out.Nulls {
		out.Nulls[i] |= words[i]
	}
}

// takeRows returns scratch for n row numbers, valid until end.
func (m *machine) takeRows(n int) []int32 {
	if m.usedBufs == len(m.rowBufs) {
		m.rowBufs = append(m.rowBufs, make([]int32, max(n, data.BatchSize)))
	}
	b := m.rowBufs[m.usedBufs]
	if cap(b) < n {
		b = make([]int32, n)
		m.rowBufs[m.usedBufs] = b
	}
	m.usedBufs++
	return b[:cap(b)]
}

// narrow makes a selection of some rows of s.
func (m *machine) narrow(s *selection, rows []int32) *selection {
	if m.usedSels == len(m.sels) {
		m.sels = append(m.sels, &selection{})
	}
	t := m.sels[m.usedSels]
	m.usedSels++
	*t = selection{rows: rows, n: s.n, parent: s}
	return t
}

// rows returns the rows of s as a list.
func (m *machine) rows(s *selection) []int32 {
	if s.rows != nil {
		return s.rows
	}
	for len(m.all) < s.n {
		m.all = append(m.all, int32(len(m.all)))
	}
	return m.all[:s.n]
}

// notNull returns the part of s where the bitmap has no NULL.
func (m *machine) notNull(s *selection, words []uint64) *selection {
	if words == nil {
		return s
	}
	rows := m.takeRows(s.count())
	k := 0
	for _, i := range m.rows(s) {
		rows[k] = i
		k += int(^words[i>>6] >> (i & 63) & 1)
	}
	if k == s.count() {
		return s
	}
	return m.narrow(s, rows[:k])
}

// selectTrue lists the rows of s where v is TRUE.
func selectTrue(rows []int32, v *data.Vector, s *selection) []int32 {
	k := 0
	mask := v.Bool
	if v.Nulls != nil {
		words := v.Nulls
		if s.rows == nil {
			for i := range s.n {
				rows[k] = int32(i)
				k += int(mask[i] & byte(^words[i>>6]>>(i&63)) & 1)
			}
			return rows[:k]
		}
		for _, i := range s.rows {
			rows[k] = i
			k += int(mask[i] & byte(^words[i>>6]>>(i&63)) & 1)
		}
		return rows[:k]
	}
	if s.rows == nil {
		return selectMask(rows, mask[:s.n])
	}
	for _, i := range s.rows {
		rows[k] = i
		k += int(mask[i] & 1)
	}
	return rows[:k]
}

// selectMask lists where mask is 1: by jumping from one to the next where few
// are, without branches where many are.
func selectMask(rows []int32, mask []uint8) []int32 {
	rows = rows[:len(mask)]
	words := len(mask) / 8
	set := 0
	for i := range words {
		set += bits.OnesCount64(binary.LittleEndian.Uint64(mask[i*8:]) & 0x0101010101010101)
	}
	k := 0
	if set < words {
		for i := range words {
			for w := binary.LittleEndian.Uint64(mask[i*8:]) & 0x0101010101010101; w != 0; w &= w - 1 {
				rows[k] = int32(i*8 + bits.TrailingZeros64(w)>>3)
				k++
			}
		}
	} else {
		for i := range words {
			w := binary.LittleEndian.Uint64(mask[i*8:])
			at := int32(i * 8)
			r := rows[k:]
			if len(r) < 8 { // cannot be: there is room for every row
				break
			}
			n := uint64(0)
			r[0], n = at, w&1
			r[n&7], n = at+1, n+w>>8&1
			r[n&7], n = at+2, n+w>>16&1
			r[n&7], n = at+3, n+w>>24&1
			r[n&7], n = at+4, n+w>>32&1
			r[n&7], n = at+5, n+w>>40&1
			r[n&7], n = at+6, n+w>>48&1
			r[n&7], n = at+7, n+w>>56&1
			k += int(n)
		}
	}
	for i := words * 8; i < len(mask); i++ {
		rows[k] = int32(i)
		k += int(mask[i] & 1)
	}
	return rows[:k]
}
