package state

import "slices"

// Chunk is rows on their way to a snapshot, put in order: those of each state,
// kind and key group lie together, each row preceded by its length as a uvarint.
type Chunk struct {
	rows  [][kinds][][]byte // by number of the state in Snapshot.Keyed, kind and key group
	used  []uint64          // those that are not empty: number, kind and group
	bytes int
}

const (
	partBytes = 8 << 10 // of each state, kind and group of a chunk, about
	leastFull = 256 << 10
	mostFull  = 4 << 20
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
	p := c.part(number, kind, group)
	b := appendUvarint(*p, uint64(len(row)))
	b = append(b, row...)
	c.bytes += len(b) - len(*p)
	*p = b
}

func (c *Chunk) part(number int, kind Kind, group int) *[]byte {
	for number >= len(c.rows) {
		c.rows = append(c.rows, [kinds][][]byte{})
	}
	groups := &c.rows[number][kind]
	if group >= len(*groups) {
		*groups = append(*groups, make([][]byte, group+1-len(*groups))...)
	}
	p := &(*groups)[group]
	if len(*p) == 0 {
		if *p == nil {
			*p = make([]byte, 0, partBytes/16)
		}
		c.used = append(c.used, uint64(number)<<24|uint64(kind)<<16|uint64(group))
	}
	return p
}

// Each calls f with the rows of each state, kind and group, in this order, and
// empties the chunk.
func (c *Chunk) Each(f func(number int, kind Kind, group int, rows []byte) error) error {
	slices.Sort(c.used)
	var err error
	for i, u := range c.used {
		if i > 0 && u == c.used[i-1] {
			continue
		}
		p := &c.rows[u>>24][u>>16&0xff][u&0xffff]
		if b := *p; err == nil && len(b) > 0 {
			err = f(int(u>>24), Kind(u>>16&0xff), int(u&0xffff), b)
		}
		if cap(*p) > partBytes && cap(*p)/4 > len(*p) { // it was once much more
			*p = nil
		}
		*p = (*p)[:0]
	}
	c.used, c.bytes = c.used[:0], 0
	return err
}
