package flinktest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
	folder    string              // also kept there, when not empty
}

// NewStorage returns an empty storage.
func NewStorage() *Storage {
	return &Storage{snapshots: map[string]Snapshot{}}
}

// OpenStorage returns a storage that processes share: it keeps each snapshot
// as a file of a folder.
func OpenStorage(folder string) (*Storage, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("open storage: %w", err)
	}
	s := NewStorage()
	s.folder = folder
	return s, nil
}

func (s *Storage) file(normal string) string {
	sum := sha256.Sum256([]byte(normal))
	return filepath.Join(s.folder, hex.EncodeToString(sum[:16])+".json")
}

// Put writes a snapshot at its location.
func (s *Storage) Put(snap Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := flink.NormalLocation(snap.Location)
	s.snapshots[at] = snap
	if s.folder == "" {
		return
	}
	b, err := json.Marshal(snap)
	if err == nil {
		err = os.WriteFile(s.file(at)+".new", b, 0o600)
	}
	if err == nil {
		err = os.Rename(s.file(at)+".new", s.file(at))
	}
	if err != nil {
		panic(fmt.Sprintf("flinktest: write snapshot: %v", err))
	}
}

// load reads what another process may have written; the lock is held.
func (s *Storage) load(path string) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var snap Snapshot
	if err == nil {
		err = json.Unmarshal(b, &snap)
	}
	if err != nil {
		panic(fmt.Sprintf("flinktest: read snapshot: %v", err))
	}
	s.snapshots[flink.NormalLocation(snap.Location)] = snap
}

// Get reads the snapshot at a location, however that is spelled.
func (s *Storage) Get(location string) (Snapshot, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := flink.NormalLocation(location)
	if _, known := s.snapshots[at]; !known && s.folder != "" {
		s.load(s.file(at))
	}
	snap, ok := s.snapshots[at]
	return snap, ok
}

// Delete removes the snapshot; absent is fine.
func (s *Storage) Delete(location string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := flink.NormalLocation(location)
	delete(s.snapshots, at)
	if s.folder != "" {
		if err := os.Remove(s.file(at)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			panic(fmt.Sprintf("flinktest: delete snapshot: %v", err))
		}
	}
}

// List has the snapshots below a directory, ordered by location.
func (s *Storage) List(directory string) []Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.folder != "" {
		files, _ := filepath.Glob(filepath.Join(s.folder, "*.json")) // the pattern is well formed
		for _, f := range files {
			s.load(f)
		}
	}
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
