package state

import "github.com/weir-streams/weir/engine/data"

// Writer takes the snapshot of one operator subtask.
type Writer struct {
	Checkpoint int64 // its id
	// Incremental says that only what changed since the last completed checkpoint
	// need be written: what is not mentioned is as it was. A state that is not
	// named at all, and a slice that is not named, is gone.
	Incremental bool
	// Packs says that rows may be packed.
	Packs bool
	// Snapshot is what was written. Where the runtime streams a snapshot, rows do
	// not come here.
	Snapshot Snapshot

	sink  Sink
	chunk *Chunk
	row   []byte
}

// Sink takes the rows of a Writer in chunks.
type Sink interface {
	// Chunk gives an empty chunk.
	Chunk() *Chunk
	// Take takes a chunk over. It does not wait.
	Take(chunk *Chunk)
}

// NewWriter makes a writer whose rows go to a sink.
func NewWriter(checkpoint int64, incremental bool, to Sink) *Writer {
	return &Writer{Checkpoint: checkpoint, Incremental: incremental, sink: to}
}

// Keyed starts a keyed state whose first keys columns are the key and whose
// first unique columns (at least keys) tell one row from all others. With unique
// 0 that is not known: all rows are written, also where only changes are asked for.
func (w *Writer) Keyed(name string, keys, unique int, schema []data.Column) *KeyedWriter {
	return w.add(Declared{Name: name, Schema: schema, Keys: keys, Unique: unique, Whole: !w.Incremental || unique == 0})
}

// Slice starts a part of a keyed state that vanishes whole, such as one window's
// rows: a slice that a later snapshot does not name is gone, and one that it
// names and writes nothing to is as it was (one that was dropped and made anew
// under the same name needs Rewrite). With unique 0 a slice that is written to is
// written whole. A row is in one slice only.
func (w *Writer) Slice(name, slice string, keys, unique int, schema []data.Column) *KeyedWriter {
	return w.add(Declared{Name: name, Slice: slice, Schema: schema, Keys: keys, Unique: unique, Whole: !w.Incremental})
}

func (w *Writer) add(d Declared) *KeyedWriter {
	w.Snapshot.Keyed = append(w.Snapshot.Keyed, Keyed{Declared: d})
	return &KeyedWriter{w: w, i: len(w.Snapshot.Keyed) - 1}
}

// List writes a list state whole. The items are kept.
func (w *Writer) List(name string, mode ListMode, items [][]byte) {
	w.Snapshot.Lists = append(w.Snapshot.Lists, List{Name: name, Mode: mode, Items: items})
}

// Flush hands on what was written and not handed on yet.
func (w *Writer) Flush() {
	if w.chunk != nil && w.chunk.bytes > 0 {
		w.sink.Take(w.chunk)
		w.chunk = nil
	}
}

// KeyedWriter writes to a keyed state. In one snapshot an identity is put or
// deleted once; Clear is about earlier snapshots only, so that rows of the same
// key are put before or after it. Bytes given are copied.
type KeyedWriter struct {
	w    *Writer
	i    int
	part *[]byte // that has the row between Open and Close
	from int     // where that begins, with its length
	head int     // bytes that lengths are expected to take
	size int     // of the largest of the last rows, about
}

// Put says that an encoded row is there. It replaces the row with the same identity.
func (k *KeyedWriter) Put(group int, row []byte) { k.write(Put, group, row) }

// Open begins a row that is put. The row is to be appended to what it returns, and
// that to be given to Close before anything else is written.
func (k *KeyedWriter) Open(group int) []byte {
	w := k.w
	if w.sink == nil {
		return w.row[:0]
	}
	if w.chunk == nil {
		w.chunk = w.sink.Chunk()
	}
	k.part = w.chunk.part(k.i, Put, group, k.size+k.size/4+16)
	k.from = len(*k.part)
	k.head = max(k.head, 1)
	return append(*k.part, 0, 0)[:k.from+k.head]
}

// Close ends the row that Open began.
func (k *KeyedWriter) Close(group int, row []byte) {
	w := k.w
	if w.sink == nil {
		w.row = row
		k.write(Put, group, row)
		return
	}
	s := &w.Snapshot.Keyed[k.i]
	s.Rows++
	s.Whole = s.Whole || s.Unique == 0
	n := len(row) - k.from - k.head
	k.size = max(n, k.size-k.size/64-1)
	switch {
	case n < 0x80 && k.head == 1:
		row[k.from] = byte(n)
	case n < 0x4000 && k.head == 2: // also where one byte would do
		row[k.from], row[k.from+1] = byte(n)|0x80, byte(n>>7)
		if n < 0x80 {
			k.head = 1
		}
	default:
		var size [10]byte
		head := appendUvarint(size[:0], uint64(n))
		row = append(row, head[k.head:]...)
		copy(row[k.from+len(head):], row[k.from+k.head:k.from+k.head+n])
		copy(row[k.from:], head)
		k.head = 2
	}
	w.chunk.bytes += len(row) - k.from
	*k.part = row
	if w.chunk.Full() {
		w.Flush()
	}
}

// Delete says that the row with an identity is gone: the encoding of its first
// unique columns.
func (k *KeyedWriter) Delete(group int, identity []byte) { k.write(Delete, group, identity) }

// Clear says that all rows of earlier snapshots with a key are gone: the
// encoding of their first keys columns.
func (k *KeyedWriter) Clear(group int, key []byte) { k.write(Clear, group, key) }

// Rewrite says that all rows of the state, or slice, will be put: earlier
// snapshots do not count for it. It must come before the first Put.
func (k *KeyedWriter) Rewrite() { k.w.Snapshot.Keyed[k.i].Whole = true }

// Whole tells whether all rows are to be put, not only those that changed.
func (k *KeyedWriter) Whole() bool { return k.w.Snapshot.Keyed[k.i].Whole }

func (k *KeyedWriter) write(kind Kind, group int, row []byte) {
	s := &k.w.Snapshot.Keyed[k.i]
	if kind == Put {
		s.Rows++
		s.Whole = s.Whole || s.Unique == 0
	} else {
		if s.Whole {
			return // there is nothing it could be missing from
		}
		s.Gone++
	}
	if w := k.w; w.sink != nil {
		if w.chunk == nil {
			w.chunk = w.sink.Chunk()
		}
		w.chunk.Add(k.i, kind, group, row)
		if w.chunk.Full() {
			w.Flush()
		}
		return
	}
	at := s.part(kind)
	if at == nil {
		at = map[int][]byte{}
		switch kind {
		case Delete:
			s.Deleted = at
		case Clear:
			s.Cleared = at
		default:
			s.Groups = at
		}
	}
	b := appendUvarint(at[group], uint64(len(row)))
	at[group] = append(b, row...)
}

func appendUvarint(b []byte, x uint64) []byte {
	for x >= 0x80 {
		b = append(b, byte(x)|0x80)
		x >>= 7
	}
	return append(b, byte(x))
}
