package accumulator

import "github.com/weir-streams/weir/engine/data"

// seen remembers, of some values of some groups, the filters under which they are
// known to be in a side table for good: rows that bring nothing new need not be
// looked up there. Values tend to come again soon, so a small table near the
// processor answers most of them. It forgets what others displace, and is no
// part of the state.
type seen struct {
	entries *[sights]sight
	rows    int // given so far
	rest    int // rows for which nothing is asked, as too little was known
	off     bool

	asked, missed int // rows, of late
}

// sight is what is known of the word of a block of values.
type sight struct {
	owner uintptr
	block int64
	word  uint64
}

const (
	sights     = 1 << 12
	sightsFrom = 4 * data.BatchSize // rows of a table before it has sights
	sightsTry  = 16 * data.BatchSize
	sightsRest = 16 * sightsTry
)

// forget is called where a group ends whose values are remembered.
func (s *seen) forget() { *s = seen{off: true} }

func sightOf(owner uintptr, block int64) uint64 {
	return (uint64(owner)>>4*0x9E3779B97F4A7C15 ^ uint64(block)) * 0xD6E8FEB86659FD93 >> (64 - 12)
}

// news leaves out the found rows of d that bring nothing, or nothing that an earlier
// row of them does not. Those that are left must be taken, or forget be called.
// 1<<block values share a word.
func (d *distinct) news(s *seen, v *data.Vector, block uint) {
	n := len(d.found)
	switch {
	case s.off:
		return
	case s.entries == nil:
		if s.rows += n; s.rows < sightsFrom {
			return
		}
		s.entries = new([sights]sight)
	case s.rest > 0:
		s.rest -= n
		return
	}
	at, pass, recs, rows := d.at[:n+1], d.kept[:n+1], d.recs[:n+1], d.rows[:n+1]
	wide, every, entries := v.Type.Phys() == data.PhysI64, d.every, s.entries
	k := 0
	for i, rec := range d.found {
		r, m := d.foundRows[i], d.pass[i]
		var x int64
		if wide {
			x = v.I64[r]
		} else {
			x = int64(v.I32[r])
		}
		here := int32(i)
		if !every {
			here = at[i]
		}
		at[k], recs[k], rows[k], pass[k] = here, rec, r, m
		owner, of, bits := uintptr(rec), x>>block, m<<placeOf(x, block)
		e := &entries[sightOf(owner, of)%sights]
		switch {
		case e.block != of || e.owner != owner:
			*e = sight{owner, of, bits}
			k++
		case bits&^e.word != 0:
			e.word |= bits
			k++
		}
	}
	s.asked, s.missed = s.asked+n, s.missed+k
	if s.asked >= sightsTry {
		if 8*s.missed > 7*s.asked {
			s.rest = sightsRest
		}
		s.asked, s.missed = 0, 0
	}
	d.every = false
	d.at, d.pass, d.found, d.foundRows = at[:k], pass[:k], recs[:k], rows[:k]
}
