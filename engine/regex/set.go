package regex

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// set is a set of characters: ranges in order, none next to another.
type set struct {
	ranges []rune // pairs
	low    [2]uint64
}

func newSet(pairs ...rune) set {
	type span struct{ lo, hi rune }
	spans := make([]span, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		spans = append(spans, span{pairs[i], pairs[i+1]})
	}
	slices.SortFunc(spans, func(a, b span) int { return int(a.lo - b.lo) })
	var s set
	for _, x := range spans {
		if n := len(s.ranges); n > 0 && x.lo <= s.ranges[n-1]+1 {
			s.ranges[n-1] = max(s.ranges[n-1], x.hi)
			continue
		}
		s.ranges = append(s.ranges, x.lo, x.hi)
	}
	for i := 0; i < len(s.ranges); i += 2 {
		for r := s.ranges[i]; r <= s.ranges[i+1] && r < utf8.RuneSelf; r++ {
			s.low[r>>6] |= 1 << (r & 63)
		}
	}
	return s
}

func (s *set) has(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 0 && s.low[r>>6]&(1<<(r&63)) != 0
	}
	lo, hi := 0, len(s.ranges)/2
	for lo < hi {
		k := (lo + hi) / 2
		switch {
		case r < s.ranges[2*k]:
			hi = k
		case r > s.ranges[2*k+1]:
			lo = k + 1
		default:
			return true
		}
	}
	return false
}

func (s set) union(t set) set { return newSet(append(slices.Clone(s.ranges), t.ranges...)...) }

func (s set) negate() set {
	var out []rune
	from := rune(0)
	for i := 0; i < len(s.ranges); i += 2 {
		if s.ranges[i] > from {
			out = append(out, from, s.ranges[i]-1)
		}
		from = s.ranges[i+1] + 1
	}
	if from <= unicode.MaxRune {
		out = append(out, from, unicode.MaxRune)
	}
	return newSet(out...)
}

func (s set) and(t set) set { return s.negate().union(t.negate()).negate() }

// fold adds the other case of ASCII letters, or of all.
func (s set) fold(unicodeCase bool) set {
	out := slices.Clone(s.ranges)
	limit := rune(utf8.RuneSelf)
	if unicodeCase {
		limit = 0x1E944
	}
	for r := rune('A'); r < limit; r++ {
		if !unicodeCase && (r < 'A' || r > 'Z' && r < 'a' || r > 'z') {
			continue
		}
		up := unicode.ToUpper(r)
		if s.has(up) || s.has(unicode.ToLower(up)) {
			out = append(out, r, r)
		}
	}
	return newSet(out...)
}

func tables(list ...*unicode.RangeTable) set {
	var out []rune
	for _, t := range list {
		for _, r := range t.R16 {
			for c := rune(r.Lo); c <= rune(r.Hi); c += rune(r.Stride) {
				if r.Stride == 1 {
					out = append(out, c, rune(r.Hi))
					break
				}
				out = append(out, c, c)
			}
		}
		for _, r := range t.R32 {
			for c := rune(r.Lo); c <= rune(r.Hi); c += rune(r.Stride) {
				if r.Stride == 1 {
					out = append(out, c, rune(r.Hi))
					break
				}
				out = append(out, c, c)
			}
		}
	}
	return newSet(out...)
}
