package state

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/packed"
)

// Pack asks for rows to be put as they lie packed in memory, which is many times
// quicker than to encode them: columns says for each column of the schema which
// one of the packed row it is, negative for a number. If it is true each row that
// is put is to be its numbers, in order, as varints, and the packed row. What is
// deleted or cleared is named in the row codec all the same, and readers see
// nothing else. Savepoints do not have packed rows.
func (k *KeyedWriter) Pack(columns []int) bool {
	if !k.w.Packs {
		return false
	}
	k.w.Snapshot.Keyed[k.i].Packed = columns
	return true
}

// Runs asks for rows to be put several at a time that begin alike: the length of
// what they have in common as a uvarint, that, and the rest of each with its length
// before it. Readers see rows. If it is false they are to be put one by one.
func (k *KeyedWriter) Runs() bool {
	if !k.w.Packs || k.w.sink == nil {
		return false
	}
	k.w.Snapshot.Keyed[k.i].Runs = true
	return true
}

// CloseRun is Close for n rows that begin alike.
func (k *KeyedWriter) CloseRun(group int, run []byte, n int) {
	k.w.Snapshot.Keyed[k.i].Rows += int64(n) - 1
	k.Close(group, run)
}

// Unpacker turns packed rows, and such that begin alike, into rows in the row codec.
type Unpacker struct {
	runs    bool
	layout  *packed.Layout
	columns []int
	numbers []int64
	row     []byte
	out     []byte
}

// NewUnpacker makes one for the rows of a state; nil: they are rows already.
func NewUnpacker(d *Declared) (*Unpacker, error) {
	if d.Runs {
		if d.Packed != nil {
			return nil, fmt.Errorf("state %s: its rows are both packed and in runs", d.Name)
		}
		return &Unpacker{runs: true}, nil
	}
	if d.Packed == nil {
		return nil, nil
	}
	if len(d.Packed) != len(d.Schema) {
		return nil, fmt.Errorf("state %s: %d columns are packed, there are %d", d.Name, len(d.Packed), len(d.Schema))
	}
	u := &Unpacker{columns: d.Packed}
	var types []data.Type
	var known []bool
	for i, c := range d.Packed {
		if c < 0 {
			u.numbers = append(u.numbers, 0)
			continue
		}
		if c >= len(d.Schema) {
			return nil, fmt.Errorf("state %s: no column %d is packed", d.Name, c)
		}
		for c >= len(types) {
			types, known = append(types, data.Type{}), append(known, false)
		}
		types[c], known[c] = d.Schema[i].Type, true
	}
	for c, ok := range known {
		if !ok {
			return nil, fmt.Errorf("state %s: the type of packed column %d is not known", d.Name, c)
		}
	}
	u.layout = packed.New(types)
	u.layout.Written()
	return u, nil
}

// Rows turns rows, as EachOf takes them, into such in the row codec, valid until
// the next call.
func (u *Unpacker) Rows(rows []byte) ([]byte, error) {
	u.out = u.out[:0]
	if u.runs {
		err := EachOf(rows, u.run)
		return u.out, err
	}
	err := EachOf(rows, func(row []byte) error {
		if err := u.unpack(row); err != nil {
			return err
		}
		u.out = append(appendUvarint(u.out, uint64(len(u.row))), u.row...)
		return nil
	})
	return u.out, err
}

// run makes the rows of those that begin alike.
func (u *Unpacker) run(run []byte) error {
	n, w := uvarint(run)
	if w <= 0 || uint64(len(run)-w) < n {
		return fmt.Errorf("truncated rows")
	}
	head := run[w : w+int(n)]
	return EachOf(run[w+int(n):], func(rest []byte) error {
		u.out = appendUvarint(u.out, uint64(len(head)+len(rest)))
		u.out = append(append(u.out, head...), rest...)
		return nil
	})
}

func (u *Unpacker) unpack(row []byte) error {
	for i := range u.numbers {
		x, n := binary.Varint(row)
		if n <= 0 {
			return fmt.Errorf("truncated packed row")
		}
		u.numbers[i], row = x, row[n:]
	}
	if !u.layout.Fits(row) {
		return fmt.Errorf("packed row of %d bytes does not have its columns", len(row))
	}
	u.append(unsafe.Pointer(unsafe.SliceData(row)))
	return nil
}

// append makes the row of a packed one and of the numbers.
func (u *Unpacker) append(rec unsafe.Pointer) {
	at := 0
	u.row = u.row[:0]
	for _, c := range u.columns {
		if c < 0 {
			u.row = binary.AppendVarint(append(u.row, 1), u.numbers[at])
			at++
			continue
		}
		u.row = u.layout.AppendValue(u.row, rec, c)
	}
}
