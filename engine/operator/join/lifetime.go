package join

import (
	"unsafe"

	"github.com/weir-streams/weir/engine/state"
)

// Rows of a side with a time to live are forgotten when they were not changed for
// so long. Those of a log go in the order in which they came: chains end where the
// log begins. Those of a table are passed over until they are swept.

// sweepStep is how many keys and rows are looked at after a batch.
const sweepStep = 256

func (s *side) expired(row unsafe.Pointer) bool {
	at := rowWidth
	if s.inserts {
		at = logHead
	}
	return s.now-*field(row, at) >= s.ttl
}

// stamp notes when a row of a table was changed. One that had lived too long
// begins anew.
func (s *side) stamp(row unsafe.Pointer) {
	if s.ttl == 0 {
		return
	}
	if s.expired(row) {
		*field(row, rowCount) = 0
	}
	*field(row, rowWidth) = s.now
}

// tick sets the time and forgets rows of logs.
func (s *store) tick(now int64) error {
	for i := range s.sides {
		side := &s.sides[i]
		if side.ttl == 0 {
			continue
		}
		side.now = now
		if !side.inserts {
			continue
		}
		if err := side.trim(); err != nil {
			return err
		}
	}
	return nil
}

// trim forgets the rows at the beginning of a log that have lived too long.
func (s *side) trim() error {
	for {
		rows := s.batch[:0]
		addrs := s.addrs[:0]
		end := s.log.End()
		for len(rows) < slice {
			addr, rec, next := s.log.Next(s.front, end)
			if rec == nil || !s.expired(rec) {
				break
			}
			rows, addrs = append(rows, rec), append(addrs, addr)
			s.front = next
		}
		s.batch, s.addrs = rows, addrs
		if len(rows) == 0 {
			return nil
		}
		if err := s.forget(rows, addrs); err != nil {
			return err
		}
		for _, addr := range addrs {
			s.log.Drop(addr)
		}
	}
}

// forget tells snapshots that rows of a log are about to go.
func (s *side) forget(rows []unsafe.Pointer, addrs []uint64) error {
	if !s.begun && s.doneRow == 0 {
		return nil
	}
	var due, named []unsafe.Pointer
	for i, rec := range rows {
		if s.begun && addrs[i] < s.end && !s.written(rec) && (addrs[i] >= s.next || s.counted && s.owed(rec)) {
			due = append(due, rec)
		}
		if s.begun && addrs[i] < s.end || *field(rec, logID) <= s.doneRow {
			named = append(named, rec)
		}
	}
	if err := s.write(due); err != nil {
		return err
	}
	return s.eachGroup(named, func(rec unsafe.Pointer, group int) error {
		s.row = s.layout.Append(s.row[:0], unsafe.Add(rec, s.head), s.order[:len(s.keys)])
		s.row = appendInt(s.row, *field(rec, logID))
		return s.gone.Add(s.budget, uint64(group), s.row)
	})
}

// owed tells whether the snapshot under way has to have a row because it was
// changed since the last one.
func (s *side) owed(rec unsafe.Pointer) bool {
	epoch := *word(rec, s.marks+markEpoch)
	return !s.full && epoch > s.doneEpoch && epoch <= s.passEpoch
}

// expire looks at some rows of tables, and at some keys, for those that are not
// needed any more.
func (s *store) expire() error {
	for i := range s.sides {
		side := &s.sides[i]
		if side.ttl == 0 || side.inserts {
			continue
		}
		var err error
		if side.swept, err = side.rows.Walk(side.swept, sweepStep, func(rec unsafe.Pointer) error {
			row := state.Value(rec)
			if !side.expired(row) {
				return nil
			}
			if key := pointer(row, rowKey); key != nil && linked(key, row, i) {
				unlink(key, row, i)
			}
			return side.rows.Delete(rec)
		}); err != nil {
			return err
		}
	}
	var err error
	s.swept, err = s.keys.Walk(s.swept, sweepStep, func(key unsafe.Pointer) error {
		if !s.vacant(key) {
			return nil
		}
		return s.keys.Delete(key)
	})
	return err
}
