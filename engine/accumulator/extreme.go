package accumulator

import (
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
)

// extreme is MIN and MAX: whether there is a value, then the value. Values of
// up to 16 bytes lie in the record; strings in the group's blobs.
//
// Where the input takes rows back, every value is also counted in a side table
// keyed by group and value, chained from the group's record, so that the next
// extreme can be found when the last copy of the present one leaves.
type extreme struct {
	off  int // present 8, value 16, head of chain 8 (retracting)
	arg  int
	max  bool
	typ  data.Type
	phys data.Phys
	side int // -1: append-only input
}

const (
	extValue = 8
	extHead  = 24
	extWidth = 32

	sideCount = 0 // offsets in a side record
	sideNext  = 8
	sidePrev  = 16
	sideWidth = 24
)

// better tells whether row r of v should replace the value of rec.
func (e *extreme) better(g *Groups, rec unsafe.Pointer, v *data.Vector, r int) bool {
	if *i64(rec, e.off) == 0 {
		return true
	}
	c := e.compare(g, rec, v, r)
	if e.max {
		return c > 0
	}
	return c < 0
}

// compare orders row r of v against the value of rec.
func (e *extreme) compare(g *Groups, rec unsafe.Pointer, v *data.Vector, r int) int {
	at := e.off + extValue
	switch e.phys {
	case data.PhysBool:
		return cmp(int64(v.Bool[r]), *i64(rec, at))
	case data.PhysI32:
		return cmp(int64(v.I32[r]), *i64(rec, at))
	case data.PhysI64:
		return cmp(v.I64[r], *i64(rec, at))
	case data.PhysF32:
		return cmpFloat(float64(v.F32[r]), *f64(rec, at))
	case data.PhysF64:
		return cmpFloat(v.F64[r], *f64(rec, at))
	case data.PhysI128:
		return v.I128[r].Cmp(*wide(rec, at))
	case data.PhysTime:
		if c := cmp(v.I64[r], *i64(rec, at)); c != 0 {
			return c
		}
		return cmp(int64(v.Nano[r]), *i64(rec, at+8))
	}
	x, y := v.Str(r), g.blobs.Get(*u64(rec, at))
	switch s := unsafe.String(unsafe.SliceData(y), len(y)); {
	case x < s:
		return -1
	case x > s:
		return 1
	}
	return 0
}

func cmp(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// cmpFloat orders as Java's compare does: NaN is the greatest.
func cmpFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return 0
	case a != a && b != b:
		return 0
	case a != a:
		return 1
	}
	return -1
}

// set stores row r of v as the value of rec.
func (e *extreme) set(g *Groups, rec unsafe.Pointer, v *data.Vector, r int) error {
	at := e.off + extValue
	switch e.phys {
	case data.PhysBool:
		*i64(rec, at) = int64(v.Bool[r])
	case data.PhysI32:
		*i64(rec, at) = int64(v.I32[r])
	case data.PhysI64:
		*i64(rec, at) = v.I64[r]
	case data.PhysF32:
		*f64(rec, at) = float64(v.F32[r])
	case data.PhysF64:
		*f64(rec, at) = v.F64[r]
	case data.PhysI128:
		*wide(rec, at) = v.I128[r]
	case data.PhysTime:
		*i64(rec, at), *i64(rec, at+8) = v.I64[r], int64(v.Nano[r])
	default:
		h, err := g.blobs.Put(*u64(rec, at), v.Bytes(r))
		if err != nil {
			return err
		}
		*u64(rec, at) = h
	}
	*i64(rec, e.off) = 1
	return nil
}

func (e *extreme) clear(g *Groups, rec unsafe.Pointer) {
	*i64(rec, e.off) = 0
	if e.phys == data.PhysString {
		if h := u64(rec, e.off+extValue); *h != 0 {
			g.blobs.Drop(*h)
			*h = 0
		}
	}
}

func (e *extreme) put(g *Groups, rec unsafe.Pointer, out *data.Vector, r int) {
	at := e.off + extValue
	if *i64(rec, e.off) == 0 {
		data.SetNullRow(out, r)
		return
	}
	out.ClearNull(r)
	switch e.phys {
	case data.PhysBool:
		out.Bool[r] = uint8(*i64(rec, at))
	case data.PhysI32:
		out.I32[r] = int32(*i64(rec, at))
	case data.PhysI64:
		out.I64[r] = *i64(rec, at)
	case data.PhysF32:
		out.F32[r] = float32(*f64(rec, at))
	case data.PhysF64:
		out.F64[r] = *f64(rec, at)
	case data.PhysI128:
		out.I128[r] = *wide(rec, at)
	case data.PhysTime:
		out.I64[r], out.Nano[r] = *i64(rec, at), int32(*i64(rec, at+8))
	default:
		out.SetBytes(r, g.blobs.Get(*u64(rec, at)))
	}
}

func (e *extreme) update(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch) error {
	v := b.Cols[e.arg]
	if e.side >= 0 {
		return e.updateCounted(g, recs, rows, b)
	}
	if e.phys == data.PhysI64 && v.Nulls == nil {
		for i, rec := range recs {
			x, there, now := v.I64[rows[i]], i64(rec, e.off), i64(rec, e.off+extValue)
			if *there == 0 || (x > *now) == e.max && x != *now {
				*there, *now = 1, x
			}
		}
		return nil
	}
	for i, rec := range recs {
		r := int(rows[i])
		if !v.IsNull(r) && e.better(g, rec, v, r) {
			if err := e.set(g, rec, v, r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *extreme) updateCounted(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch) error {
	v := b.Cols[e.arg]
	recs, rows = g.nonNull(v, recs, rows)
	sides, err := g.resolveSide(e.side, rows, b)
	if err != nil {
		return err
	}
	for i, rec := range recs {
		r := int(rows[i])
		if !state.Alive(sides[i]) { // its last copy left earlier in this batch
			one, err := g.resolveSide(e.side, rows[i:i+1], b)
			if err != nil {
				return err
			}
			sides[i] = one[0]
		}
		s := sides[i]
		if *u64(s, sideNext) == 0 {
			e.relink(rec, s)
		}
		n := i64(s, sideCount)
		*n += sign(b.Op(r))
		switch {
		case *n > 0:
			if e.better(g, rec, v, r) {
				if err := e.set(g, rec, v, r); err != nil {
					return err
				}
			}
		case *n == 0:
			e.unlink(rec, s)
			g.sides[e.side].Delete(s)
			if *i64(rec, e.off) != 0 && e.compare(g, rec, v, r) == 0 {
				if err := e.search(g, rec); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// A chain is doubly linked through side records by address; 1 ends it.

// relink puts a side record at the head of its group's chain.
func (e *extreme) relink(rec, s unsafe.Pointer) {
	head := u64(rec, e.off+extHead)
	next := max(*head, 1)
	*u64(s, sideNext), *u64(s, sidePrev) = next, 1
	if next > 1 {
		*u64(deref(u64(s, sideNext)), sidePrev) = uint64(uintptr(s))
	}
	*head = uint64(uintptr(s))
}

func (e *extreme) unlink(rec, s unsafe.Pointer) {
	next, prev := *u64(s, sideNext), *u64(s, sidePrev)
	if prev == 1 {
		*u64(rec, e.off+extHead) = next
	} else {
		*u64(deref(u64(s, sidePrev)), sideNext) = next
	}
	if next > 1 {
		*u64(deref(u64(s, sideNext)), sidePrev) = prev
	}
	*u64(s, sideNext), *u64(s, sidePrev) = 0, 0
}

// deref reads an address kept as a number in state; tables keep what it points
// at alive and in place.
func deref(link *uint64) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(link)) }

// search finds the extreme among the values that are left.
func (e *extreme) search(g *Groups, rec unsafe.Pointer) error {
	e.clear(g, rec)
	value := data.NewVector(e.typ, 1)
	defer value.Release()
	var key []byte
	for link := u64(rec, e.off+extHead); *link > 1; {
		s := deref(link)
		link = u64(s, sideNext)
		if *i64(s, sideCount) <= 0 {
			continue
		}
		key = g.sides[e.side].Key(key[:0], s)
		rest, err := data.SkipValues(key, g.set.types)
		if err != nil {
			return err
		}
		value.Bufs = releaseBuffers(value)
		if _, err := data.DecodeValue(rest, value, 0); err != nil {
			return err
		}
		if e.better(g, rec, value, 0) {
			if err := e.set(g, rec, value, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

func releaseBuffers(v *data.Vector) []*data.Buffer {
	for i, b := range v.Bufs {
		b.Release()
		v.Bufs[i] = nil
	}
	return v.Bufs[:0]
}

func (e *extreme) result(g *Groups, recs []unsafe.Pointer, out *data.Vector, base, stride int) {
	for i, rec := range recs {
		e.put(g, rec, out, base+i*stride)
	}
}

func (e *extreme) schema() []data.Type { return []data.Type{e.typ.WithNull(true)} }

func (e *extreme) save(g *Groups, recs []unsafe.Pointer, cols []*data.Vector) {
	e.result(g, recs, cols[0], 0, 1)
}

func (e *extreme) load(g *Groups, recs []unsafe.Pointer, cols []*data.Vector) error {
	for i, rec := range recs {
		if !cols[0].IsNull(i) {
			if err := e.set(g, rec, cols[0], i); err != nil {
				return err
			}
		}
	}
	return nil
}
