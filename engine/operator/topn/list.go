package topn

import (
	"slices"
	"strings"
)

// textRow is a row: its sort key and its values in the row codec.
type textRow struct{ key, row string }

// list is the rows of a partition in order, in chunks that a row can be put
// into at little cost however many rows there are.
type list struct {
	chunks [][]textRow
	n      int
}

const maxTexts = 512

// find gives the place of the first textRow with at least (after: more than) a key.
func (l *list) find(key string, after bool) (chunk, at int) {
	before := func(e textRow) bool {
		c := strings.Compare(e.key, key)
		return c < 0 || after && c == 0
	}
	chunk = firstNot(len(l.chunks), func(i int) bool { c := l.chunks[i]; return before(c[len(c)-1]) })
	if chunk == len(l.chunks) {
		return chunk, 0
	}
	return chunk, firstNot(len(l.chunks[chunk]), func(i int) bool { return before(l.chunks[chunk][i]) })
}

// firstNot gives the first of n positions for which before is false.
func firstNot(n int, before func(i int) bool) int {
	lo, hi := 0, n
	for lo < hi {
		if m := int(uint(lo+hi) >> 1); before(m) {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo
}

// at gives the textRow of a rank from 0; false: there are not so many.
func (l *list) at(rank int) (textRow, bool) {
	for _, c := range l.chunks {
		if rank < len(c) {
			return c[rank], true
		}
		rank -= len(c)
	}
	return textRow{}, false
}

// insert puts an textRow behind those with its key.
func (l *list) insert(e textRow) {
	chunk, at := l.find(e.key, true)
	l.n++
	if chunk == len(l.chunks) {
		if chunk == 0 {
			l.chunks = append(l.chunks, []textRow{e})
			return
		}
		chunk--
		at = len(l.chunks[chunk])
	}
	c := slices.Insert(l.chunks[chunk], at, e)
	l.chunks[chunk] = c
	if len(c) > maxTexts {
		half := len(c) / 2
		l.chunks = slices.Insert(l.chunks, chunk+1, slices.Clone(c[half:]))
		clear(c[half:])
		l.chunks[chunk] = c[:half]
	}
}

// remove takes out the first textRow equal to e and tells whether there was one.
func (l *list) remove(e textRow) bool {
	chunk, at := l.find(e.key, false)
	for ; chunk < len(l.chunks); chunk, at = chunk+1, 0 {
		for ; at < len(l.chunks[chunk]); at++ {
			have := l.chunks[chunk][at]
			if have.key != e.key {
				return false
			}
			if have.row == e.row {
				l.removeAt(chunk, at)
				return true
			}
		}
	}
	return false
}

func (l *list) removeAt(chunk, at int) {
	l.n--
	l.chunks[chunk] = slices.Delete(l.chunks[chunk], at, at+1)
	if len(l.chunks[chunk]) == 0 {
		l.chunks = slices.Delete(l.chunks, chunk, chunk+1)
	}
}

// dropLast takes out the last textRow.
func (l *list) dropLast() textRow {
	k := len(l.chunks) - 1
	at := len(l.chunks[k]) - 1
	e := l.chunks[k][at]
	l.removeAt(k, at)
	return e
}

// get appends the entries at ranks [from, to) to dst.
func (l *list) get(dst []textRow, from, to int) []textRow {
	for _, c := range l.chunks {
		if to <= 0 {
			break
		}
		if from < len(c) {
			dst = append(dst, c[max(from, 0):min(to, len(c))]...)
		}
		from, to = from-len(c), to-len(c)
	}
	return dst
}

// dropFirst takes out the first n entries of the first chunk.
func (l *list) dropFirst(n int) {
	l.n -= n
	if l.chunks[0] = slices.Delete(l.chunks[0], 0, n); len(l.chunks[0]) == 0 {
		l.chunks = slices.Delete(l.chunks, 0, 1)
	}
}

// textCost is what a row takes besides its bytes.
const textCost = 64

func cost(e textRow) int64 { return int64(len(e.key)+len(e.row)) + textCost }
