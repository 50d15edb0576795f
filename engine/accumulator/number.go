package accumulator

import (
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// number is how many values an aggregate has.
type number struct {
	by  numberBy
	off int
	flag
}

type numberBy uint8

const (
	byNumber numberBy = iota // kept in a word
	byRows                   // as many as rows
	byFlag                   // some or none is all that is asked
)

// newNumber lays out the number of values of call i. exact tells that a flag will
// not do; after tells that it must be right after every single row.
func (s *Set) newNumber(i, filter, arg int, input []data.Column, exact, after bool) number {
	switch {
	case s.everyRow(i, filter, []int{arg}, input) && !(after && s.retracts):
		return number{by: byRows}
	case !exact && !s.retracts:
		return number{by: byFlag, flag: s.newFlag()}
	}
	return number{off: s.room(8)}
}

func (n *number) add(rec unsafe.Pointer, sg int64) {
	switch n.by {
	case byNumber:
		*i64(rec, n.off) += sg
	case byFlag:
		n.raise(rec)
	}
}

func (n *number) addAll(recs []unsafe.Pointer) {
	switch n.by {
	case byNumber:
		for _, rec := range recs {
			*i64(rec, n.off)++
		}
	case byFlag:
		for _, rec := range recs {
			n.raise(rec)
		}
	}
}

// of is the number of values of rec, 1 for some where a flag is kept.
func (n *number) of(rec unsafe.Pointer) int64 {
	switch n.by {
	case byRows:
		return Rows(rec)
	case byFlag:
		if n.present(rec) {
			return 1
		}
		return 0
	}
	return *i64(rec, n.off)
}

// at is of before (2i) or after (2i+1) row i of a Step.
func (n *number) at(g *Groups, rec unsafe.Pointer, k int) int64 {
	if n.by == byRows {
		return g.set.counts[k]
	}
	return n.of(rec)
}

func (n *number) load(rec unsafe.Pointer, x int64) {
	switch {
	case n.by == byNumber:
		*i64(rec, n.off) = x
	case n.by == byFlag && x != 0:
		n.raise(rec)
	}
}

func (n *number) merge(rec, from unsafe.Pointer) {
	switch n.by {
	case byNumber:
		*i64(rec, n.off) += *i64(from, n.off)
	case byFlag:
		*i64(rec, n.word) |= *i64(from, n.word) & n.bit
	}
}
