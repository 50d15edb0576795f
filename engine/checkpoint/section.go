package checkpoint

import (
	"encoding/binary"
	"slices"

	"github.com/weir-streams/weir/engine/state"
)

// sectionWriter packs rows into blocks of a layer file: in order of state, kind
// and key group as far as they are held, so that what is read together lies
// together.
type sectionWriter struct {
	d     *folderDraft
	s     section
	bufs  [][kinds][][]byte // rows by state, kind and key group
	held  int
	block []byte // being filled
	bytes int64  // stored
}

const (
	kinds = 3
	// mostHeld is how many bytes of rows are gathered, to be put in order.
	mostHeld = 4 << 20
)

// row adds one row.
func (w *sectionWriter) row(number int, kind state.Kind, group int, row []byte) error {
	for number >= len(w.bufs) {
		w.bufs = append(w.bufs, [kinds][][]byte{})
	}
	groups := &w.bufs[number][kind]
	for group >= len(*groups) {
		*groups = append(*groups, nil)
	}
	b := (*groups)[group]
	if len(b) > 0 && len(b)+len(row) > blockSize {
		w.held -= len(b)
		if err := w.piece(number, kind, group, b); err != nil {
			return err
		}
		b = b[:0]
	}
	before := len(b)
	b = binary.AppendUvarint(b, uint64(len(row)))
	b = append(b, row...)
	(*groups)[group] = b
	if w.held += len(b) - before; w.held >= mostHeld {
		return w.spill()
	}
	return nil
}

// chunk adds the rows of a chunk, as state.Sink describes it.
func (w *sectionWriter) chunk(b []byte) error {
	for len(b) > 0 {
		x, n := binary.Uvarint(b)
		b = b[n:]
		group, n := binary.Uvarint(b)
		b = b[n:]
		size, n := binary.Uvarint(b)
		b = b[n:]
		if err := w.row(int(x>>2), state.Kind(x&3), int(group), b[:size]); err != nil {
			return err
		}
		b = b[size:]
	}
	return nil
}

// spill packs what is held.
func (w *sectionWriter) spill() error {
	for number := range w.bufs {
		for kind := range w.bufs[number] {
			for group, b := range w.bufs[number][kind] {
				if len(b) == 0 {
					continue
				}
				if err := w.piece(number, state.Kind(kind), group, b); err != nil {
					return err
				}
				w.bufs[number][kind][group] = b[:0]
			}
		}
	}
	w.held = 0
	return w.flush()
}

// piece adds rows to the block, beginning a new one where there is no room.
func (w *sectionWriter) piece(number int, kind state.Kind, group int, rows []byte) error {
	if len(w.block) > 0 && len(w.block)+len(rows) > blockSize {
		if err := w.flush(); err != nil {
			return err
		}
	}
	w.s.Pieces = append(w.s.Pieces, piece{State: number, Kind: kind, Group: group, Block: len(w.s.Blocks), Offset: len(w.block), Length: len(rows)})
	w.block = append(w.block, rows...)
	return nil
}

func (w *sectionWriter) flush() error {
	if len(w.block) == 0 {
		return nil
	}
	packed, k := packBlock(w.block, w.d.m.Savepoint)
	off, err := w.d.store(packed)
	if err != nil {
		return err
	}
	k.Offset = off
	w.s.Blocks = append(w.s.Blocks, k)
	w.bytes += int64(len(packed))
	w.block = w.block[:0]
	return nil
}

// snapshot adds rows that were gathered in memory.
func (w *sectionWriter) snapshot(s state.Snapshot) error {
	for i, k := range s.Keyed {
		w.s.States = append(w.s.States, k.Declared)
		for kind, rows := range []map[int][]byte{k.Groups, k.Deleted, k.Cleared} {
			groups := make([]int, 0, len(rows))
			for g := range rows {
				groups = append(groups, g)
			}
			slices.Sort(groups)
			for _, g := range groups {
				err := state.EachOf(rows[g], func(row []byte) error { return w.row(i, state.Kind(kind), g, row) })
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// lists adds lists. The keyed states come before them.
func (w *sectionWriter) lists(lists []state.List) error {
	if err := w.spill(); err != nil {
		return err
	}
	for i, l := range lists {
		w.s.Lists = append(w.s.Lists, listed{Name: l.Name, Mode: l.Mode, Items: len(l.Items)})
		for _, item := range l.Items {
			if err := w.row(len(w.s.States)+i, state.Put, 0, item); err != nil {
				return err
			}
		}
	}
	return w.spill()
}
