package flinktest

import (
	"slices"
	"strings"
	"sync"

	"github.com/weir-streams/weir/flink"
)

// Snapshot is what a savepoint or checkpoint holds.
type Snapshot struct {
	Location   string
	JobID      string // of the job that wrote it
	Position   int64  // the state: how far the job's counter was
	Checkpoint bool   // not a savepoint
}

// Storage is where snapshots lie. Clusters share it, as they share a disk. It
// is safe for concurrent use.
type Storage struct {
	mu        sync.Mutex
	snapshots map[string]Snapshot // by normal location
}

// NewStorage returns an empty storage.
func NewStorage() *Storage {
	return &Storage{snapshots: map[string]Snapshot{}}
}

// Put writes a snapshot at its location.
func (s *Storage) Put(snap Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.snapshots[flink.NormalLocation(snap.Location)] = snap
}

// Get reads the snapshot at a location, however that is spelled.
func (s *Storage) Get(location string) (Snapshot, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	snap, ok := s.snapshots[flink.NormalLocation(location)]
	return snap, ok
}

// Delete removes the snapshot; absent is fine.
func (s *Storage) Delete(location string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.snapshots, flink.NormalLocation(location))
}

// List has the snapshots below a directory, ordered by location.
func (s *Storage) List(directory string) []Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	below := flink.NormalLocation(directory) + "/"
	var found []Snapshot
	for at, snap := range s.snapshots {
		if directory == "" || strings.HasPrefix(at, below) {
			found = append(found, snap)
		}
	}
	slices.SortFunc(found, func(a, b Snapshot) int { return strings.Compare(a.Location, b.Location) })
	return found
}
