package operator

import (
	"encoding/binary"
	"fmt"
	"slices"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/packed"
	"github.com/weir-streams/weir/engine/state"
)

// RowStore keeps rows of an input packed off the heap, each behind a head of the
// operator's own, and takes their snapshots. In the canonical form a row is its
// key columns, its number, the other columns, and BIGINTs that the operator adds.
type RowStore struct {
	*state.Rows
	Layout *packed.Layout
	// Hash gives the hash of a row's key, Extra the numbers added to its columns.
	Hash  func(rec unsafe.Pointer) uint64
	Extra func(to []int64, rec unsafe.Pointer)

	name   string
	input  []data.Column
	keys   []int
	cols   []int // as they are written
	head   int
	extra  []string
	ctx    *Context
	to     *state.KeyedWriter
	named  bool // of the snapshot under way: those that went
	values []int64

	sizes packed.Scratch
	picks packed.Picks
	addrs []uint64
	recs  []unsafe.Pointer
}

// NewRowStore makes a store for rows with a key, of a state with a name; head is
// a multiple of 8.
func NewRowStore(name string, input []data.Column, keys []int, head int, extra ...string) *RowStore {
	types := make([]data.Type, len(input))
	for i, c := range input {
		types[i] = c.Type
	}
	return &RowStore{
		Layout: packed.New(types), name: name, input: input, keys: keys, cols: NewLayout(input, keys).Cols, head: head, extra: extra,
		values: make([]int64, len(extra)),
	}
}

// Open makes it ready.
func (s *RowStore) Open(c *Context) {
	s.ctx, s.Rows = c, state.NewRows(c.Memory)
	s.Name = func(dst []byte, rec unsafe.Pointer) ([]byte, uint64) { return s.identity(dst, rec), s.Hash(rec) }
}

// Close gives all memory back.
func (s *RowStore) Close() {
	if s.Rows != nil {
		s.Free()
	}
}

// Keep packs rows of a batch. What it returns is valid until the next call.
func (s *RowStore) Keep(cols []*data.Vector, rows []int32) ([]uint64, []unsafe.Pointer, error) {
	sizes, err := s.Layout.Sizes(&s.sizes, cols, rows)
	if err != nil {
		return nil, nil, err
	}
	if cap(s.addrs) < len(rows) {
		n := max(len(rows), data.BatchSize)
		s.addrs, s.recs = make([]uint64, n), make([]unsafe.Pointer, n)
	}
	addrs, recs := s.addrs[:len(rows)], s.recs[:len(rows)]
	if err := s.Add(s.head, sizes, addrs, recs); err != nil {
		return nil, nil, err
	}
	for i, rec := range recs {
		recs[i] = unsafe.Add(rec, s.head)
	}
	s.Layout.Write(&s.sizes, cols, rows, recs)
	for i, rec := range recs {
		recs[i] = unsafe.Add(rec, -s.head)
	}
	return addrs, recs, nil
}

// Row is the packed row of a record.
func (s *RowStore) Row(rec unsafe.Pointer) unsafe.Pointer { return unsafe.Add(rec, s.head) }

// Gather appends columns of rows to a batch, as vectors of the given types; all
// columns if none are named. A nil row gives NULLs.
func (s *RowStore) Gather(o *data.Batch, recs []unsafe.Pointer, columns []int, types []data.Type) error {
	if columns != nil && len(columns) == 0 {
		return nil
	}
	rows := s.picks.Room(len(recs))
	for i, rec := range recs {
		if rows[i] = nil; rec != nil {
			rows[i] = unsafe.Add(rec, s.head)
		}
	}
	s.picks.Pick(rows)
	for i, t := range types {
		k := i
		if columns != nil {
			k = columns[i]
		}
		v, err := s.Layout.Gather(&s.picks, k, t)
		if err != nil {
			return fmt.Errorf("state %s: %w", s.name, err)
		}
		o.Cols = append(o.Cols, v)
	}
	return nil
}

// schema is the canonical form; it once was without the number.
func (s *RowStore) schema(numbered bool) []data.Column {
	number := data.Of(data.BigInt).NotNull()
	var out []data.Column
	for i, k := range s.cols {
		if i == len(s.keys) && numbered {
			out = append(out, data.Column{Name: "id", Type: number})
		}
		out = append(out, s.input[k])
	}
	if len(s.cols) == len(s.keys) && numbered {
		out = append(out, data.Column{Name: "id", Type: number})
	}
	for _, name := range s.extra {
		out = append(out, data.Column{Name: name, Type: number})
	}
	return out
}

func (s *RowStore) identity(dst []byte, rec unsafe.Pointer) []byte {
	dst = s.Layout.Append(dst, s.Row(rec), s.cols[:len(s.keys)])
	return binary.AppendVarint(append(dst, 1), state.Number(rec))
}

// places says which column of a packed row each column of the canonical form is.
func (s *RowStore) places() []int {
	out := slices.Concat(s.cols[:len(s.keys)], []int{-1}, s.cols[len(s.keys):])
	for range s.extra {
		out = append(out, -1)
	}
	return out
}

// pack appends a row as it lies packed.
func (s *RowStore) pack(dst []byte, rec unsafe.Pointer) []byte {
	dst = binary.AppendVarint(dst, state.Number(rec))
	if len(s.values) > 0 {
		s.Extra(s.values, rec)
		for _, x := range s.values {
			dst = binary.AppendVarint(dst, x)
		}
	}
	return append(dst, s.Layout.Raw(s.Row(rec))...)
}

// Begin fixes the rows of this moment for a snapshot.
func (s *RowStore) Begin(w *state.Writer) {
	s.to = w.Keyed(s.name, len(s.keys), len(s.keys)+1, s.schema(true))
	s.named = s.to.Whole()
	packs := s.to.Pack(s.places())
	s.Rows.Begin(s.to.Whole(), func(rec unsafe.Pointer) error {
		group := data.KeyGroup(s.Hash(rec), s.ctx.MaxParallelism)
		if packs {
			s.to.Close(group, s.pack(s.to.Open(group), rec))
			return nil
		}
		row := s.identity(s.to.Open(group), rec)
		row = s.Layout.Append(row, s.Row(rec), s.cols[len(s.keys):])
		if len(s.values) > 0 {
			s.Extra(s.values, rec)
			for _, x := range s.values {
				row = binary.AppendVarint(append(row, 1), x)
			}
		}
		s.to.Close(group, row)
		return nil
	})
}

// rowsOfSlice is how many rows are written at a time.
const rowsOfSlice = 1024

// Continue writes some rows.
func (s *RowStore) Continue() (done bool, err error) {
	if !s.named {
		s.named, err = s.Deleted(4*rowsOfSlice, func(hash uint64, id []byte) error {
			s.to.Delete(data.KeyGroup(hash, s.ctx.MaxParallelism), id)
			return nil
		})
		return false, err
	}
	return s.Rows.Continue(rowsOfSlice)
}

// Restore reads the rows of former subtasks and keeps them: f is told of some at a
// time, as rows of the input with the hashes of their keys, with what was added.
func (s *RowStore) Restore(r *state.Reader, f func(b *data.Batch, addrs []uint64, recs []unsafe.Pointer, extra []*data.Vector) error) error {
	types := typesOf(s.schema(true))
	at := len(s.keys)
	b := data.MakeBatch(types, data.BatchSize)
	defer func() { b.Release() }()
	n, numbered := 0, true
	flush := func() error {
		if n == 0 {
			return nil
		}
		for _, c := range b.Cols {
			c.Resize(n)
		}
		in := &data.Batch{N: n, Cols: make([]*data.Vector, len(s.cols))}
		others := b.Cols[at+1:]
		for i, k := range s.cols {
			if i < at {
				in.Cols[k] = b.Cols[i]
			} else {
				in.Cols[k] = others[i-at]
			}
		}
		data.HashKeys(in, s.keys)
		addrs, recs, err := s.Keep(in.Cols, Rows(in, nil))
		if err != nil {
			return err
		}
		for i, rec := range recs {
			if numbered {
				s.SetNumber(rec, b.Cols[at].I64[i])
			}
		}
		if err := f(in, addrs, recs, others[len(s.cols)-at:]); err != nil {
			return err
		}
		b.Release()
		b, n = data.MakeBatch(types, data.BatchSize), 0
		return nil
	}
	err := r.EachRow(s.name, func(written []data.Column, _ int, row []byte) error {
		with := true
		if err := SameSchema(written, s.schema(true)); err != nil {
			if SameSchema(written, s.schema(false)) != nil {
				return err
			}
			with = false
		}
		if with != numbered {
			if err := flush(); err != nil {
				return err
			}
			numbered = with
		}
		into := b.Cols
		if !with {
			into = append(append(make([]*data.Vector, 0, len(b.Cols)), b.Cols[:at]...), b.Cols[at+1:]...)
		}
		if _, err := data.DecodeRow(row, into, n); err != nil {
			return err
		}
		if n++; n == data.BatchSize {
			return flush()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}
