package filesystem

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math/bits"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/engine/connector"
)

// A large file of lines is read in parts by several subtasks. A part has the
// records that begin in its bytes. The parts of a file are dealt out one by
// one, so that all subtasks are at about the same place of the file and none
// runs far ahead in event time.

const (
	splitFrom = 64 << 20 // smaller files stay whole
	maxRanges = 1024
)

// span is the bytes [from, to) of a file; to 0: all of it.
type span struct{ from, to int64 }

// rangeMark stands between path and span in a split's id; no path has it.
const rangeMark = "//"

// parts are the ids of the splits of a file of a size, in order, with parts of
// at least size bytes each. They depend on nothing but the arguments.
func parts(rel string, length, size int64) []string {
	n := min(length/max(size, 1), maxRanges)
	if n < 2 {
		return []string{rel}
	}
	n = 1 << (bits.Len64(uint64(n)) - 1)
	each := (length + n - 1) / n
	ids := make([]string, n)
	for i := range ids {
		from, to := int64(i)*each, int64(i+1)*each
		if i == len(ids)-1 {
			to = 1 << 62 // whatever has been added until it is read
		}
		// Bits in the other order: neighbours go to different subtasks, however many there are.
		place := int(bits.Reverse64(uint64(i)) >> (64 - bits.Len64(uint64(n-1))))
		ids[i] = connector.SpreadID(fmt.Sprintf("%s%s%d-%d", rel, rangeMark, from, to), place, int(n))
	}
	return ids
}

// file is the path of a split's file, and its part of it.
func (s *split) file() (rel string, part span) {
	rel, text, ok := strings.Cut(s.id, rangeMark)
	if !ok {
		return s.id, span{}
	}
	a, rest, _ := strings.Cut(text, "-")
	b, _, _ := strings.Cut(rest, ".")
	var err error
	if part.from, err = strconv.ParseInt(a, 10, 64); err != nil {
		return s.id, span{}
	}
	if part.to, err = strconv.ParseInt(b, 10, 64); err != nil {
		return s.id, span{}
	}
	return rel, part
}

// order sorts splits that are to be read: a file that has been begun goes
// first, parts of one file in the order of the file.
func order(todo []*split) func(a, b *split) int {
	begun := map[string]bool{}
	for _, s := range todo {
		if s.pos != (position{}) {
			rel, _ := s.file()
			begun[rel] = true
		}
	}
	return func(a, b *split) int {
		relA, partA := a.file()
		relB, partB := b.file()
		if relA != relB && begun[relA] != begun[relB] {
			if begun[relA] {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(relA, relB), cmp.Compare(partA.from, partB.from))
	}
}

// splittable tells whether the file of a path can be read from the middle.
func (s *source) splittable(rel string) bool {
	if s.splitSize == 0 || s.interval != 0 || s.spec.Parallelism < 2 {
		return false
	}
	return !compressed(rel)
}

func compressed(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".gz", ".gzip", ".zst", ".bz2", ".deflate":
		return true
	}
	return false
}

// found adds the splits of a file that this subtask owns and does not know.
func (s *source) found(rel string, readers []bool) {
	ids := []string{rel}
	if s.splittable(rel) {
		if info, err := os.Stat(s.path(rel)); err == nil && info.Size() >= max(s.splitFrom, 2*s.splitSize) {
			ids = parts(rel, info.Size(), s.splitSize)
		}
	}
	for _, id := range ids {
		readers[connector.Owner(id, s.spec.Parallelism)] = true
		if s.known[id] == nil && s.owns(id) {
			s.add(&split{id: id})
		}
	}
}

// begin is where the first record of a part begins: behind the first line feed
// from the byte before the part on. Its end is the begin of the next.
func begin(f *os.File, from int64) (int64, error) {
	if from == 0 {
		return 0, nil
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if from > info.Size() {
		return info.Size(), nil
	}
	buf := make([]byte, 4<<10)
	for at := from - 1; ; {
		n, err := f.ReadAt(buf, at)
		if i := bytes.IndexByte(buf[:n], '\n'); i >= 0 {
			return at + int64(i) + 1, nil
		}
		at += int64(n)
		if err == io.EOF {
			return at, nil
		}
		if err != nil {
			return 0, fmt.Errorf("find where a record begins behind byte %d: %w", from, err)
		}
		if len(buf) < 1<<20 {
			buf = make([]byte, 2*len(buf))
		}
	}
}

// linesBefore counts the lines before a byte of a file, for an error message.
func linesBefore(path string, to int64) int64 {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	var n int64
	r := io.LimitReader(f, to)
	buf := make([]byte, 256<<10)
	for {
		k, err := r.Read(buf)
		n += int64(bytes.Count(buf[:k], []byte{'\n'}))
		if err != nil {
			return n
		}
	}
}
