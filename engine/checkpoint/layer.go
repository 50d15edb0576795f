package checkpoint

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"slices"
	"syscall"

	"github.com/weir-streams/weir/engine/state"
	"github.com/weir-streams/weir/engine/storage"
)

// section is what one layer file has of one operator subtask.
type section struct {
	UID     string
	Subtask int
	States  []state.Declared
	Lists   []listed
	Blocks  []block
	// Pieces of the states, then of the lists, which are numbered after them.
	Pieces []piece
	// cut says that rows may go from one piece to the next.
	cut bool
}

// listed is the form of a list; its pieces have its items, each preceded by its
// length as a uvarint.
type listed struct {
	Name  string
	Mode  state.ListMode
	Items int
}

// logged is the kind of pieces that have records of a log, of all key groups.
const logged = state.Clear + 1

// piece is a range of the raw bytes of a block: whole rows of one key group.
type piece struct {
	State  int
	Kind   state.Kind
	Group  int
	Block  int
	Offset int
	Length int
}

// encodeIndex writes the index of a layer file.
func encodeIndex(sections []*section) ([]byte, error) {
	var b []byte
	u := func(x int) { b = binary.AppendUvarint(b, uint64(x)) }
	u(len(sections))
	for _, s := range sections {
		head, err := json.Marshal(struct {
			UID     string
			Subtask int
			States  []state.Declared
			Lists   []listed
		}{s.UID, s.Subtask, s.States, s.Lists})
		if err != nil {
			return nil, err
		}
		u(len(head))
		b = append(b, head...)
		u(len(s.Blocks))
		for _, k := range s.Blocks {
			u(int(k.Offset))
			u(k.Stored)
			u(k.Raw)
			b = append(b, byte(k.Codec))
			b = binary.LittleEndian.AppendUint32(b, k.CRC)
		}
		u(len(s.Pieces))
		for _, p := range s.Pieces {
			u(p.State<<2 | int(p.Kind))
			u(p.Group)
			u(p.Block)
			u(p.Offset)
			u(p.Length)
		}
	}
	return encoder().EncodeAll(b, nil), nil
}

// decodeIndex reads an index that has the right checksum. end is where the
// blocks end.
func decodeIndex(packed []byte, end int64) ([]section, error) {
	b, err := decoder().DecodeAll(packed, nil)
	if err != nil {
		return nil, damaged("index: %v", err)
	}
	bad := false
	u := func() int {
		x, n := binary.Uvarint(b)
		if n <= 0 || x > 1<<48 {
			bad, b = true, nil
			return 0
		}
		b = b[n:]
		return int(x)
	}
	count := func() int { // of things of at least a byte each
		n := u()
		if n > len(b) {
			bad, b = true, nil
			return 0
		}
		return n
	}
	sections := make([]section, count())
	for i := range sections {
		s := &sections[i]
		n := count()
		if err := json.Unmarshal(b[:n], s); err != nil && !bad {
			return nil, damaged("index: %v", err)
		}
		b = b[n:]
		s.Blocks = make([]block, count())
		for k := range s.Blocks {
			s.Blocks[k] = block{Offset: int64(u()), Stored: u(), Raw: u()}
			if len(b) < 5 {
				return nil, damaged("index: it ends too early")
			}
			s.Blocks[k].Codec, s.Blocks[k].CRC = codec(b[0]), binary.LittleEndian.Uint32(b[1:])
			b = b[5:]
		}
		s.Pieces = make([]piece, count())
		for k := range s.Pieces {
			x := u()
			s.Pieces[k] = piece{State: x >> 2, Kind: state.Kind(x & 3), Group: u(), Block: u(), Offset: u(), Length: u()}
		}
		if bad {
			return nil, damaged("index: it ends too early")
		}
		if err := s.check(end); err != nil {
			return nil, err
		}
	}
	return sections, nil
}

// check looks at all references.
func (s *section) check(end int64) error {
	for _, k := range s.Blocks {
		if k.Offset < 0 || k.Stored < 0 || k.Raw < 0 || k.Raw > largestRaw || k.Offset+int64(k.Stored) > end {
			return damaged("a block at %d lies outside of the data", k.Offset)
		}
	}
	for _, p := range s.Pieces {
		if p.State < 0 || p.State >= len(s.States)+len(s.Lists) || p.Kind > logged || p.Block < 0 || p.Block >= len(s.Blocks) ||
			p.Offset < 0 || p.Length < 0 || p.Offset+p.Length > s.Blocks[p.Block].Raw {
			return damaged("a piece lies outside of its block")
		}
	}
	return nil
}

// layer is a section with the file that it lies in.
type layer struct {
	*section
	open func() (storage.Content, error)
}

// Declared lists the keyed states.
func (l layer) Declared() []state.Declared { return l.States }

// bytes is how much there is of key groups, in raw bytes, that is to be merged.
func (l layer) bytes(by []int64) {
	for _, p := range l.Pieces {
		if p.State < len(l.States) && p.Group < len(by) && p.Kind != logged {
			by[p.Group] += int64(p.Length)
		}
	}
}

// Each reads what is wanted in the order in which it lies in the file.
func (l layer) Each(kind state.Kind, want []bool, from, to int, f func(number, group int, rows []byte) error) error {
	var which, logs []piece
	for _, p := range l.Pieces {
		switch {
		case p.State >= len(want) || !want[p.State]:
		case p.Kind == logged && kind == state.Put:
			logs = append(logs, p)
		case p.Kind == kind && from <= p.Group && p.Group < to:
			which = append(which, p)
		}
	}
	if l.cut {
		return l.gathered(which, f)
	}
	if kind != state.Put {
		return l.read(which, f)
	}
	if err := l.records(logs, from, to, f); err != nil {
		return err
	}
	unpackers := make([]*state.Unpacker, len(want))
	for i := range unpackers {
		if want[i] {
			var err error
			if unpackers[i], err = state.NewUnpacker(&l.States[i]); err != nil {
				return damaged("%v", err)
			}
		}
	}
	return l.read(which, func(number, group int, rows []byte) error {
		if u := unpackers[number]; u != nil {
			var err error
			if rows, err = u.Rows(rows); err != nil {
				return damaged("state %s: %v", l.States[number].Name, err)
			}
		}
		return f(number, group, rows)
	})
}

// records gives rows that lie as in a log, of some key groups.
func (l layer) records(which []piece, from, to int, f func(number, group int, rows []byte) error) error {
	if len(which) == 0 {
		return nil
	}
	readers := make([]*state.LogReader, len(l.States))
	for _, p := range which {
		if readers[p.State] == nil {
			var err error
			if readers[p.State], err = state.NewLogReader(&l.States[p.State]); err != nil {
				return damaged("%v", err)
			}
		}
	}
	return l.read(which, func(number, _ int, records []byte) error {
		var failed error
		err := readers[number].Read(records, func(group int, rows []byte) error {
			if from <= group && group < to {
				failed = f(number, group, rows)
			}
			return failed
		})
		if err != nil && failed == nil {
			err = damaged("state %s: %v", l.States[number].Name, err)
		}
		return err
	})
}

// read gives pieces, each with its bytes, by block. The next block is read and
// unpacked while one is given.
func (l layer) read(which []piece, f func(number, group int, rows []byte) error) error {
	if len(which) == 0 {
		return nil
	}
	which = slices.Clone(which)
	slices.SortFunc(which, func(a, b piece) int {
		return cmp.Or(cmp.Compare(l.Blocks[a.Block].Offset, l.Blocks[b.Block].Offset), cmp.Compare(a.Offset, b.Offset))
	})
	content, err := l.open()
	if err != nil {
		return err
	}
	type unpacked struct {
		raw []byte
		err error
	}
	ready, done := make(chan unpacked), make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		defer func() { ended <- content.Close() }()
		var packed []byte
		var into [2][]byte // one is being given while the other is filled
		n := 0
		for i := range which {
			if i > 0 && which[i].Block == which[i-1].Block {
				continue
			}
			k := l.Blocks[which[i].Block]
			var u unpacked
			if packed, u.err = readBlock(content, k, packed); u.err == nil {
				u.raw, u.err = unpackBlock(packed, k, into[n%2])
			}
			if k.Codec == stored {
				packed = nil // it is given away
			} else {
				into[n%2] = u.raw
			}
			n++
			select {
			case ready <- u:
			case <-done:
				return
			}
			if u.err != nil {
				return
			}
		}
	}()
	defer func() {
		close(done)
		<-ended // a file that was read closes well enough
	}()
	var u unpacked
	for i, p := range which {
		if i == 0 || p.Block != which[i-1].Block {
			if u = <-ready; u.err != nil {
				return u.err
			}
		}
		if err := f(p.State, p.Group, u.raw[p.Offset:p.Offset+p.Length]); err != nil {
			return err
		}
	}
	return nil
}

// gathered gives all bytes of each state and group at once.
func (l layer) gathered(which []piece, f func(number, group int, rows []byte) error) error {
	type place struct{ number, group int }
	all := map[place][]byte{}
	var order []place
	for _, p := range which {
		at := place{p.State, p.Group}
		if _, ok := all[at]; !ok {
			order = append(order, at)
			all[at] = []byte{}
		}
	}
	err := l.read(which, func(number, group int, rows []byte) error {
		at := place{number, group}
		all[at] = append(all[at], rows...)
		return nil
	})
	if err != nil {
		return err
	}
	for _, at := range order {
		if err := f(at.number, at.group, all[at]); err != nil {
			return err
		}
	}
	return nil
}

// lists reads the lists of a section.
func (l layer) lists() ([]state.List, error) {
	raw := make([][]byte, len(l.Lists))
	var which []piece
	for _, p := range l.Pieces {
		if p.State >= len(l.States) {
			which = append(which, p)
		}
	}
	err := l.read(which, func(number, _ int, rows []byte) error {
		n := number - len(l.States)
		raw[n] = append(raw[n], rows...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := make([]state.List, len(l.Lists))
	for i, d := range l.Lists {
		items, err := splitItems(raw[i], d.Items)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", d.Name, err)
		}
		out[i] = state.List{Name: d.Name, Mode: d.Mode, Items: items}
	}
	return out, nil
}

func readBlock(content storage.Content, k block, into []byte) ([]byte, error) {
	if cap(into) < k.Stored {
		into = make([]byte, max(k.Stored, blockSize))
	}
	into = into[:k.Stored]
	n, err := content.ReadAt(into, k.Offset)
	if n == len(into) {
		return into, nil
	}
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.EIO) {
		err = fmt.Errorf("%w: block at %d: %d bytes instead of %d: %w", ErrDamaged, k.Offset, n, k.Stored, err)
	}
	return nil, err
}

// openLayer reads the index of a layer file.
func openLayer(f fileRef, open func() (storage.Content, error)) ([]section, error) {
	content, err := open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = content.Close() }() // it was only read
	if f.Index < 0 || f.Index > f.Size || f.Size-f.Index > largestRaw {
		return nil, damaged("its index lies outside of it")
	}
	packed, err := readBlock(content, block{Offset: f.Index, Stored: int(f.Size - f.Index)}, nil)
	if err != nil {
		return nil, err
	}
	if crc32.Checksum(packed, castagnoli) != f.CRC {
		return nil, damaged("the checksum of its index is wrong")
	}
	return decodeIndex(packed, f.Index)
}

// memoryContent is a file that lies in _metadata.
type memoryContent struct{ *bytes.Reader }

func (memoryContent) Close() error { return nil }

// gone turns the absence of a file that must be there into damage.
func gone(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return damaged("its file %s is missing", name)
	}
	return err
}
