package expr

import "github.com/weir-streams/weir/engine/data"

// textSwitch is the first arms of a CASE that compare one string with short
// literals and give short literals: a table, looked through once for each row.
type textSwitch struct {
	x     *node
	arms  int
	keys  []data.View
	gives []data.View // one more than keys: the first is for rows of no arm
}

// maxSwitch is up to how many arms a table is faster than one after the other.
const maxSwitch = 12

// switchOf finds the arms at the front of conditions and values that make a
// table, nil if that are not two at least.
func switchOf(t data.Type, list []*node) *textSwitch {
	if t.Phys() != data.PhysString {
		return nil
	}
	w := &textSwitch{gives: make([]data.View, 1)}
	for i := 0; i+1 < len(list) && w.arms < maxSwitch; i += 2 {
		cond, value := list[i], list[i+1]
		if cond.konst != nil || cond.expr.Kind != KindCall || cond.expr.Func != "=" || len(cond.args) != 2 || !short(cond.args[1]) || !short(value) {
			break
		}
		x := cond.args[0]
		if x.konst != nil || x.typ.Phys() != data.PhysString || w.x != nil && w.x != x {
			break
		}
		w.x = x
		w.keys = append(w.keys, data.InlineView([]byte(cond.args[1].konst.S)))
		w.gives = append(w.gives, data.InlineView([]byte(value.konst.S)))
		w.arms++
	}
	if w.arms < 2 {
		return nil
	}
	return w
}

// short tells whether a node is a string literal that lies in its view.
func short(n *node) bool {
	return n.konst != nil && !n.konst.Null && n.typ.Phys() == data.PhysString && len(n.konst.S) <= data.InlineLen
}

// run fills the rows of s that an arm takes and gives the others.
func (w *textSwitch) run(m *machine, out *data.Vector, s *selection) (*selection, error) {
	v, err := m.vec(w.x, s)
	if err != nil {
		return nil, err
	}
	rest := m.takeRows(s.count())
	n := 0
	keys, gives := w.keys, w.gives[:len(w.keys)+1]
	for _, i := range m.rows(s) {
		x, hit := v.Views[i], 0
		for k := len(keys) - 1; k >= 0; k-- { // the first arm that fits is the one
			if keys[k] == x {
				hit = k + 1
			}
		}
		if v.Nulls != nil && v.IsNull(int(i)) {
			hit = 0
		}
		out.Views[i] = gives[hit]
		rest[n] = i
		n += int(b2i(hit == 0))
	}
	return m.narrow(s, rest[:n]), nil
}
