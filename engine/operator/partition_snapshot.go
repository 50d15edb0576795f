package operator

import (
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
)

// Snapshots of partitions, in slices and of changes only. A partition is written
// whole when something of it changed; one that is about to change while a
// snapshot still wants it is set aside as it is (frozen), and written later.
type partsPass[T any] struct {
	how     PartsSnapshot[T]
	groups  int // maximum parallelism
	begun   bool
	full    bool
	done    bool
	epoch   uint32
	all     int             // full: how many of the list are looked at
	next    int             // of the list, or of queue
	queue   []*Partition[T] // that changed since the last completed snapshot
	frozen  []FrozenPart[T] // to be written
	leaving []gonePart      // dropped since the last completed snapshot
	cleared int             // of leaving
	now     *FrozenPart[T]  // being written
	of      *Partition[T]   // whose value now has, nil: it is frozen
	at      int             // in now
}

// PartsSnapshot is how an operator's partitions are set aside and written.
type PartsSnapshot[T any] struct {
	// Freeze copies what will change of a partition.
	Freeze func(x *T) T
	// Write writes some of a partition's rows from the at-th piece on, 0 for the
	// first, and gives where to go on, or -1. The rows that earlier snapshots have
	// of it are to be cleared first.
	Write func(p *FrozenPart[T], at int) (int, error)
	// Clear says that all rows of a partition are gone.
	Clear func(group int, key []byte)
}

// FrozenPart is a partition as it was.
type FrozenPart[T any] struct {
	Group int
	Key   []byte // in the row codec
	Value *T
}

type gonePart struct {
	hash uint64
	key  []byte
}

// Touch says that a partition is about to be changed.
func (p *Partitions[T]) Touch(x *Partition[T]) {
	if x.changed == p.epoch {
		return
	}
	p.setAside(x)
	x.changed = p.epoch
	p.note(x)
}

// note lists a changed partition. Before there is a snapshot the next one is whole.
func (p *Partitions[T]) note(x *Partition[T]) {
	if p.epoch > 1 {
		p.dirty = append(p.dirty, x)
	}
}

// setAside keeps a partition as it is for the snapshot under way, if that has
// still to write it.
func (p *Partitions[T]) setAside(x *Partition[T]) {
	s := &p.pass
	switch {
	case s.now != nil && s.of == x: // some of it is written
		v := s.how.Freeze(&x.Value)
		s.now.Value, s.of = &v, nil
	case p.wanted(x):
		x.saved = s.epoch
		v := s.how.Freeze(&x.Value)
		s.frozen = append(s.frozen, FrozenPart[T]{p.groupOf(x), p.Key(nil, x), &v})
	}
}

// wanted tells whether the snapshot under way has still to write a partition.
func (p *Partitions[T]) wanted(x *Partition[T]) bool {
	s := &p.pass
	return s.begun && x.changed <= s.epoch && x.saved != s.epoch && (s.full || x.changed > p.completed)
}

func (p *Partitions[T]) groupOf(x *Partition[T]) int {
	return data.KeyGroup(state.Hash(x.rec), p.pass.groups)
}

// Begin fixes the partitions of this moment for a snapshot.
func (p *Partitions[T]) Begin(full bool, maxParallelism int, how PartsSnapshot[T]) {
	p.End(false)
	p.pass = partsPass[T]{how: how, groups: maxParallelism, begun: true, full: full, epoch: p.epoch, all: len(p.list), queue: p.dirty, leaving: p.gone}
	p.dirty, p.gone = nil, nil
	p.epoch++
}

// Passing tells whether a snapshot may still read what was set aside for it.
func (p *Partitions[T]) Passing() bool { return p.pass.begun && !p.pass.done }

// Continue writes about n pieces.
func (p *Partitions[T]) Continue(n int) (done bool, err error) {
	s := &p.pass
	for ; n > 0 && s.begun; n-- {
		switch {
		case s.now != nil:
			at, err := s.how.Write(s.now, s.at)
			if err != nil {
				return false, err
			}
			if s.at = at; at < 0 {
				s.now, s.of = nil, nil
			}
		case s.cleared < len(s.leaving):
			if g := &s.leaving[s.cleared]; !s.full {
				s.how.Clear(data.KeyGroup(g.hash, s.groups), g.key)
			}
			s.cleared++
		case len(s.frozen) > 0:
			k := len(s.frozen) - 1
			f := s.frozen[k]
			s.frozen[k] = FrozenPart[T]{}
			s.frozen, s.now, s.at = s.frozen[:k], &f, 0
		default:
			x := p.following()
			if x == nil {
				s.done = true
				return true, nil
			}
			if !p.wanted(x) {
				continue
			}
			x.saved = s.epoch
			s.now, s.at = &FrozenPart[T]{p.groupOf(x), p.Key(nil, x), &x.Value}, 0
			s.of = x
		}
	}
	return !s.begun, nil
}

// following is the next partition that a snapshot may want, nil after the last.
func (p *Partitions[T]) following() *Partition[T] {
	s := &p.pass
	for s.next < s.all && s.full {
		s.next++
		if x := p.list[s.next-1]; x != nil {
			return x
		}
	}
	for !s.full && s.next < len(s.queue) {
		s.next++
		if x := s.queue[s.next-1]; p.list[x.number] == x {
			return x
		}
	}
	return nil
}

// End says that the snapshot begun last is durable, or was given up.
func (p *Partitions[T]) End(completed bool) {
	s := &p.pass
	if !s.begun {
		return
	}
	if completed {
		p.completed = s.epoch
	} else {
		for _, x := range s.queue {
			if x.changed <= s.epoch && p.list[x.number] == x {
				p.dirty = append(p.dirty, x)
			}
		}
		if p.completed > 0 {
			p.gone = append(s.leaving, p.gone...)
		}
	}
	if p.completed == 0 {
		p.gone = nil // nothing durable has them
	}
	p.pass = partsPass[T]{}
}

// Restored says that all there is came from a completed snapshot.
func (p *Partitions[T]) Restored() {
	p.End(false)
	p.completed, p.dirty, p.gone = p.epoch, nil, nil
	p.epoch++
}

// forget keeps the key of a partition that is being dropped.
func (p *Partitions[T]) forget(x *Partition[T]) {
	p.setAside(x)
	if p.completed > 0 || p.pass.begun {
		p.gone = append(p.gone, gonePart{state.Hash(x.rec), p.Key(nil, x)})
	}
}

// Find gives the record of a partition's key in another table by the same keys,
// nil if there is none. It is for reading.
func (p *Partitions[T]) Find(x *Partition[T], t *state.Table) (unsafe.Pointer, error) {
	rec, _, err := t.Find(state.Hash(x.rec), p.Key(nil, x), false)
	return rec, err
}
