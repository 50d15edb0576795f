package join

import (
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
)

// logPass is the snapshots of rows in a log. An incremental one has the rows that
// came since the last completed one: the end of the log. Only the number of
// matches of a row changes later; counted sides keep a list of such rows, and
// write those of them that are not in a snapshot under way yet before they change.
type logPass struct {
	to     *state.KeyedWriter
	groups int // key groups
	packs  bool
	lies   bool  // rows are not put one by one
	unput  int64 // of those, that are to come

	begun, full bool
	deleted     bool // of a table: those deleted are written
	next, end   uint64
	number      uint32 // of this pass
	rowEnd      int64  // the last row of it

	done    uint64 // the end of the log as the last completed snapshot has it
	doneRow int64  // the last row of it

	epoch     uint32 // the present one, from 1; Begin ends one
	doneEpoch uint32 // the last one a completed snapshot has
	passEpoch uint32
	// changed has older rows that were changed since the last completed snapshot,
	// leaving those of them changed before the present one began; at is how many of
	// them are written.
	changed, leaving []uint64 // addresses
	at               int
	// gone has the rows, of those a completed snapshot may have, that have lived too
	// long since: the columns that tell a row from others, with the key group.
	gone  state.Gone
	batch []unsafe.Pointer
	addrs []uint64
	row   []byte
}

func (s *side) beginLog(full bool) {
	s.endLog(false)
	s.begun, s.full = true, full
	s.next, s.end, s.rowEnd = s.done, s.log.End(), s.rowID
	if s.unput = s.rowEnd - s.doneRow; full {
		s.next, s.unput = state.LogStart, int64(s.log.Len())
	}
	s.deleted = full
	s.leaving, s.changed, s.at = s.changed, nil, 0
	s.gone.Begin()
	s.number++
	s.passEpoch = s.epoch
	s.epoch++
}

func (s *side) endLog(completed bool) {
	if !s.begun {
		return
	}
	if completed {
		s.done, s.doneRow, s.doneEpoch = s.end, s.rowEnd, s.passEpoch
	} else {
		s.changed = append(s.leaving, s.changed...)
	}
	s.gone.End(completed)
	s.leaving, s.begun = nil, false
}

// continueLog writes some rows, and tells whether all are written.
func (s *side) continueLog() (bool, error) {
	if !s.begun {
		return true, nil
	}
	if !s.deleted {
		var err error
		s.deleted, err = s.gone.Some(4*slice, func(group uint64, row []byte) error {
			s.to.Delete(int(group), row)
			return nil
		})
		return false, err
	}
	if s.lies {
		if x, next, ok := s.log.Extent(s.next, s.end); ok {
			s.to.Extent(x, s.unput)
			s.next, s.unput = next, 0
			return s.next >= s.end, nil
		}
		s.next = s.end
		return true, nil
	}
	rows := s.batch[:0]
	for s.next < s.end && len(rows) < slice {
		_, rec, next := s.log.Next(s.next, s.end)
		if s.next = next; rec != nil && !s.written(rec) {
			rows = append(rows, rec)
		}
	}
	for !s.full && s.at < len(s.leaving) && len(rows) < slice {
		addr := s.leaving[s.at]
		if s.at++; addr < s.front {
			continue
		}
		if rec := s.log.At(addr); *field(rec, logID) <= s.doneRow && !s.written(rec) {
			*word(rec, s.marks+markWrote) = s.number // it may be there twice
			rows = append(rows, rec)
		}
	}
	s.batch = rows
	if err := s.write(rows); err != nil {
		return false, err
	}
	return s.next >= s.end && (s.full || s.at == len(s.leaving)), nil
}

func (s *side) written(rec unsafe.Pointer) bool {
	return s.counted && *word(rec, s.marks+markWrote) == s.number
}

// write puts rows into the snapshot.
func (s *side) write(rows []unsafe.Pointer) error {
	return s.eachGroup(rows, func(rec unsafe.Pointer, group int) error {
		if row := s.to.Open(group); s.packs {
			s.to.Close(group, s.pack(row, rec))
		} else {
			s.to.Close(group, s.encode(row, rec))
		}
		if s.counted {
			*word(rec, s.marks+markWrote) = s.number
		}
		return nil
	})
}

// eachGroup calls f for every one of some rows with its key group.
func (s *side) eachGroup(rows []unsafe.Pointer, f func(rec unsafe.Pointer, group int) error) error {
	if len(rows) == 0 {
		return nil
	}
	b := data.NewBatch(len(s.keys))
	defer b.Release()
	b.N = len(rows)
	if err := s.gather(b, rows, s.keys, s.types[:len(s.keys)]); err != nil {
		return err
	}
	data.HashKeys(b, upTo(len(s.keys)))
	for i, rec := range rows {
		if err := f(rec, data.KeyGroup(b.Hashes[i], s.groups)); err != nil {
			return err
		}
	}
	return nil
}

// touch says that a row's number of matches is about to change.
func (s *side) touch(rec unsafe.Pointer) error {
	epoch := word(rec, s.marks+markEpoch)
	if *epoch == s.epoch {
		return nil
	}
	if s.begun && !s.written(rec) && (s.full || *field(rec, logID) > s.doneRow || *epoch > s.doneEpoch) {
		if err := s.write([]unsafe.Pointer{rec}); err != nil {
			return err
		}
	}
	if s.begun || *field(rec, logID) <= s.doneRow && *epoch <= s.doneEpoch { // else it is listed, or at the end of the log
		s.changed = append(s.changed, *(*uint64)(unsafe.Add(rec, s.marks+markAddress)))
	}
	*epoch = s.epoch
	return nil
}
