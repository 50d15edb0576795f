package state

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// spill is the file to which segments go that are over a budget. It has no name,
// so nothing is left of it however the process ends.
type spill struct {
	mu   sync.Mutex
	file *os.File
	size int64
	free map[int][]int64 // offsets by size of segment
	held int64           // bytes of segments in it

	// Mapped segments are read and written where they were, through the system's
	// cache. What of it is resident is looked at now and then, and let go.
	mapped   map[unsafe.Pointer]int
	statm    *os.File
	resident int64 // of the process in files, before anything was mapped
}

func openSpill(folder string) (*spill, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("folder for state that does not fit into memory: %w", err)
	}
	f, err := os.CreateTemp(folder, "weir-state-*")
	if err != nil {
		return nil, fmt.Errorf("file for state that does not fit into memory: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("file for state that does not fit into memory: %w", err), f.Close())
	}
	s := &spill{file: f, free: map[int][]int64{}, mapped: map[unsafe.Pointer]int{}}
	if s.statm, err = os.Open("/proc/self/statm"); err != nil {
		s.statm = nil // no watch over what is resident
	}
	s.resident = s.inFiles()
	return s, nil
}

func (s *spill) close() error {
	err := s.file.Close()
	if s.statm != nil {
		err = errors.Join(err, s.statm.Close())
	}
	return err
}

// write puts a segment into the file and returns where. The space is taken
// before, so that a full disk is an error here and not a fault later.
func (s *spill) write(mem []byte) (int64, error) {
	s.mu.Lock()
	at := s.size
	if free := s.free[len(mem)]; len(free) > 0 {
		at, s.free[len(mem)] = free[len(free)-1], free[:len(free)-1]
	} else {
		s.size += int64(len(mem))
	}
	s.held += int64(len(mem))
	s.mu.Unlock()
	err := unix.Fallocate(int(s.file.Fd()), 0, at, int64(len(mem)))
	if err == nil || errors.Is(err, unix.EOPNOTSUPP) {
		_, err = s.file.WriteAt(mem, at)
	}
	if err != nil {
		s.drop(at, len(mem))
		return 0, fmt.Errorf("writing state that does not fit into memory to %s: %w", s.file.Name(), err)
	}
	return at, nil
}

func (s *spill) read(p []byte, at int64) error {
	if _, err := s.file.ReadAt(p, at); err != nil {
		return fmt.Errorf("reading state from %s: %w", s.file.Name(), err)
	}
	return nil
}

// drop frees the place of a segment in the file.
func (s *spill) drop(at int64, n int) {
	// Where holes cannot be made the place is used again all the same.
	_ = unix.Fallocate(int(s.file.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, at, int64(n))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free[n] = append(s.free[n], at)
	s.held -= int64(n)
}

// mapOver puts the file in the place of a segment's memory.
func (s *spill) mapOver(mem []byte, at int64) error {
	p := unsafe.Pointer(&mem[0])
	if _, err := unix.MmapPtr(int(s.file.Fd()), at, p, uintptr(len(mem)), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_FIXED); err != nil {
		return fmt.Errorf("mapping state that does not fit into memory: %w", err)
	}
	// Cold records are far apart: no reading ahead.
	_ = unix.Madvise(mem, unix.MADV_RANDOM)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mapped[p] = len(mem)
	return nil
}

// unmap makes a mapped segment's addresses plain memory again, without content.
func (s *spill) unmap(mem []byte) {
	p := unsafe.Pointer(&mem[0])
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.mapped, p)
	if _, err := unix.MmapPtr(-1, 0, p, uintptr(len(mem)), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_NORESERVE|unix.MAP_FIXED); err != nil {
		panic(fmt.Sprintf("giving back memory of state: %v", err))
	}
	_ = unix.Madvise(mem, unix.MADV_HUGEPAGE)
}

// trim lets go of what is resident of mapped segments if it is more than allowed.
func (s *spill) trim(allowed int64) {
	if s.statm == nil || s.inFiles()-s.resident <= allowed {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for p, n := range s.mapped {
		// The content stays in the file and in the system's cache.
		_ = unix.Madvise(unsafe.Slice((*byte)(p), n), unix.MADV_DONTNEED)
	}
}

// inFiles is how much of the process is resident in files.
func (s *spill) inFiles() int64 {
	if s.statm == nil {
		return 0
	}
	var b [128]byte
	n, _ := s.statm.ReadAt(b[:], 0)
	f := strings.Fields(string(b[:n]))
	if len(f) < 3 {
		return 0
	}
	pages, _ := strconv.ParseInt(f[2], 10, 64)
	return pages * int64(os.Getpagesize())
}
