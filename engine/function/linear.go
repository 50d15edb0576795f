package function

import (
	"bytes"
	"unicode/utf8"
)

// linear is a matcher that never goes back: at each place the next byte says
// what can follow. It runs the programs of matcher for which that is so.
type linear struct {
	steps []linearStep
	// before and after the literal, where what is before differs by at most a
	// byte in length: the first literal that fits is then that of the leftmost match.
	parted        bool
	before, after []linearStep
	// literal is searched for by the byte at rare, the one that texts have least.
	literal     []byte
	rare        int
	least, most int
	slots       int
}

type linearStep struct {
	op   opcode
	text []byte
	set  *byteSet
	char *charSet // of opSet that takes one
	run  bool     // opSet takes as many as there are, at least min
	min  int
	slot int
	alts [][]linearStep // opAlt: the one whose next byte comes
	next []*byteSet
}

// byteSet tells which bytes a character of a set may begin with.
type byteSet [256]bool

func (s *charSet) bytes() *byteSet {
	b := &byteSet{}
	for i := range utf8.RuneSelf {
		b[i] = s.low[i>>6]&(1<<(i&63)) != 0
	}
	if len(s.high) > 0 {
		for i := utf8.RuneSelf; i < 256; i++ {
			b[i] = true
		}
	}
	return b
}

// whole tells whether the set has all characters beyond ASCII or none of them,
// so that a run of them is a run of bytes.
func (s *charSet) whole() bool {
	return len(s.high) == 0 || len(s.high) == 2 && s.high[0] <= utf8.RuneSelf && s.high[1] >= utf8.MaxRune
}

func (b *byteSet) meets(c *byteSet) bool {
	for i := range b {
		if b[i] && c[i] {
			return true
		}
	}
	return false
}

// newLinear returns nil for a program that may have to go back.
func newLinear(m *matcher) *linear {
	if m == nil || m.literal == nil {
		return nil
	}
	l := &linear{literal: m.literal, least: m.least, most: m.most, slots: m.slots}
	for i, b := range l.literal {
		if rarity[b] > rarity[l.literal[l.rare]] {
			l.rare = i
		}
	}
	steps, ok := linearize(m.prog, 0, len(m.prog)-1)
	if !ok {
		return nil
	}
	if !decided(steps, nil) {
		return nil
	}
	for k := range steps {
		if steps[k].op == opText && bytes.Equal(steps[k].text, l.literal) {
			l.before, l.after, l.parted = steps[:k], steps[k+1:], l.most-l.least <= 1
			break
		}
	}
	l.steps = steps
	return l
}

// linearize turns prog[from:to] into steps.
func linearize(prog []inst, from, to int) (steps []linearStep, ok bool) {
	for pc := from; pc < to; pc++ {
		switch in := &prog[pc]; in.op {
		case opText:
			steps = append(steps, linearStep{op: opText, text: in.text})
		case opBegin, opEnd:
			steps = append(steps, linearStep{op: in.op})
		case opSave:
			steps = append(steps, linearStep{op: opSave, slot: in.slot})
		case opSet:
			one := in.min == 1 && in.max == 1
			if !one && (in.lazy || in.max >= 0 || in.min > 1 || !in.set.whole()) {
				return nil, false
			}
			steps = append(steps, linearStep{op: opSet, set: in.set.bytes(), char: in.set, run: !one, min: in.min})
		case opAlt:
			s := linearStep{op: opAlt}
			end := 0
			for k, t := range in.targets {
				stop := pc // of this alternative: its jump
				if k+1 < len(in.targets) {
					stop = in.targets[k+1] - 1
				} else {
					for stop = t; stop < to && (prog[stop].op != opJump || prog[stop].targets[0] != end); stop++ {
					}
				}
				if stop >= to || prog[stop].op != opJump {
					return nil, false
				}
				end = prog[stop].targets[0]
				alt, ok := linearize(prog, t, stop)
				if !ok {
					return nil, false
				}
				s.alts = append(s.alts, alt)
			}
			steps = append(steps, s)
			pc = end - 1
		default:
			return nil, false
		}
	}
	return steps, true
}

// first is the bytes that steps, and then those after them, may begin with;
// empty tells whether they may match without taking any.
func first(steps []linearStep, after func() (*byteSet, bool)) (set byteSet, empty bool) {
	add := func(b *byteSet) {
		for i := range b {
			set[i] = set[i] || b[i]
		}
	}
	for k := range steps {
		switch s := &steps[k]; s.op {
		case opText:
			set[s.text[0]] = true
			return set, false
		case opSet:
			add(s.set)
			if s.min > 0 {
				return set, false
			}
		case opEnd:
			return set, true // nothing can come
		case opAlt:
			any := false
			for _, a := range s.alts {
				b, e := first(a, nil)
				add(&b)
				any = any || e
			}
			if !any {
				return set, false
			}
		}
	}
	if after == nil {
		return set, true
	}
	b, e := after()
	add(b)
	return set, e
}

// decided tells whether no step ever has to be taken back.
func decided(steps []linearStep, after func() (*byteSet, bool)) bool {
	for k := range steps {
		rest := func() (*byteSet, bool) {
			b, e := first(steps[k+1:], after)
			return &b, e
		}
		switch s := &steps[k]; {
		case s.op == opSet && s.run:
			if b, _ := rest(); s.set.meets(b) {
				return false
			}
		case s.op == opAlt:
			var seen byteSet
			for _, a := range s.alts {
				b, empty := first(a, rest)
				if empty || seen.meets(&b) || !decided(a, rest) {
					return false
				}
				for i := range b {
					seen[i] = seen[i] || b[i]
				}
				s.next = append(s.next, &b)
			}
		}
	}
	return true
}

// maxTries bounds the places tried in one text, each of which may take as long
// as the text.
const maxTries = 64

// find returns the leftmost match. known is false if it gave up.
func (l *linear) find(s []byte, at []int) (found []int, known bool) {
	if cap(at) < l.slots {
		at = make([]int, l.slots)
	}
	at = at[:l.slots]
	next, misses, tries := 0, 0, 0
	for search := l.least; ; {
		k := l.index(s, search, &misses)
		if k < 0 {
			return nil, true
		}
		for start := max(next, k-l.most); start <= k-l.least; start++ {
			if start < len(s) && !utf8.RuneStart(s[start]) {
				continue
			}
			for i := range at {
				at[i] = -1
			}
			end := -1
			if !l.parted {
				end = l.match(l.steps, s, start, at)
			} else if l.match(l.before, s, start, at) == k {
				end = l.match(l.after, s, k+len(l.literal), at)
			}
			if end >= 0 {
				at[0], at[1] = start, end
				return at, true
			}
			if tries++; tries == maxTries {
				return nil, false
			}
		}
		if !l.parted {
			next = max(next, k-l.least+1)
		}
		search = k + 1
	}
}

// index finds the literal at or after from: by its rarest byte, unless that is
// not rare in this text.
func (l *linear) index(s []byte, from int, misses *int) int {
	for *misses < 8 {
		if from+l.rare >= len(s) {
			return -1
		}
		k := bytes.IndexByte(s[from+l.rare:], l.literal[l.rare])
		if k < 0 {
			return -1
		}
		from += k
		if len(s)-from >= len(l.literal) && string(s[from:from+len(l.literal)]) == string(l.literal) {
			return from
		}
		from++
		*misses++
	}
	if from > len(s) {
		return -1
	}
	k := bytes.Index(s[from:], l.literal)
	if k < 0 {
		return -1
	}
	return from + k
}

// match returns the end of the match at pos, or -1.
func (l *linear) match(steps []linearStep, s []byte, pos int, at []int) int {
	for k := range steps {
		switch st := &steps[k]; st.op {
		case opText:
			if len(s)-pos < len(st.text) || string(s[pos:pos+len(st.text)]) != string(st.text) {
				return -1
			}
			pos += len(st.text)
		case opBegin:
			if pos != 0 {
				return -1
			}
		case opEnd:
			if pos != len(s) {
				return -1
			}
		case opSave:
			at[st.slot] = pos
		case opSet:
			if st.run {
				from := pos
				for pos < len(s) && st.set[s[pos]] {
					pos++
				}
				if pos == from && st.min > 0 {
					return -1
				}
				continue
			}
			if pos >= len(s) || !st.set[s[pos]] {
				return -1
			}
			if s[pos] < utf8.RuneSelf {
				pos++
				continue
			}
			r, w := utf8.DecodeRune(s[pos:])
			if !st.char.has(r) {
				return -1
			}
			pos += w
		case opAlt:
			end := -1
			for i, a := range st.alts {
				if pos < len(s) && st.next[i][s[pos]] {
					end = l.match(a, s, pos, at)
					break
				}
			}
			if end < 0 {
				return -1
			}
			pos = end
		}
	}
	return pos
}

// rarity ranks bytes by how seldom they are in texts and addresses.
var rarity = func() (r [256]uint8) {
	for i := range r {
		r[i] = 200
	}
	for i, b := range []byte(" etaoinsrlhdcumfpgwybv/.0123456789-xkjqz:&=ETAOINSRLHDCUMFPGWYBVXKJQZ,;\"'") {
		r[b] = uint8(i)
	}
	return r
}()
