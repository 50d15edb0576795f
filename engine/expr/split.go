package expr

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"unicode/utf8"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// cuts are the places at which one string is cut for all SPLIT_INDEX calls that
// part it by the same byte: they are looked for once.
type cuts struct {
	sep         byte
	first, last int // numbers of the separators needed; first -1: the start of the string
	node        *node
	typ         data.Type // of the node's vector: a column for each separator
}

// maxPart is the greatest part number that is found this way.
const maxPart = 31

// split is SPLIT_INDEX with a constant separator of one byte and a constant
// number, nil for others.
func (c *compiler) split(e Expr, f *function.Scalar, args []*node) (*node, error) {
	if f.Name != "SPLIT_INDEX" || len(args) != 3 || args[0].konst != nil || args[1].konst == nil || args[2].konst == nil || args[1].konst.Null || args[2].konst.Null {
		return nil, nil
	}
	sep := args[1].konst.S
	if args[1].typ.Phys() == data.PhysI32 {
		sep = string(rune(args[1].konst.I))
	}
	part := args[2].konst.I
	if len(sep) != 1 || sep[0] >= utf8.RuneSelf || part < 0 || part > maxPart {
		return nil, nil
	}
	key := fmt.Sprintf("%d %q", args[0].id, sep)
	k := c.cuts[key]
	if k == nil {
		k = &cuts{sep: sep[0], first: int(part) - 1, last: int(part)}
		if c.cuts == nil {
			c.cuts = map[string]*cuts{}
		}
		c.cuts[key] = k
		k.node = c.add(&node{expr: Call("CUTS", e.Type, args[0].expr, args[1].expr), args: args[:1], column: -1, run: k.find, safe: args[0].safe, costly: args[0].costly})
	}
	k.first, k.last = min(k.first, int(part)-1), max(k.last, int(part))
	k.typ = data.Type{Kind: data.Row, Args: make([]data.Type, k.last-k.first+1)}
	for i := range k.typ.Args {
		k.typ.Args[i] = data.Of(data.Int)
	}
	k.node.typ = k.typ
	n, err := c.make(e, []*node{args[0], k.node, args[2]}, false, func() (kernel, bool, error) {
		return k.part(int(part)), false, nil
	})
	if err == nil {
		n.safe = args[0].safe
	}
	return n, err
}

// find fills the children with the offsets of separators, -1 where there are
// not so many.
func (k *cuts) find(m *machine, n *node, s *selection) (*data.Vector, error) {
	v, err := m.vec(n.args[0], s)
	if err != nil {
		return nil, err
	}
	out := data.NewVector(k.typ, m.n)
	s = m.notNull(s, v.Nulls)
	columns := make([][]int32, len(out.Children))
	for i, c := range out.Children {
		columns[i] = c.I32
	}
	const low7 = 0x7F7F7F7F7F7F7F7F
	pattern := uint64(k.sep) * 0x0101010101010101
	skip := max(k.first, 0) // separators that nobody asks for
	first := columns
	if k.first < 0 {
		first = columns[1:]
	}
	for _, i := range m.rows(s) {
		p := v.Bytes(int(i))
		left, found := skip, 0
		at := 0
	scan:
		for ; at+8 <= len(p); at += 8 {
			x := binary.LittleEndian.Uint64(p[at:]) ^ pattern
			for hit := ^((x&low7 + low7) | x | low7); hit != 0; hit &= hit - 1 {
				if left > 0 {
					left--
					continue
				}
				first[found][i] = int32(at + bits.TrailingZeros64(hit)>>3)
				if found++; found == len(first) {
					break scan
				}
			}
		}
		for ; at < len(p) && found < len(first); at++ {
			if p[at] != k.sep {
				continue
			}
			if left > 0 {
				left--
				continue
			}
			first[found][i] = int32(at)
			found++
		}
		for ; found < len(first); found++ {
			first[found][i] = -1
		}
	}
	return out, nil
}

func (k *cuts) part(part int) kernel {
	return func(m *machine, n *node, s *selection) (*data.Vector, error) {
		v, err := m.vec(n.args[0], s)
		if err != nil {
			return nil, err
		}
		at, err := m.vec(n.args[1], s)
		if err != nil {
			return nil, err
		}
		out := m.out(n)
		setNulls(out, v, nil)
		s = m.notNull(s, v.Nulls)
		base := out.ShareBuffers(v)
		ends := at.Children[part-k.first].I32
		var starts []int32
		if part > 0 {
			starts = at.Children[part-1-k.first].I32
		}
		for _, i := range m.rows(s) {
			from, to := 0, int(ends[i])
			if part > 0 {
				from = int(starts[i]) + 1
			}
			size := v.Views[i].Len()
			if size == 0 || part > 0 && from == 0 {
				out.Views[i] = data.View{}
				out.SetNull(int(i))
				continue
			}
			if to < 0 {
				to = size
			}
			out.SetSub(int(i), v, base, int(i), from, to-from)
		}
		return out, nil
	}
}
