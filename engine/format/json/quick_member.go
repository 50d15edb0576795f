package json

import (
	"encoding/binary"
	"unicode/utf8"
)

// quickMember is a member as the quick reader expects it: name in quotes and
// colon in a form quick to compare, and what is to be done with the value.
type quickMember struct {
	w0, m0, w1, m1 uint64
	rest           string // of name and colon, beyond 16 bytes
	n              int
	out            int
	bit            uint64 // of out, 0 without an output
	node           *node  // of inside
	field          int    // in the schema, -1: it has none of that name
	act            act
}

// nothing is no member's name; it is the last of those expected.
var nothing = quickMember{w0: 1, field: -1}

// stranger is what is not in the schema and was not learned.
var stranger = quickMember{field: -1}

func newQuickMember(name string) quickMember {
	text := `"` + name + `":`
	var p [16]byte
	k := quickMember{n: len(text), field: -1}
	k.rest = text[copy(p[:], text):]
	k.w0, k.w1 = binary.LittleEndian.Uint64(p[:]), binary.LittleEndian.Uint64(p[8:])
	k.m0, k.m1 = ^uint64(0), ^uint64(0)
	if k.n < 8 {
		k.m0, k.m1 = 1<<(8*k.n)-1, 0
	} else if k.n < 16 {
		k.m1 = 1<<(8*(k.n-8)) - 1
	}
	return k
}

// literal tells whether a name stands in JSON as it is.
func literal(name string) bool {
	for i := range len(name) {
		if c := name[i]; c < ' ' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// stands tells whether rest stands at i of the text.
func (d *decoder) stands(rest string, i int) bool {
	return len(d.text)-i >= len(rest) && string(d.text[i:i+len(rest)]) == rest
}

// ahead is how many members behind the one expected are tried by their form.
const ahead = 8

// strangers is how many names that the schema does not have an object learns.
const strangers = 64

// other is the member that stands at i instead of the one expected, where its
// value is, and which member is expected then. i is -1 if it cannot tell.
// Members that come in another order than expected are expected so in the
// next record, a limited number of times.
func (d *decoder) other(i, end int, n *node, next int) (m *quickMember, at, then int) {
	for k := next + 1; k < len(n.order) && k <= next+ahead; k++ {
		m := &n.order[k]
		if eightAt(d.at, i)&m.m0 == m.w0 && eightAt(d.at, i+8)&m.m1 == m.w1 && (m.rest == "" || d.stands(m.rest, i+16)) {
			return m, i + m.n, k + 1
		}
	}
	if letter(d.at, i) != '"' {
		return nil, -1, 0
	}
	to := d.window.stop(i + 1)
	if to+1 >= end || letter(d.at, to) != '"' || letter(d.at, to+1) != ':' {
		return nil, -1, 0
	}
	name := d.text[i+1 : to]
	if d.window.high && !utf8.Valid(name) {
		return nil, -1, 0
	}
	at = to + 2
	k := n.at(name)
	switch {
	case k >= next:
	case n.learn == 0:
		if k < 0 {
			return &stranger, at, next
		}
	case k >= 0: // expected earlier: move it here
		n.learn--
		moved := n.order[k]
		copy(n.order[k:next-1], n.order[k+1:next])
		k = next - 1
		n.order[k] = moved
	case len(n.order) <= len(n.fields)+strangers:
		n.learn--
		n.order = append(n.order, nothing)
		copy(n.order[next+1:], n.order[next:])
		k = next
		n.order[k] = newQuickMember(string(name))
	default:
		return &stranger, at, next
	}
	return &n.order[k], at, k + 1
}

// at is where the member of a name is in the order, -1: nowhere.
func (n *node) at(name []byte) int {
	f := n.find(name)
	for k := range n.order {
		m := &n.order[k]
		if f >= 0 && m.field == f {
			return k
		}
		if f < 0 && m.field < 0 && m.n == len(name)+3 && m.same(name) {
			return k
		}
	}
	return -1
}

// same tells whether a member that the schema does not have has a name.
func (m *quickMember) same(name []byte) bool {
	x := newQuickMember(string(name))
	return m.w0 == x.w0 && m.w1 == x.w1 && m.rest == x.rest
}
