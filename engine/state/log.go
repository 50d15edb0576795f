package state

import "unsafe"

// Log keeps records of any size off the heap in the order in which they came.
// They never move. A record's address grows with time and is never used again,
// so addresses can be kept in place of pointers, and everything from one address
// on is what came since. The memory of dropped records comes back by the segment.
type Log struct {
	mem  arena
	live []int32 // records by segment
	len  int
	pins pins

	warmed byte // of no meaning
}

// Before each record: its size with this header, 4 bytes, and whether it was dropped.
const logHeader = 8

// NewLog makes an empty log.
func NewLog(budget *Budget) *Log { return &Log{mem: arena{budget: budget, dirty: true}} }

// Append makes a record of n bytes, whatever is in it, and returns its address, never 0.
func (l *Log) Append(n int) (addr uint64, rec unsafe.Pointer, err error) {
	size := (max(n, 1) + logHeader + 7) &^ 7                       // so that no record lies behind the end of a segment
	if k := len(l.live) - 1; k > 0 && k == len(l.mem.segments)-1 { // the commonest: there is room
		if seg := &l.mem.segments[k]; len(seg.mem)-seg.used >= size {
			off := seg.used
			seg.used = off + size
			p := unsafe.Add(l.mem.bases[k], off)
			*(*[2]uint32)(p) = [2]uint32{uint32(size)}
			l.live[k]++
			l.len++
			return uint64(k)<<offsetBits | uint64(off+logHeader)>>3, unsafe.Add(p, logHeader), nil
		}
	}
	at, p, err := l.mem.alloc(size)
	if err != nil {
		return 0, nil, err
	}
	*(*[2]uint32)(p) = [2]uint32{uint32(size)}
	for len(l.live) < len(l.mem.segments) {
		if k := len(l.live); k > 1 && l.live[k-1] == 0 { // all were dropped while it was the last
			l.mem.freeSegment(k - 1)
		}
		l.live = append(l.live, 0)
	}
	l.live[at>>offsetBits]++
	l.len++
	return at + logHeader>>3, unsafe.Add(p, logHeader), nil
}

// At returns the record at an address.
func (l *Log) At(addr uint64) unsafe.Pointer { return l.mem.at(addr) }

// End is the address that the next record has at least.
func (l *Log) End() uint64 {
	if len(l.mem.segments) == 0 {
		return LogStart
	}
	return l.mem.end() + logHeader>>3
}

// Drop forgets the record at an address; every record is dropped once at most.
func (l *Log) Drop(addr uint64) {
	*(*uint32)(unsafe.Add(l.mem.at(addr), 4-logHeader)) = 1
	k := int(addr >> offsetBits)
	l.live[k]--
	l.len--
	if l.live[k] == 0 && k < len(l.mem.segments)-1 {
		l.mem.freeSegment(k)
	}
}

// dropBefore gives back the segments before an address, which nobody goes back to.
func (l *Log) dropBefore(addr uint64) {
	for k := 1; k < int(addr>>offsetBits) && k < len(l.live); k++ {
		if l.mem.segments[k].mem != nil {
			l.len -= int(l.live[k])
			l.live[k] = 0
			l.mem.freeSegment(k)
		}
	}
}

// Len is the number of records.
func (l *Log) Len() int { return l.len }

// Bytes is the memory held.
func (l *Log) Bytes() int64 { return l.mem.bytes() }

// Next returns the first record at or after an address, and where to go on;
// rec nil: there is none before end.
func (l *Log) Next(from, end uint64) (addr uint64, rec unsafe.Pointer, next uint64) {
	for from < end && int(from>>offsetBits) < len(l.mem.segments) {
		k := from >> offsetBits
		s := &l.mem.segments[k]
		off := int(from & offsetMask << 3)
		if off < logHeader { // what was left of the segment before was as much as a header
			from = k<<offsetBits + logHeader>>3
			continue
		}
		if s.mem == nil || off-logHeader >= s.used {
			from = (k+1)<<offsetBits + logHeader>>3
			continue
		}
		rec := l.mem.at(from)
		if off+warmAhead+warmMost < s.used {
			l.warm(unsafe.Add(rec, warmAhead), *(*uint32)(unsafe.Add(rec, -logHeader)))
		}
		next := from + uint64(*(*uint32)(unsafe.Add(rec, -logHeader)))>>3
		if *(*uint32)(unsafe.Add(rec, 4-logHeader)) == 0 {
			return from, rec, next
		}
		from = next
	}
	return 0, nil, end
}

// Where a record begins is known from the one before it: who goes from one to the
// next would wait for memory each time, if what comes soon were not touched.
const (
	warmAhead = 1 << 10
	warmMost  = 1 << 10
)

// warm touches as much as a record of n bytes.
func (l *Log) warm(p unsafe.Pointer, n uint32) {
	for at := uint32(0); at < min(n, warmMost); at += 64 {
		l.warmed += *(*byte)(unsafe.Add(p, at))
	}
}

// LogStart is where Next begins with the first record.
const LogStart = 1<<offsetBits + logHeader>>3

// Free gives everything back; the log is empty then and begins anew. It waits
// until extents that are being read are released.
func (l *Log) Free() {
	l.pins.wait()
	l.mem.free()
	l.live, l.len = nil, 0
}
