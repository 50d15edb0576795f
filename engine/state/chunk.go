package state

import (
	"cmp"
	"slices"
)

// Chunk is rows on their way to a snapshot, put in order: those of each state,
// kind and key group lie together, each row preceded by its length as a uvarint.
type Chunk struct {
	rows  [][kinds][][]byte // by number of the state in Snapshot.Keyed, kind and key group
	used  []uint64          // those that are not empty: number, kind and group
	full  []page            // what is before them, of groups with many rows
	spare [][]byte          // pages
	bytes int

	extent Extent // it is this, and nothing else
}

// page is some rows of a state, kind and group.
type page struct {
	of   uint64
	rows []byte
	full bool
}

const (
	partBytes = 8 << 10 // of each state, kind and group of a chunk, about
	pageSize  = 2 * partBytes
	leastFull = 256 << 10
	mostFull  = 4 << 20
	fewParts  = 512 // as many have room for much; what more took is not kept
)

// Len is how many bytes are in it.
func (c *Chunk) Len() int { return c.bytes }

// Full tells whether it is worth to be written: what lies together is not small,
// or there is much of it.
func (c *Chunk) Full() bool {
	return c.bytes >= leastFull && c.bytes >= min(partBytes*len(c.used), mostFull)
}

// Add adds a row.
func (c *Chunk) Add(number int, kind Kind, group int, row []byte) {
	p := c.part(number, kind, group, len(row)+10)
	b := appendUvarint(*p, uint64(len(row)))
	b = append(b, row...)
	c.bytes += len(b) - len(*p)
	*p = b
}

// part is where the next row of a state, kind and group goes, of about n bytes.
func (c *Chunk) part(number int, kind Kind, group, n int) *[]byte {
	for number >= len(c.rows) {
		c.rows = append(c.rows, [kinds][][]byte{})
	}
	groups := &c.rows[number][kind]
	if group >= len(*groups) {
		*groups = append(*groups, make([][]byte, group+1-len(*groups))...)
	}
	p := &(*groups)[group]
	switch {
	case len(*p) == 0:
		c.used = append(c.used, uint64(number)<<24|uint64(kind)<<16|uint64(group))
		if *p == nil && len(c.used) <= fewParts {
			*p = c.page()
		}
	case cap(*p) >= pageSize && cap(*p)-len(*p) < n: // it would be copied to grow
		c.full = append(c.full, page{uint64(number)<<24 | uint64(kind)<<16 | uint64(group), *p, true})
		*p = c.page()
	}
	return p
}

func (c *Chunk) page() []byte {
	if k := len(c.spare); k > 0 {
		p := c.spare[k-1]
		c.spare = c.spare[:k-1]
		return p
	}
	return make([]byte, 0, pageSize)
}

// Each calls f with the rows of each state, kind and group, in this order, and
// empties the chunk.
func (c *Chunk) Each(f func(number int, kind Kind, group int, rows []byte) error) error {
	few := len(c.used) <= fewParts && len(c.rows) <= fewParts
	slices.Sort(c.used)
	all := c.full
	for _, u := range slices.Compact(c.used) {
		p := &c.rows[u>>24][u>>16&0xff][u&0xffff]
		all = append(all, page{of: u, rows: *p})
		if *p = (*p)[:0]; cap(*p) > pageSize {
			*p = nil
		}
	}
	slices.SortStableFunc(all, func(a, b page) int { return cmp.Compare(a.of, b.of) })
	var err error
	for _, p := range all {
		if err == nil && len(p.rows) > 0 {
			err = f(int(p.of>>24), Kind(p.of>>16&0xff), int(p.of&0xffff), p.rows)
		}
		if p.full && cap(p.rows) == pageSize && len(c.spare) < mostFull/pageSize { // others are where they were
			c.spare = append(c.spare, p.rows[:0])
		}
	}
	clear(all)
	c.full, c.used, c.bytes = all[:0], c.used[:0], 0
	if !few {
		c.rows = nil
	}
	return err
}
