package filesystem

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
)

const (
	chunk     = 64 << 10  // what is read at once
	maxRecord = 256 << 20 // bytes of one record
)

// reader reads one file.
type reader struct {
	path      string
	in        *input
	decoder   format.Decoder
	outs      *outputs
	constants []data.Value

	buf      *data.Buffer // its bytes [from, to) are read and not decoded yet
	from, to int
	eof      bool
	part     span  // of the file, if it is not read whole
	end      int64 // where the part's records end, 0: with the file

	base position // of byte from
	pos  position // behind the rows given

	// With a rate limit rows are decoded by the batch and given by the handful, and
	// a record of many rows is given by the batch: staged has them, the first given
	// of them have been.
	staged *data.Batch
	given  int
}

// read appends at most most rows to the empty batch b; done: there are no more.
func (r *reader) read(b *data.Batch, most int) (done bool, err error) {
	if most >= data.BatchSize && r.staged == nil && r.pos.skip == 0 {
		if err := r.decode(b); err != nil {
			return false, err
		}
		if b.N <= data.BatchSize {
			r.pos = r.base
			return r.eof && r.from == r.to, nil
		}
		r.staged, r.given = like(b), 0
		*r.staged, *b = *b, *r.staged
	}
	if r.staged == nil {
		r.staged = like(b)
		if err := r.decode(r.staged); err != nil {
			return false, err
		}
		r.given = int(r.pos.skip)
		if r.given > r.staged.N {
			return false, fmt.Errorf("it has changed since it was read: %d rows expected after byte %d, got %d", r.given, r.pos.offset, r.staged.N)
		}
	}
	n := min(most, r.staged.N-r.given)
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(r.given + i)
	}
	part := data.Compact(r.staged.Share(rows))
	b.Cols, part.Cols = part.Cols, b.Cols
	b.N, b.Ops = n, part.Ops
	part.Release()
	r.given += n
	if r.given < r.staged.N {
		r.pos.skip = int64(r.given)
		return false, nil
	}
	r.staged.Release()
	r.staged = nil
	r.pos = r.base
	return r.eof && r.from == r.to, nil
}

// like makes an empty batch of the columns of b.
func like(b *data.Batch) *data.Batch {
	c := data.NewBatch(len(b.Cols))
	for _, v := range b.Cols {
		c.Cols = append(c.Cols, data.NewVector(v.Type, 0))
	}
	return c
}

// decode fills b with up to a batch of records and moves base behind them.
func (r *reader) decode(b *data.Batch) error {
	inner := &data.Batch{Cols: make([]*data.Vector, len(r.outs.at))}
	for i, at := range r.outs.at {
		inner.Cols[i] = b.Cols[at]
	}
	for inner.N < data.BatchSize-1 {
		n, err := 0, error(nil)
		if r.buf != nil && (r.from < r.to || r.eof) {
			n, err = r.decoder.Decode(r.buf.B[r.from:r.to], r.buf, r.eof, inner)
			if err != nil {
				return err
			}
			if n == 0 && r.eof && r.from < r.to {
				return fmt.Errorf("the format leaves %d bytes at the end", r.to-r.from)
			}
			r.from += n
			r.base.offset += int64(n)
		}
		if inner.N >= data.BatchSize-1 || r.eof && r.from == r.to {
			break
		}
		if r.eof {
			continue
		}
		if err := r.fill(); err != nil {
			return err
		}
	}
	if c, ok := r.decoder.(format.LineCounter); ok {
		r.base.line = c.Lines()
	}
	r.base.skip = 0
	b.N, b.Ops = inner.N, inner.Ops
	for k, f := range r.outs.fixed {
		v := b.Cols[f.at]
		v.Resize(b.N)
		repeat(v, r.constants[k])
	}
	return nil
}

// fill reads more bytes behind those there are. Bytes that views may point to
// stay where they are: what is left moves to a new buffer.
func (r *reader) fill() error {
	if r.eof {
		return nil
	}
	if r.buf == nil || r.to == len(r.buf.B) {
		left := r.to - r.from
		if left > maxRecord {
			return fmt.Errorf("a record is longer than %d MB; is a closing quote missing?", maxRecord>>20)
		}
		size := chunk
		for size < 2*left {
			size *= 2
		}
		b := data.NewBuffer(size)
		b.B = b.B[:cap(b.B)]
		if r.buf != nil {
			copy(b.B, r.buf.B[r.from:r.to])
			r.buf.Release()
		}
		r.buf, r.from, r.to = b, 0, left
	}
	for nothing := 0; r.to < len(r.buf.B); {
		room := r.buf.B[r.to:]
		if r.end != 0 {
			left := r.end - r.base.offset - int64(r.to-r.from)
			if left <= 0 {
				r.eof = true
				return nil
			}
			room = room[:min(int64(len(room)), left)]
		}
		n, err := r.in.Read(room)
		r.to += n
		if err == io.EOF {
			r.eof = true
			return nil
		}
		if err != nil { // io.ErrUnexpectedEOF too: a compressed file that is cut off
			return fmt.Errorf("read on from byte %d: %w", r.base.offset, err)
		}
		if nothing++; n > 0 {
			nothing = 0
		} else if nothing > 100 {
			return io.ErrNoProgress
		}
	}
	return nil
}

// locate makes the line in an error that of the file: a part begins to count at
// its own begin.
func (r *reader) locate(err error) error {
	var bad *format.RecordError
	if r.part.from > 0 && errors.As(err, &bad) {
		if f, e := os.Open(r.path); e == nil {
			if at, e := begin(f, r.part.from); e == nil {
				bad.Line += linesBefore(r.path, at)
			}
			f.Close()
		}
	}
	return err
}

func (r *reader) position() position { return r.pos }

func (r *reader) skipped() int64 { return r.decoder.Skipped() }

func (r *reader) explain(err error) error {
	return fmt.Errorf("file %s: %w", r.path, r.locate(err))
}

// repeat gives every row of v the same value.
func repeat(v *data.Vector, x data.Value) {
	if v.N == 0 {
		return
	}
	for i := range v.N {
		v.SetValueAt(i, x)
	}
}

func (r *reader) close() error {
	if r.buf != nil {
		r.buf.Release()
		r.buf = nil
	}
	if r.staged != nil {
		r.staged.Release()
		r.staged = nil
	}
	return r.in.Close()
}
