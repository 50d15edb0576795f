package savepoint

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	magic      = 0x4960672D
	masterMark = 0xC96B1696
	oldest     = 2
	newest     = 6
)

// ErrNotFlink is the cause when something is no snapshot of Flink's.
var ErrNotFlink = errors.New("it was not written by Apache Flink")

// errShort is the end of the data in the middle of something.
var errShort = errors.New("it ends too early")

// Parse reads the content of a _metadata file.
func Parse(b []byte) (*Snapshot, error) {
	r := &reader{b: b}
	s := &Snapshot{}
	if r.u32() != magic {
		return nil, ErrNotFlink
	}
	s.Version = int(r.i32())
	if s.Version < oldest || s.Version > newest {
		return nil, fmt.Errorf("its format version %d is not one of %d to %d", s.Version, oldest, newest)
	}
	r.version = s.Version
	s.CheckpointID = r.i64()
	for range r.count(8) {
		if r.u32() != masterMark {
			r.fail("no state of a master hook where one is expected")
		}
		r.skip(int(r.i32()))
	}
	for range r.count(20) {
		s.Operators = append(s.Operators, r.operator())
		if r.err != nil {
			break
		}
	}
	if r.err != nil {
		return nil, fmt.Errorf("byte %d: %w", r.at, r.err)
	}
	if s.Version >= 4 {
		s.Kind = kindOf(b[r.at:])
	} else if r.at != len(b) {
		return nil, fmt.Errorf("byte %d: %d bytes too many", r.at, len(b)-r.at)
	}
	s.Files = r.files
	return s, nil
}

// kindOf looks for words in the properties, which are a serialised Java object.
func kindOf(properties []byte) Kind {
	has := func(word string) bool { return bytes.Contains(properties, []byte(word)) }
	switch {
	case has("NATIVE"):
		return NativeSavepoint
	case has("SavepointType"), has("Savepoint"):
		return CanonicalSavepoint
	case has("CheckpointType"):
		return Checkpoint
	}
	return ""
}

// reader reads Java's DataOutput and keeps the first error.
type reader struct {
	b       []byte
	at      int
	version int
	err     error
	files   []File
	depth   int
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// take is the next n bytes; zeros after an error.
func (r *reader) take(n int) []byte {
	if r.err == nil && (n < 0 || n > len(r.b)-r.at) {
		r.err = errShort
	}
	if r.err != nil {
		return make([]byte, min(max(n, 0), 16))
	}
	r.at += n
	return r.b[r.at-n : r.at]
}

func (r *reader) skip(n int)  { r.take(n) }
func (r *reader) u8() byte    { return r.take(1)[0] }
func (r *reader) u32() uint32 { return binary.BigEndian.Uint32(r.take(4)) }
func (r *reader) i32() int32  { return int32(r.u32()) }
func (r *reader) i64() int64  { return int64(binary.BigEndian.Uint64(r.take(8))) }

// count reads how many things of at least size bytes follow.
func (r *reader) count(size int) int {
	n := int(r.i32())
	if r.err == nil && (n < 0 || n > (len(r.b)-r.at)/max(size, 1)) {
		r.fail("%d is no number of things that fit", n)
	}
	if r.err != nil {
		return 0
	}
	return n
}

// text reads modified UTF-8: NUL has two bytes, and what is beyond the basic
// plane is a pair of surrogates of three bytes each.
func (r *reader) text() string {
	b := r.take(int(binary.BigEndian.Uint16(r.take(2))))
	if r.err != nil {
		return ""
	}
	var out []uint16
	for len(b) > 0 {
		switch c := b[0]; {
		case c < 0x80:
			out = append(out, uint16(c))
			b = b[1:]
		case c>>5 == 6 && len(b) >= 2:
			out = append(out, uint16(c&0x1f)<<6|uint16(b[1]&0x3f))
			b = b[2:]
		case c>>4 == 14 && len(b) >= 3:
			out = append(out, uint16(c&0x0f)<<12|uint16(b[1]&0x3f)<<6|uint16(b[2]&0x3f))
			b = b[3:]
		default:
			out = append(out, utf8.RuneError)
			b = b[1:]
		}
	}
	return string(utf16.Decode(out))
}

func (r *reader) operator() Operator {
	var o Operator
	if r.version >= 5 {
		o.Name, o.UID = r.text(), r.text()
	}
	o.ID = hex.EncodeToString(r.take(16))
	o.Parallelism, o.MaxParallelism = int(r.i32()), int(r.i32())
	if r.version == 2 {
		r.skip(4)
	} else {
		o.Bytes += r.stream()
	}
	n := r.i32()
	if r.version >= 3 && n == -1 {
		o.Finished = true
		return o
	}
	if n < 0 || int(n) > len(r.b)-r.at {
		r.fail("%d is no number of subtasks", n)
		return o
	}
	for range n {
		if index := r.i32(); r.version >= 3 && index < 0 {
			continue // this subtask had ended
		}
		r.subtask(&o)
		if r.err != nil {
			break
		}
	}
	return o
}

func (r *reader) subtask(o *Operator) {
	if r.version == 2 {
		r.skip(12)
	}
	for range 2 { // managed and raw operator state
		if r.i32() != 0 {
			r.operatorState(o)
		}
	}
	for range 2 { // managed and raw keyed state
		size, there := r.keyed()
		o.Bytes += size
		o.Keyed = o.Keyed || there
	}
	if r.version < 3 {
		return
	}
	for range 2 { // rows on their way in and out
		for range r.count(8) {
			o.InFlight = true
			o.Bytes += r.channel()
		}
	}
}

func (r *reader) operatorState(o *Operator) {
	tag := r.u8()
	if tag == 0 {
		return
	}
	if tag != 4 && tag != 17 {
		r.fail("operator state of unknown kind %d", tag)
		return
	}
	for range r.count(7) {
		name := r.text()
		r.skip(1)
		r.skip(8 * r.count(8))
		if r.err == nil && !contains(o.States, name) {
			o.States = append(o.States, name)
		}
	}
	if tag == 17 {
		_, _ = r.text(), r.text()
		r.skip(1)
	}
	o.Bytes += r.stream()
}

func contains(all []string, s string) bool {
	for _, a := range all {
		if a == s {
			return true
		}
	}
	return false
}

// stream reads where some state lies and returns its size.
func (r *reader) stream() int64 {
	r.depth++
	defer func() { r.depth-- }()
	if r.depth > 8 {
		r.fail("state within state within state")
		return 0
	}
	switch tag := r.u8(); tag {
	case 0, 16:
		return 0
	case 1: // inline
		_ = r.text()
		n := r.count(1)
		r.skip(n)
		return int64(n)
	case 2: // a file
		size := r.i64()
		r.file(File{Path: r.text(), Size: size})
		return size
	case 3: // by key groups
		r.skip(4)
		r.skip(8 * r.count(8))
		return r.stream()
	case 6: // a file beside the metadata
		path := r.text()
		size := r.i64()
		if strings.Contains(path, "..") || strings.HasPrefix(path, "/") {
			r.fail("a relative path %q that leads elsewhere", path)
		}
		r.file(File{Path: path, Relative: true, Size: size})
		return size
	case 15: // a part of a file
		start, size := r.i64(), r.i64()
		r.skip(4)
		path := r.text()
		_ = r.text()
		r.file(File{Path: path, Size: start + size})
		return size
	default:
		r.fail("a stream of unknown kind %d", tag)
		return 0
	}
}

func (r *reader) file(f File) {
	if r.err == nil {
		r.files = append(r.files, f)
	}
}

// keyed reads keyed state and returns its size.
func (r *reader) keyed() (size int64, there bool) {
	r.depth++
	defer func() { r.depth-- }()
	if r.depth > 8 {
		r.fail("keyed state within keyed state")
		return 0, false
	}
	switch tag := r.u8(); tag {
	case 0:
		return 0, false
	case 3, 7, 12: // whole
		r.skip(4)
		r.skip(8 * r.count(8))
		size = r.stream()
		if tag == 12 {
			_ = r.text()
		}
	case 5, 11: // incremental
		r.skip(8)
		_ = r.text()
		r.skip(8)
		if tag == 11 {
			r.skip(8)
		}
		size = r.stream()
		for range 2 {
			for range r.count(3) {
				_ = r.text()
				size += r.stream()
			}
		}
		if tag == 11 {
			_ = r.text()
		}
	case 8, 14: // changelog
		r.skip(8)
		r.skip(8)
		for range 2 {
			for range r.count(1) {
				n, _ := r.keyed()
				size += n
			}
		}
		r.skip(8)
		if tag == 14 {
			r.skip(8)
		}
		_ = r.text()
	case 9: // changelog in memory
		r.skip(8)
		r.skip(16)
		for range r.count(8) {
			r.skip(4)
			n := r.count(1)
			r.skip(n)
			size += int64(n)
		}
		_ = r.text()
	case 10, 13: // changelog in files
		r.skip(8)
		for range r.count(9) {
			r.skip(8)
			size += r.stream()
		}
		r.skip(16)
		_ = r.text()
		if tag == 13 {
			_ = r.text()
		}
	default:
		r.fail("keyed state of unknown kind %d", tag)
	}
	return size, true
}

// channel reads rows on their way and returns their size.
func (r *reader) channel() int64 {
	merged := false
	if r.version >= 6 {
		switch kind := r.u8(); kind {
		case 1, 2:
		case 3, 4:
			merged = true
		default:
			r.fail("rows on their way of unknown kind %d", kind)
			return 0
		}
	}
	r.skip(4)
	if merged {
		size := r.i64()
		r.stream()
		r.skip(r.count(1))
		return size
	}
	r.skip(8)
	r.skip(8 * r.count(8))
	size := r.i64()
	r.stream()
	return size
}
