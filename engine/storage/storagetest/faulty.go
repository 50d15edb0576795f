// Package storagetest has a store that goes wrong: disks that are full, slow or
// lie, and crashes between any two writes.
//
// The rule: what goes wrong comes from the seed and the switches alone.
package storagetest

import (
	"errors"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"

	"github.com/weir-streams/weir/engine/storage"
)

// Faulty is a store in memory that goes wrong.
type Faulty struct {
	*Memory

	mu     sync.Mutex
	random *rand.Rand
	faults Faults
	hit    map[string]int // what happened, by fault
}

// Faults says what goes wrong, as probabilities of each call where it is not
// said otherwise.
type Faults struct {
	Full   float64 // a write fails with ENOSPC after a part of it
	Broken float64 // a commit fails, and the file is not there
	Torn   float64 // a commit succeeds, and the end of the file is missing
	Flip   float64 // a commit succeeds, and a bit of the file is another
	Gone   float64 // a commit succeeds, and the file is not there
	Unsure float64 // a commit fails, and the file is there
	Slow   time.Duration
}

// NewFaulty makes a store, all well at first.
func NewFaulty(seed uint64) *Faulty {
	return &Faulty{Memory: NewMemory(), random: rand.New(rand.NewPCG(seed, 99)), hit: map[string]int{}}
}

// Set changes what goes wrong from now on.
func (s *Faulty) Set(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
}

// Hits tells how often each fault happened: full, broken, torn, flip, gone, unsure.
func (s *Faulty) Hits() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]int{}
	for k, n := range s.hit {
		out[k] = n
	}
	return out
}

func (s *Faulty) happens(what string, p float64) bool {
	if p == 0 || s.random.Float64() >= p {
		return false
	}
	s.hit[what]++
	return true
}

// Create begins a file that may go wrong. What is written is kept in memory
// until it is committed.
func (s *Faulty) Create(name string) (storage.File, error) {
	f, err := s.Memory.Create(name)
	if err != nil {
		return nil, err
	}
	return &faultyFile{s: s, name: name, f: f}, nil
}

type faultyFile struct {
	s    *Faulty
	name string
	f    storage.File

	mu   sync.Mutex
	data []byte
}

func (f *faultyFile) Write(p []byte) (int, error) {
	f.s.mu.Lock()
	slow, full := f.s.faults.Slow, f.s.happens("full", f.s.faults.Full)
	n := len(p)
	if full {
		n = f.s.random.IntN(len(p) + 1)
	}
	f.s.mu.Unlock()
	time.Sleep(slow)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.data = append(f.data, p[:n]...)
	if full {
		return n, &errFull
	}
	return n, nil
}

var errFull = fullError{}

type fullError struct{}

func (*fullError) Error() string { return "write: " + syscall.ENOSPC.Error() }
func (*fullError) Unwrap() error { return syscall.ENOSPC }

func (f *faultyFile) Sync() error { return nil }

var errBroken = errors.New("the disk does not answer")

func (f *faultyFile) Commit() error {
	f.s.mu.Lock()
	x := f.s.faults
	broken, gone, unsure := f.s.happens("broken", x.Broken), f.s.happens("gone", x.Gone), f.s.happens("unsure", x.Unsure)
	f.mu.Lock()
	data := f.data
	f.mu.Unlock()
	if len(data) > 0 && f.s.happens("torn", x.Torn) {
		data = data[:f.s.random.IntN(len(data))]
	}
	if len(data) > 0 && f.s.happens("flip", x.Flip) {
		data[f.s.random.IntN(len(data))] ^= 1 << f.s.random.IntN(8)
	}
	f.s.mu.Unlock()
	time.Sleep(x.Slow)
	if broken || gone {
		f.f.Abort()
		if gone {
			return nil
		}
		return errBroken
	}
	if _, err := f.f.Write(data); err != nil {
		return err
	}
	if err := f.f.Commit(); err != nil {
		return err
	}
	if unsure {
		return errBroken
	}
	return nil
}

func (f *faultyFile) Abort() { f.f.Abort() }
