package json

// learn makes a stencil of the record of text that was read quickly, if it can be one.
func (d *decoder) learn(record []byte) {
	x := &d.stencils
	if x.off || x.learned == mostLearned {
		return
	}
	x.learned++
	k := sketch{d: d, p: record}
	if !k.all() {
		return
	}
	for i := range x.all {
		if x.all[i].shape == k.s.shape && x.all[i].alone == k.s.alone {
			return // values in it did not fit
		}
	}
	if len(x.all) < mostStencils {
		x.all = append(x.all, k.s)
		return
	}
	x.all[x.learned%mostStencils] = k.s
}

// sketch makes a stencil.
type sketch struct {
	d     *decoder
	p     []byte
	s     stencil
	from  int    // where the text behind the last value begins
	value part   // that value
	seen  uint64 // outputs
	nodes []*node
}

func (k *sketch) all() bool {
	if !k.d.message && k.p[len(k.p)-1] != '\n' {
		return false
	}
	k.s.alone = k.d.message
	i := k.object(1, k.d.root)
	if i < 0 || space(k.p, i) != len(k.p) {
		return false
	}
	return k.cut(len(k.p), part{})
}

// cut ends a part before p[to], where a value is.
func (k *sketch) cut(to int, value part) bool {
	text := k.p[k.from:to]
	q := k.value
	q.n = len(text)
	q.lead = len(text)
	for i, c := range text {
		if c == '\\' {
			return false
		}
		if c == '"' || c < ' ' {
			if q.marks == 0 {
				q.lead = i
			}
			q.marks++
		}
	}
	for i, c := range text[:min(len(text), 24)] {
		q.w[i/8] |= uint64(c) << (i % 8 * 8)
		q.m[i/8] |= 0xff << (i % 8 * 8)
	}
	q.rest = string(text[min(len(text), 24):])
	k.s.parts = append(k.s.parts, q)
	k.s.marks += q.marks
	k.s.shape += string(text) + "\x00"
	k.value = value
	return len(k.s.parts) < mostParts
}

func (k *sketch) object(i int, n *node) int {
	p := k.p
	if i = space(p, i); i < len(p) && p[i] == '}' {
		return i + 1
	}
	for {
		if i >= len(p) || p[i] != '"' {
			return -1
		}
		t, next, err := str(p, i+1)
		if err != nil || t.raw {
			return -1
		}
		var m *member
		if n != nil {
			if f := n.find(p[t.from:t.to]); f >= 0 {
				m = &n.fields[f]
			}
		}
		if i = space(p, next); i >= len(p) || p[i] != ':' {
			return -1
		}
		if i = k.member(space(p, i+1), m); i < 0 {
			return -1
		}
		if i = space(p, i); i >= len(p) {
			return -1
		}
		if p[i] == '}' {
			return i + 1
		}
		if p[i] != ',' {
			return -1
		}
		i = space(p, i+1)
	}
}

// member goes past a value, which is that of m if that is not nil.
func (k *sketch) member(i int, m *member) int {
	if i >= len(k.p) {
		return -1
	}
	v := part{act: skipped}
	var inner *node
	if m != nil {
		if inner = m.node; inner != nil {
			for _, n := range k.nodes {
				if n == inner {
					return -1 // the last of members of one name counts
				}
			}
			k.nodes = append(k.nodes, inner)
		}
		if m.out >= 0 {
			v.out, v.bit = m.out, 1<<m.out
			v.act = actOf(k.d.b.Cols[m.out].Type)
			if k.seen&v.bit != 0 || v.act == careful {
				return -1
			}
			k.seen |= v.bit
		}
	}
	inText := v.act == words || v.act == moment
	switch k.p[i] {
	case '{':
		if v.bit != 0 {
			return -1
		}
		return k.object(i+1, inner)
	case '[':
		return -1
	case '"':
		_, next, err := str(k.p, i+1)
		v.pastText = true
		if err != nil || inner != nil || v.bit != 0 && !inText || !k.cut(i+1, v) {
			return -1
		}
		k.from = next - 1
		k.s.has |= v.bit
		return next
	}
	next, err := skip(k.p, i)
	if err != nil {
		return -1
	}
	if k.p[i] == 'n' && (inner != nil || inText) {
		return next // NULL is in the layout
	}
	if inner != nil || inText || !k.cut(i, v) {
		return -1
	}
	k.from = next
	k.s.has |= v.bit
	return next
}
