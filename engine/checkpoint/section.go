package checkpoint

import (
	"slices"

	"github.com/weir-streams/weir/engine/state"
	"github.com/weir-streams/weir/engine/storage"
)

// sectionWriter packs rows into blocks of a layer file: in order of state, kind
// and key group as far as they are held, so that what is read together lies
// together.
type sectionWriter struct {
	d     *folderDraft
	s     section
	held  state.Chunk // rows that did not come in chunks
	block []byte      // being filled, in pages if it is not too large
	pages []byte
	bytes int64 // stored

	logged int64 // of bytes: those of rows as they lie in logs
}

// row adds one row.
func (w *sectionWriter) row(number int, kind state.Kind, group int, row []byte) error {
	if w.held.Add(number, kind, group, row); w.held.Full() {
		return w.spill()
	}
	return nil
}

// spill packs what is held.
func (w *sectionWriter) spill() error { return w.chunk(&w.held) }

// chunk packs the rows of a chunk, which is empty then.
func (w *sectionWriter) chunk(c *state.Chunk) error {
	if err := c.Each(w.piece); err != nil {
		return err
	}
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
	if w.block == nil {
		pages, err := state.TakePages()
		if err != nil {
			return err
		}
		w.pages, w.block = pages, pages[:0]
	}
	w.block = append(w.block, rows...)
	return nil
}

func (w *sectionWriter) flush() error {
	if len(w.block) == 0 {
		return nil
	}
	if n := len(w.block); n >= pagesFrom && w.d.pack == stored { // whole pages go to the disk as they are
		w.block = append(w.block, zeros[:-n&(storage.PageSize-1)]...)
	}
	err := w.put(w.block)
	state.GivePages(w.pages)
	w.pages, w.block = nil, nil
	return err
}

var zeros [storage.PageSize]byte

// put writes a block.
func (w *sectionWriter) put(raw []byte) error {
	packed, k := packBlock(raw, w.d.pack)
	off, err := w.d.store(packed)
	if err != nil {
		return err
	}
	k.Offset = off
	w.s.Blocks = append(w.s.Blocks, k)
	w.bytes += int64(len(packed))
	return nil
}

// extent writes rows from where they lie, as a block.
func (w *sectionWriter) extent(x *state.Extent, number int) error {
	if err := w.flush(); err != nil {
		return err
	}
	w.s.Pieces = append(w.s.Pieces, piece{State: number, Kind: logged, Block: len(w.s.Blocks), Offset: x.From, Length: x.Length})
	before := w.bytes
	err := w.put(x.Mem)
	w.logged += w.bytes - before
	return err
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
