package function

import (
	"bytes"
	"regexp/syntax"
	"unicode/utf8"
)

// matcher is a backtracking matcher for the common regular expressions: texts,
// character classes repeated or not, groups and alternatives, ends of the text.
// It finds what regexp finds, many times faster; what it does not know is left
// to regexp.
type matcher struct {
	prog  []inst
	slots int
	// literal occurs in every match, least to most bytes after its start;
	// nil if there is no such text.
	literal     []byte
	least, most int
}

type opcode uint8

const (
	opText opcode = iota // text
	opSet                // one to many characters of set
	opSave               // slot
	opBegin
	opEnd
	opAlt  // try each of targets
	opJump // targets[0]
	opMatch
)

type inst struct {
	op       opcode
	text     []byte
	set      *charSet
	min, max int // of opSet; max -1 is without bound
	lazy     bool
	slot     int
	targets  []int
}

// charSet is a set of characters; ASCII by bits.
type charSet struct {
	low  [2]uint64
	high []rune // pairs, from 0x80 on
}

func (s *charSet) has(r rune) bool {
	if r < utf8.RuneSelf {
		return s.low[r>>6]&(1<<(r&63)) != 0
	}
	for i := 0; i < len(s.high); i += 2 {
		if r >= s.high[i] && r <= s.high[i+1] {
			return true
		}
	}
	return false
}

func newCharSet(pairs []rune) *charSet {
	s := &charSet{}
	for i := 0; i < len(pairs); i += 2 {
		for r := pairs[i]; r <= pairs[i+1] && r < utf8.RuneSelf; r++ {
			s.low[r>>6] |= 1 << (r & 63)
		}
		if pairs[i+1] >= utf8.RuneSelf {
			s.high = append(s.high, max(pairs[i], utf8.RuneSelf), pairs[i+1])
		}
	}
	return s
}

// newMatcher returns nil for what the matcher does not know.
func newMatcher(text string) *matcher {
	re, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil
	}
	m := &matcher{slots: 2 * (re.MaxCap() + 1)}
	if !m.compile(re) || len(m.prog) > 200 {
		return nil
	}
	m.prog = append(m.prog, inst{op: opMatch})
	m.findLiteral(re)
	return m
}

func (m *matcher) add(i inst) int {
	m.prog = append(m.prog, i)
	return len(m.prog) - 1
}

func (m *matcher) compile(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpEmptyMatch:
		return true
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase != 0 {
			return false
		}
		m.add(inst{op: opText, text: []byte(string(re.Rune))})
		return true
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		m.add(inst{op: opSet, set: setOf(re), min: 1, max: 1})
		return true
	case syntax.OpBeginText:
		m.add(inst{op: opBegin})
		return true
	case syntax.OpEndText:
		if re.Flags&syntax.WasDollar != 0 {
			return false // Java's $ also matches before a last line break
		}
		m.add(inst{op: opEnd})
		return true
	case syntax.OpCapture:
		m.add(inst{op: opSave, slot: 2 * re.Cap})
		if !m.compile(re.Sub[0]) {
			return false
		}
		m.add(inst{op: opSave, slot: 2*re.Cap + 1})
		return true
	case syntax.OpConcat:
		for _, s := range re.Sub {
			if !m.compile(s) {
				return false
			}
		}
		return true
	case syntax.OpAlternate:
		return m.compileAlt(re.Sub)
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		set := setOf(re.Sub[0])
		if set == nil {
			return false
		}
		i := inst{op: opSet, set: set, lazy: re.Flags&syntax.NonGreedy != 0}
		switch re.Op {
		case syntax.OpStar:
			i.max = -1
		case syntax.OpPlus:
			i.min, i.max = 1, -1
		case syntax.OpQuest:
			i.max = 1
		default:
			i.min, i.max = re.Min, re.Max
		}
		m.add(i)
		return true
	}
	return false
}

func (m *matcher) compileAlt(subs []*syntax.Regexp) bool {
	alt := m.add(inst{op: opAlt})
	var jumps []int
	for _, s := range subs {
		m.prog[alt].targets = append(m.prog[alt].targets, len(m.prog))
		if !m.compile(s) {
			return false
		}
		jumps = append(jumps, m.add(inst{op: opJump}))
	}
	for _, j := range jumps {
		m.prog[j].targets = []int{len(m.prog)}
	}
	return true
}

// setOf returns the set of a node that is one character, nil for others.
func setOf(re *syntax.Regexp) *charSet {
	switch re.Op {
	case syntax.OpCharClass:
		return newCharSet(re.Rune)
	case syntax.OpAnyChar:
		return newCharSet([]rune{0, utf8.MaxRune})
	case syntax.OpAnyCharNotNL:
		return newCharSet([]rune{0, '\n' - 1, '\n' + 1, utf8.MaxRune})
	case syntax.OpLiteral:
		if len(re.Rune) == 1 && re.Flags&syntax.FoldCase == 0 {
			return newCharSet([]rune{re.Rune[0], re.Rune[0]})
		}
	}
	return nil
}

// findLiteral looks for a text at the top level whose distance from the start
// is bounded.
func (m *matcher) findLiteral(re *syntax.Regexp) {
	parts := []*syntax.Regexp{re}
	if re.Op == syntax.OpConcat {
		parts = re.Sub
	}
	least, most := 0, 0
	for _, p := range parts {
		if p.Op == syntax.OpLiteral && p.Flags&syntax.FoldCase == 0 && len(string(p.Rune)) > len(m.literal) {
			m.literal, m.least, m.most = []byte(string(p.Rune)), least, most
		}
		lo, hi := width(p)
		if hi < 0 || most+hi > 64 {
			return
		}
		least, most = least+lo, most+hi
	}
}

// width returns the least and most bytes a node matches, most -1 for no bound.
func width(re *syntax.Regexp) (least, most int) {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginText, syntax.OpEndText:
		return 0, 0
	case syntax.OpLiteral:
		n := len(string(re.Rune))
		return n, n
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1, utf8.UTFMax
	case syntax.OpCapture:
		return width(re.Sub[0])
	case syntax.OpQuest:
		_, most = width(re.Sub[0])
		return 0, most
	case syntax.OpConcat:
		for _, s := range re.Sub {
			lo, hi := width(s)
			if hi < 0 {
				return 0, -1
			}
			least, most = least+lo, most+hi
		}
		return least, most
	case syntax.OpAlternate:
		least = 1 << 20
		for _, s := range re.Sub {
			lo, hi := width(s)
			if hi < 0 {
				return 0, -1
			}
			least, most = min(least, lo), max(most, hi)
		}
		return least, most
	}
	return 0, -1
}

// maxSteps bounds the backtracking over one text; beyond it regexp is asked.
const maxSteps = 20000

// find returns the leftmost match at or after from. known is false if it gave up.
func (m *matcher) find(s []byte, from int, at []int) (found []int, known bool) {
	if cap(at) < m.slots {
		at = make([]int, m.slots)
	}
	r := run{m: m, s: s, at: at[:m.slots]}
	try := func(start int) bool {
		for i := range r.at {
			r.at[i] = -1
		}
		r.at[0] = start
		return r.match(0, start)
	}
	if m.literal == nil {
		for start := from; start <= len(s); start++ {
			if start > from && start < len(s) && !utf8.RuneStart(s[start]) {
				continue
			}
			if try(start) {
				return r.at, true
			}
			if r.steps > maxSteps {
				return nil, false
			}
		}
		return nil, true
	}
	next := from
	for search := from + m.least; search <= len(s); {
		k := bytes.Index(s[search:], m.literal)
		if k < 0 {
			return nil, true
		}
		k += search
		for start := max(next, k-m.most); start <= k-m.least; start++ {
			if start < len(s) && !utf8.RuneStart(s[start]) {
				continue
			}
			if try(start) {
				return r.at, true
			}
			if r.steps > maxSteps {
				return nil, false
			}
		}
		next = max(next, k-m.least+1)
		search = k + 1
	}
	return nil, true
}

// run is one attempt.
type run struct {
	m     *matcher
	s     []byte
	at    []int
	steps int
}

func (r *run) match(pc, pos int) bool {
	for {
		if r.steps++; r.steps > maxSteps {
			return false
		}
		in := &r.m.prog[pc]
		switch in.op {
		case opText:
			if !bytes.HasPrefix(r.s[pos:], in.text) {
				return false
			}
			pos += len(in.text)
		case opBegin:
			if pos != 0 {
				return false
			}
		case opEnd:
			if pos != len(r.s) {
				return false
			}
		case opSave:
			old := r.at[in.slot]
			r.at[in.slot] = pos
			if r.match(pc+1, pos) {
				return true
			}
			r.at[in.slot] = old
			return false
		case opJump:
			pc = in.targets[0]
			continue
		case opAlt:
			for _, t := range in.targets {
				if r.match(t, pos) {
					return true
				}
			}
			return false
		case opMatch:
			r.at[1] = pos
			return true
		case opSet:
			if in.min == 1 && in.max == 1 {
				w := r.one(in.set, pos)
				if w == 0 {
					return false
				}
				pos += w
				break
			}
			return r.repeat(in, pc, pos)
		}
		pc++
	}
}

// one returns the width of the character at pos if it is in the set, else 0.
func (r *run) one(set *charSet, pos int) int {
	if pos >= len(r.s) {
		return 0
	}
	if b := r.s[pos]; b < utf8.RuneSelf {
		return int(set.low[b>>6] >> (b & 63) & 1)
	}
	c, w := utf8.DecodeRune(r.s[pos:])
	if set.has(c) {
		return w
	}
	return 0
}

func (r *run) repeat(in *inst, pc, pos int) bool {
	n := 0
	for ; n < in.min; n++ {
		w := r.one(in.set, pos)
		if w == 0 {
			return false
		}
		pos += w
	}
	if in.lazy {
		for {
			if r.match(pc+1, pos) {
				return true
			}
			w := r.one(in.set, pos)
			if w == 0 || in.max >= 0 && n >= in.max || r.steps > maxSteps {
				return false
			}
			pos += w
			n++
		}
	}
	first := pos
	for in.max < 0 || n < in.max {
		w := r.one(in.set, pos)
		if w == 0 {
			break
		}
		pos += w
		n++
	}
	for {
		if r.match(pc+1, pos) {
			return true
		}
		if pos <= first || r.steps > maxSteps {
			return false
		}
		_, w := utf8.DecodeLastRune(r.s[:pos])
		pos -= w
	}
}
