package checkpoint

import (
	"fmt"
	"sync"

	"github.com/weir-streams/weir/engine/state"
)

// Stream takes the rows of one operator subtask while its task goes on. It is
// a state.Sink for the task; what it takes is packed and written beside it.
type Stream struct {
	d    *folderDraft
	w    sectionWriter
	wake func() // tells the task that there is room again
	// base is what the rows build on; nil: nothing.
	base *manifestPart

	mu      sync.Mutex
	queue   []*state.Chunk
	bytes   int
	working bool
	told    bool // that it is full
	err     error
	idle    *sync.Cond // no longer working
}

const (
	// So many bytes, or chunks, wait: the task shall write no more for now.
	fullAt     = 4 << 20
	fullChunks = 2
	// brokenAt is where the snapshot is given up: rows that are changed before they
	// were written come here even while storage is slow.
	brokenAt = 64 << 20
)

// chunks are some that nobody uses, with their room.
var chunks = make(chan *state.Chunk, keptChunks)

const keptChunks = 16

// Chunk gives an empty chunk.
func (s *Stream) Chunk() *state.Chunk {
	select {
	case c := <-chunks:
		return c
	default:
		return new(state.Chunk)
	}
}

func giveChunk(c *state.Chunk) {
	select {
	case chunks <- c:
	default:
	}
}

// Take takes a chunk over.
func (s *Stream) Take(chunk *state.Chunk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		chunk.Release()
		return
	}
	if s.bytes > brokenAt {
		chunk.Release()
		s.err = fmt.Errorf("storage is too slow: %d MiB of state wait to be written", s.bytes>>20)
		return
	}
	s.queue = append(s.queue, chunk)
	s.bytes += chunk.Len()
	if !s.working {
		s.working = true
		s.d.wg.Go(s.work)
	}
}

// Full tells whether so much waits that the task shall write nothing for now.
// When there is room again the task is woken.
func (s *Stream) Full() bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = (s.bytes >= fullAt || len(s.queue) >= fullChunks) && s.err == nil
	return s.told
}

// Err is why nothing more can be written.
func (s *Stream) Err() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// work writes until the queue is empty.
func (s *Stream) work() {
	for {
		s.mu.Lock()
		if len(s.queue) == 0 || s.err != nil {
			for _, c := range s.queue {
				c.Release()
			}
			s.queue, s.bytes, s.working = nil, 0, false
			s.idle.Broadcast()
			tell := s.told
			s.mu.Unlock()
			if tell {
				s.wake()
			}
			return
		}
		c := s.queue[0]
		s.queue = s.queue[1:]
		s.mu.Unlock()

		s.d.writers <- struct{}{}
		n := c.Len()
		var err error
		if x, number := c.Extent(); x != nil {
			err = s.w.extent(x, number)
			c.Release()
		} else {
			err = s.w.chunk(c)
			giveChunk(c)
		}
		<-s.d.writers

		s.mu.Lock()
		s.bytes -= n
		if err != nil && s.err == nil {
			s.err = err
		}
		tell := s.told && (s.bytes < fullAt/2 && len(s.queue) < fullChunks || s.err != nil)
		if tell {
			s.told = false
		}
		s.mu.Unlock()
		if tell {
			s.wake()
		}
	}
}

// abort ends it: what comes later is dropped.
func (s *Stream) abort(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
}

// wait waits until all that was taken is written.
func (s *Stream) wait() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.working {
		s.idle.Wait()
	}
	return s.err
}

// Writer begins the snapshot of a part. durable is the newest checkpoint that the
// operator knows to be completed; if this one builds on it, only what changed
// since is asked for. wake is called, by another goroutine, when a Stream that
// was full has room again. The Stream is nil where rows stay in memory.
func (b Barrier) Writer(p Part, durable int64, wake func()) (*state.Writer, *Stream) {
	if b.draft == nil {
		return &state.Writer{Checkpoint: b.ID}, nil
	}
	s := &Stream{d: b.draft, wake: wake, base: b.draft.continues(p, durable)}
	s.w = sectionWriter{d: b.draft, s: section{UID: p.UID, Subtask: p.Subtask}}
	s.idle = sync.NewCond(&s.mu)
	b.draft.mu.Lock()
	b.draft.streams = append(b.draft.streams, s)
	if b.draft.discarded {
		s.err = errDiscarded
	}
	b.draft.mu.Unlock()
	w := state.NewWriter(b.ID, s.base != nil, s)
	w.Packs = !b.draft.m.Savepoint
	return w, s
}
