package accumulator

import (
	"fmt"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
)

// user is an aggregate function of a user: what it keeps of a group are bytes in
// the group's blobs, and a batch of rows is folded in by one call.
type user struct {
	cell // the state
	name string
	fold *function.Fold
	args []int
	typ  data.Type // of the result
	last []int32   // in step: the row whose value a group has now, -1: none
	of   []int32   // in step: the place of the group of each row
	rows []int32
}

// stateBytes is how many bytes of states one call is given; a single state may be larger.
const stateBytes = 8 << 20

func (s *Set) user(c graph.AggCall, f *function.Aggregate, input []data.Column) (accumulator, error) {
	types := make([]data.Type, len(c.Args))
	for i, a := range c.Args {
		types[i] = input[a].Type
	}
	fold, err := f.Fold(types)
	if err != nil {
		return nil, err
	}
	if c.Retracts && !fold.Retracts {
		return nil, fmt.Errorf("the function takes no rows back, and its input does")
	}
	return &user{cell: s.newCell(data.Type{Kind: data.VarBinary, Precision: data.MaxLength}), name: c.Func, fold: fold, args: c.Args, typ: c.Type}, nil
}

// places numbers the groups of a batch in the order in which they come.
type places struct {
	slots []int32 // open addressing by the address of the record; place + 1
	recs  []unsafe.Pointer
	call  function.Folding
	size  int // bytes of states
}

func (p *places) begin() {
	if p.slots == nil {
		p.slots = make([]int32, 2*data.BatchSize)
	}
	clear(p.slots)
	clear(p.call.States)
	p.recs, p.size = p.recs[:0], 0
	c := &p.call
	*c = function.Folding{States: c.States[:0], Groups: c.Groups[:0], Rows: c.Rows[:0], Back: c.Back[:0], Args: c.Args[:0], Others: c.Others[:0]}
}

// place is the number of a record, or where it is to be entered.
func (p *places) place(rec unsafe.Pointer) (at int32, slot int) {
	mask := len(p.slots) - 1
	h := uint64(uintptr(rec)) * 0x9E3779B97F4A7C15
	for slot = int(h>>40) & mask; ; slot = (slot + 1) & mask {
		at = p.slots[slot] - 1
		if at < 0 || p.recs[at] == rec {
			return at, slot
		}
	}
}

// state is what a group has, nil if nothing.
func (u *user) state(g *Groups, rec unsafe.Pointer) []byte {
	if !u.present(rec) {
		return nil
	}
	b := u.bytes(g, rec)
	if len(b) == 0 {
		return []byte{}
	}
	return b[:len(b):len(b)]
}

// enter gives the place of a group in a call; false where the call is full.
func (u *user) enter(g *Groups, rec unsafe.Pointer) (int32, bool) {
	p := &g.places
	at, slot := p.place(rec)
	if at >= 0 {
		return at, true
	}
	s := u.state(g, rec)
	if len(p.recs) == data.BatchSize || p.size+len(s) > stateBytes && len(p.recs) > 0 {
		return 0, false
	}
	p.size += len(s)
	p.recs, p.call.States = append(p.recs, rec), append(p.call.States, s)
	p.slots[slot] = int32(len(p.recs))
	return int32(len(p.recs) - 1), true
}

// keep puts the states of a call back.
func (u *user) keep(g *Groups) error {
	for i, s := range g.places.call.States {
		rec := g.places.recs[i]
		switch {
		case s == nil:
			u.drop(g, rec)
		case u.present(rec) && same(s, u.bytes(g, rec)):
		default:
			if err := u.setBytes(g, rec, s); err != nil {
				return fmt.Errorf("the state of one group: %w", err)
			}
		}
	}
	return nil
}

// same tells whether two slices are one.
func same(a, b []byte) bool {
	return len(a) == len(b) && unsafe.SliceData(a) == unsafe.SliceData(b)
}

func (u *user) skips(r int32, b *data.Batch) bool {
	if !u.fold.Strict {
		return false
	}
	for _, a := range u.args {
		if b.Cols[a].IsNull(int(r)) {
			return true
		}
	}
	return false
}

// add enters a row.
func (u *user) add(c *function.Folding, at, r int32, b *data.Batch) {
	c.Groups, c.Rows = append(c.Groups, at), append(c.Rows, r)
	if b.Ops != nil {
		c.Back = append(c.Back, uint8(b.Ops[r]&1))
	}
}

// arguments completes a call.
func (u *user) arguments(c *function.Folding, b *data.Batch) {
	for _, a := range u.args {
		c.Args = append(c.Args, b.Cols[a])
	}
	back := uint8(0)
	for _, x := range c.Back {
		back |= x
	}
	if back == 0 {
		c.Back = nil
	}
}

func (u *user) update(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch) error {
	for i := 0; i < len(rows); {
		g.places.begin()
		c := &g.places.call
		for ; i < len(rows); i++ {
			if u.skips(rows[i], b) {
				continue
			}
			at, ok := u.enter(g, recs[i])
			if !ok {
				break
			}
			u.add(c, at, rows[i], b)
		}
		if len(c.Rows) == 0 {
			continue
		}
		u.arguments(c, b)
		if err := u.fold.Update(c); err != nil {
			return err
		}
		if err := u.keep(g); err != nil {
			return err
		}
	}
	return nil
}

func (u *user) step(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch, out *data.Vector, take []uint8) error {
	for i := 0; i < len(rows); {
		g.places.begin()
		c := &g.places.call
		first := i
		u.of = u.of[:0]
		for ; i < len(rows); i++ {
			at, ok := u.enter(g, recs[i])
			if !ok {
				break
			}
			if take != nil && take[i] == 0 || u.skips(rows[i], b) {
				at = ^at
			} else {
				u.add(c, at, rows[i], b)
			}
			u.of = append(u.of, at)
		}
		u.arguments(c, b)
		before, after := data.NewVector(u.typ, len(g.places.recs)), data.NewVector(u.typ, len(c.Rows))
		c.Before, c.After = before, after
		err := u.fold.Update(c)
		if err == nil {
			err = u.keep(g)
		}
		if err == nil {
			u.steps(before, after, out, first, len(g.places.recs))
		}
		before.Release()
		after.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

// steps writes the value before and after each row of a call; first is the number of its first row.
func (u *user) steps(before, after, out *data.Vector, first, groups int) {
	u.last = u.last[:0]
	for range groups {
		u.last = append(u.last, -1)
	}
	value := func(at int32, r int) {
		if k := u.last[at]; k >= 0 {
			transfer(out, r, after, int(k))
			return
		}
		transfer(out, r, before, int(at))
	}
	folded := int32(0)
	for k, at := range u.of {
		took := at >= 0
		if !took {
			at = ^at
		}
		r := 2 * (first + k)
		value(at, r)
		if took {
			u.last[at] = folded
			folded++
		}
		value(at, r+1)
	}
}

// transfer writes row i of src as row r of out, which is of the same type.
func transfer(out *data.Vector, r int, src *data.Vector, i int) {
	if src.IsNull(i) {
		data.SetNullRow(out, r)
		return
	}
	out.ClearNull(r)
	switch src.Type.Phys() {
	case data.PhysBool:
		out.Bool[r] = src.Bool[i]
	case data.PhysI32:
		out.I32[r] = src.I32[i]
	case data.PhysI64:
		out.I64[r] = src.I64[i]
	case data.PhysF32:
		out.F32[r] = src.F32[i]
	case data.PhysF64:
		out.F64[r] = src.F64[i]
	case data.PhysI128:
		out.I128[r] = src.I128[i]
	case data.PhysTime:
		out.I64[r], out.Nano[r] = src.I64[i], src.Nano[i]
	case data.PhysString:
		out.SetBytes(r, src.Bytes(i))
	default:
		decode(data.EncodeValue(nil, src, i), out, r)
	}
}

func (u *user) result(g *Groups, recs []unsafe.Pointer, out *data.Vector, base, stride int) {
	for i := 0; i < len(recs); {
		states, size := g.places.call.States[:0], 0
		u.rows = u.rows[:0]
		for ; i < len(recs) && (len(states) == 0 || size < stateBytes); i++ {
			s := u.state(g, recs[i])
			states, size = append(states, s), size+len(s)
			u.rows = append(u.rows, int32(base+i*stride))
		}
		g.places.call.States = states
		if err := u.fold.Value(states, out, u.rows); err != nil {
			g.valued = fmt.Errorf("aggregate %s: %w", u.name, err)
			for _, r := range u.rows {
				data.SetNullRow(out, int(r))
			}
		}
	}
}

func (u *user) merge(g *Groups, recs []unsafe.Pointer, from *Groups, froms []unsafe.Pointer) error {
	for i := 0; i < len(recs); {
		g.places.begin()
		c := &g.places.call
		size := 0
		for ; i < len(recs) && size < stateBytes; i++ {
			other := u.state(from, froms[i])
			if other == nil {
				continue
			}
			at, ok := u.enter(g, recs[i])
			if !ok {
				break
			}
			c.Groups, c.Others = append(c.Groups, at), append(c.Others, other)
			size += len(other)
		}
		if len(c.Groups) == 0 {
			continue
		}
		if err := u.fold.Merge(c); err != nil {
			return err
		}
		if err := u.keep(g); err != nil {
			return err
		}
	}
	return nil
}
