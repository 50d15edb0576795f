package state

import (
	"encoding/binary"
	"fmt"
	"sync"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/packed"
)

// Extent is rows on their way to a snapshot where they lie: records of a log that
// do not change any more, which are not copied.
type Extent struct {
	// Mem holds the rows, and what lies around them up to whole pages where it can:
	// that may be anything, but does not change.
	Mem          []byte
	From, Length int // of the rows in it
	state        int
	log          *Log
}

// Logged says how records of a log lie in a snapshot: each has its size and 4 bytes
// before it, then a number at Number and a packed row at Head. Of the
// row, Declared.Packed says which column is which.
type Logged struct {
	Number, Head int
	Groups       int // key groups there are
}

const extentPage = 4096

// pins are the extents of a log that are still read.
type pins struct {
	mu   sync.Mutex
	n    int
	none *sync.Cond
}

func (p *pins) add(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.n += n; p.n == 0 && p.none != nil {
		p.none.Broadcast()
	}
}

func (p *pins) wait() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.none == nil {
		p.none = sync.NewCond(&p.mu)
	}
	for p.n > 0 {
		p.none.Wait()
	}
}

// Extent gives the records at and after an address, as far as they lie together,
// and where to go on; ok false: there is none before end. None of them was or will
// be dropped or changed. The extent is to be given back by Release; Free waits for that.
func (l *Log) Extent(from, end uint64) (x Extent, next uint64, ok bool) {
	for from < end && int(from>>offsetBits) < len(l.mem.segments) {
		k := from >> offsetBits
		s := &l.mem.segments[k]
		next = (k+1)<<offsetBits + logHeader>>3
		off := max(int(from&offsetMask<<3)-logHeader, 0)
		stop := s.used
		if k == end>>offsetBits {
			stop = min(stop, int(end&offsetMask<<3)-logHeader)
		}
		if s.mem == nil || off >= stop {
			from = next
			continue
		}
		if next > end {
			next = end
		}
		x = Extent{Mem: s.mem[off:stop:stop], Length: stop - off, log: l}
		if int(k) < len(l.mem.segments)-1 { // nothing comes behind what is used
			first, last := off&^(extentPage-1), min((stop+extentPage-1)&^(extentPage-1), len(s.mem))
			x.Mem, x.From = s.mem[first:last:last], off-first
		}
		l.pins.add(1)
		return x, next, true
	}
	return Extent{}, end, false
}

// Release says that the extent is not read any more.
func (x *Extent) Release() {
	if x.log != nil {
		x.log.pins.add(-1)
		x.Mem, x.log = nil, nil
	}
}

// Logs asks for rows to be put as they lie in a log, by Extents alone, which takes
// no time: columns says for each column of the schema which one of the packed row
// it is, negative for the number. If it is false they are to be put one by one.
func (k *KeyedWriter) Logs(as Logged, columns []int) bool {
	if !k.w.Packs || k.w.sink == nil {
		return false
	}
	s := &k.w.Snapshot.Keyed[k.i]
	s.Packed, s.Logged = columns, &as
	return true
}

// Extent puts the rows of an extent, which it releases when they are written.
func (k *KeyedWriter) Extent(x Extent, rows int64) {
	x.state = k.i
	k.w.Flush()
	k.w.Snapshot.Keyed[k.i].Rows += rows
	k.w.sink.Take(&Chunk{extent: x, bytes: x.Length})
}

// Extent is what the chunk is, if it is not rows that were put one by one.
func (c *Chunk) Extent() (x *Extent, number int) {
	if c.extent.log == nil {
		return nil, 0
	}
	return &c.extent, c.extent.state
}

// Release gives back what a chunk refers to.
func (c *Chunk) Release() { c.extent.Release() }

// LogReader turns records as they lie in a log into rows in the row codec.
type LogReader struct {
	u      *Unpacker
	form   Logged
	keys   []int // columns of the packed row
	types  []data.Type
	recs   []unsafe.Pointer
	ends   []int
	picks  packed.Picks
	hashes data.Batch
	upTo   []int
}

// logBatch is how many records are looked at together.
const logBatch = 512

// NewLogReader makes one for the rows of a state.
func NewLogReader(d *Declared) (*LogReader, error) {
	if d.Logged == nil {
		return nil, fmt.Errorf("state %s: its rows do not lie in a log", d.Name)
	}
	u, err := NewUnpacker(d)
	if err != nil {
		return nil, err
	}
	r := &LogReader{u: u, form: *d.Logged}
	if u == nil || len(u.numbers) != 1 || d.Keys < 0 || d.Keys > len(d.Packed) || r.form.Groups < 1 || r.form.Number < 0 || r.form.Head < r.form.Number+8 || r.form.Head%8 != 0 {
		return nil, fmt.Errorf("state %s: it is not known how its records lie", d.Name)
	}
	for i, c := range d.Packed[:d.Keys] {
		if c < 0 {
			return nil, fmt.Errorf("state %s: its key is not packed", d.Name)
		}
		r.keys, r.types, r.upTo = append(r.keys, c), append(r.types, d.Schema[i].Type), append(r.upTo, i)
	}
	return r, nil
}

// Read calls f with each row, preceded by its length, and its key group.
func (r *LogReader) Read(records []byte, f func(group int, rows []byte) error) error {
	if uintptr(unsafe.Pointer(unsafe.SliceData(records)))&7 != 0 {
		records = append([]byte(nil), records...)
	}
	for len(records) > 0 {
		r.recs, r.ends = r.recs[:0], r.ends[:0]
		at := 0
		for at < len(records) && len(r.recs) < logBatch {
			if len(records)-at < logHeader+r.form.Head {
				return fmt.Errorf("truncated record")
			}
			n := int(binary.LittleEndian.Uint32(records[at:]))
			if n%8 != 0 || n < logHeader+r.form.Head || n > len(records)-at {
				return fmt.Errorf("a record of %d bytes, there are %d", n, len(records)-at)
			}
			row := records[at+logHeader+r.form.Head : at+n]
			if !r.u.layout.Begins(row) {
				return fmt.Errorf("packed row of %d bytes does not have its columns", len(row))
			}
			r.recs = append(r.recs, unsafe.Pointer(unsafe.SliceData(row)))
			at += n
			r.ends = append(r.ends, at)
		}
		if err := r.hash(); err != nil {
			return err
		}
		for i, rec := range r.recs {
			r.u.numbers[0] = *(*int64)(unsafe.Add(rec, r.form.Number-r.form.Head))
			r.u.append(rec)
			out := append(appendUvarint(r.u.out[:0], uint64(len(r.u.row))), r.u.row...)
			r.u.out = out
			if err := f(data.KeyGroup(r.hashes.Hashes[i], r.form.Groups), out); err != nil {
				return err
			}
		}
		records = records[at:]
	}
	return nil
}

// hash finds the hashes of the keys of some records.
func (r *LogReader) hash() error {
	b := &r.hashes
	b.N = len(r.recs)
	b.Cols = b.Cols[:0]
	if len(r.keys) > 0 {
		r.picks.Pick(append(r.picks.Room(len(r.recs))[:0], r.recs...))
	}
	defer func() {
		for _, v := range b.Cols {
			v.Release()
		}
	}()
	for i, c := range r.keys {
		v, err := r.u.layout.Gather(&r.picks, c, r.types[i])
		if err != nil {
			return err
		}
		b.Cols = append(b.Cols, v)
	}
	data.HashKeys(b, r.upTo)
	return nil
}
