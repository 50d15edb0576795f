package csv

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
)

type decoder struct {
	dialect
	wDelim, wQuote, wEscape uint64

	columns  []data.Column
	outs     []out // ascending by column
	types    []data.Type
	comments bool
	ignore   bool
	header   int64 // header lines still to leave out
	bom      bool  // a byte order mark may come

	line    int64
	skipped int64
	bad     func(*format.RecordError, []byte)
	fields  []field
	wide    bool // the record at hand may have bytes beyond ASCII
	multi   bool // the record at hand may have line ends in fields
	scratch []byte

	stamps, instants format.Moments
}

// out is one output: column of the file, position in the batch, and for a
// field of a ROW the path to it.
type out struct {
	column, at int
	typ        data.Type // of the column
	path       []int
	kind       data.Kind
	nested     bool
	precision  int
}

func newDecoder(s format.DecoderSpec) (*decoder, error) {
	dia, err := newDialect(s.Options)
	if err != nil {
		return nil, err
	}
	d := &decoder{
		dialect: dia, wDelim: spread(dia.delim), wQuote: spread(dia.quote), wEscape: spread(dia.escape),
		columns: s.Columns, types: s.Types, comments: s.Options.Bool("allow-comments"), ignore: s.Options.Bool("ignore-parse-errors"),
		line: s.Line, bad: s.Bad, fields: make([]field, 0, len(s.Columns)+16),
		stamps: format.Moments{Layout: timestamp}, instants: format.Moments{Layout: instant},
	}
	if s.Offset == 0 {
		d.header, d.bom = s.Options.Int("skip-header-lines"), true
	}
	for _, c := range s.Columns {
		if err := supported(c.Name, c.Type); err != nil {
			return nil, err
		}
	}
	for col := range s.Columns {
		for at, path := range s.Output {
			if path[0] == col {
				t := s.Columns[col].Type
				d.outs = append(d.outs, out{column: col, at: at, typ: t, path: path[1:], kind: t.Kind, nested: t.Phys() >= data.PhysList, precision: t.Precision})
			}
		}
	}
	return d, nil
}

func (d *decoder) Lines() int64 { return d.line }

func (d *decoder) Skipped() int64 {
	n := d.skipped
	d.skipped = 0
	return n
}

// Decode appends the records of p to b.
func (d *decoder) Decode(p []byte, buf *data.Buffer, atEOF bool, b *data.Batch) (int, error) {
	base := buf.Offset(p)
	for _, v := range b.Cols {
		v.Resize(data.BatchSize)
	}
	i, err := d.decode(p, buf, base, atEOF, b)
	for _, v := range b.Cols {
		v.Resize(b.N)
	}
	return i, err
}

func (d *decoder) decode(p []byte, buf *data.Buffer, base int, atEOF bool, b *data.Batch) (int, error) {
	i := 0
	if d.bom && len(p) > 0 {
		mark := []byte("\xef\xbb\xbf")
		if !atEOF && len(p) < 3 && bytes.HasPrefix(mark, p) {
			return 0, nil
		}
		if bytes.HasPrefix(p, mark) {
			i = 3
		}
		d.bom = false
	}
	for b.N < data.BatchSize && i < len(p) {
		if d.header > 0 || d.comments && p[i] == '#' {
			n := lineEnd(p[i:], atEOF)
			if n < 0 {
				return i, nil
			}
			d.header = max(d.header-1, 0)
			d.line++
			i += n
			continue
		}
		rec := p[i:]
		n, err := d.split(rec, atEOF)
		if err == errCut {
			return i, nil
		}
		if err != nil {
			if n, err = d.broken(rec, atEOF, err); err != nil || n < 0 {
				return i, err
			}
			i += n
			continue
		}
		if err := d.row(rec, n, buf, base+i, b); err != nil {
			if !d.ignore {
				return i, err
			}
			d.leaveOut(err, rec[:n])
		} else {
			b.N++
		}
		d.line += d.lines(rec[:n])
		i += n
	}
	return i, nil
}

// broken deals with a record that cannot be split: it is skipped if that is
// allowed. n < 0: its end is not in rec.
func (d *decoder) broken(rec []byte, atEOF bool, err error) (n int, _ error) {
	var bad *badSplit
	if !errors.As(err, &bad) {
		return 0, err
	}
	if !d.ignore {
		return 0, d.fail(rec, bad.at, bad.err)
	}
	if n = resync(rec, bad); n < 0 {
		if !atEOF {
			return -1, nil
		}
		n = len(rec)
	}
	d.leaveOut(d.fail(rec, bad.at, bad.err), rec[:n])
	d.line += lines(rec[:n])
	return n, nil
}

// leaveOut counts a record as skipped.
func (d *decoder) leaveOut(err error, rec []byte) {
	d.skipped++
	var at *format.RecordError
	if d.bad != nil && errors.As(err, &at) {
		d.bad(at, rec)
	}
}

// lines counts the lines of the record just split.
func (d *decoder) lines(rec []byte) int64 {
	if !d.multi {
		return 1
	}
	return lines(rec)
}

func lines(rec []byte) int64 {
	n := int64(bytes.Count(rec, []byte{'\n'}))
	if len(rec) > 0 && rec[len(rec)-1] != '\n' {
		n++
	}
	return n
}

// lineEnd finds where the next line begins; -1: not in p.
func lineEnd(p []byte, atEOF bool) int {
	for i, c := range p {
		switch {
		case c == '\n':
			return i + 1
		case c == '\r' && i+1 < len(p):
			if p[i+1] == '\n' {
				return i + 2
			}
			return i + 1
		}
	}
	if atEOF {
		return len(p)
	}
	return -1
}

func (d *decoder) fail(rec []byte, at int, err error) error {
	return &format.RecordError{Line: d.line + 1, Column: at + 1, Text: format.Excerpt(rec[:max(lineEnd(rec, true), min(at+1, len(rec)))]), Err: err}
}

// row converts the fields of a record of n bytes into row b.N. base is where
// rec lies in buf.
func (d *decoder) row(rec []byte, n int, buf *data.Buffer, base int, b *data.Batch) error {
	have := len(d.fields)
	if have != len(d.columns) {
		if have == len(d.columns)+1 {
			if last := d.fields[have-1]; last.from == last.to && !last.quoted {
				have-- // a delimiter at the end of the line
			}
		}
		switch {
		case have > len(d.columns):
			f := d.fields[len(d.columns)]
			t := d.text(rec, &f)
			return d.fail(rec[:n], int(f.from), fmt.Errorf("too many entries: expected at most %d (value #%d (%d chars) %q)", len(d.columns), len(d.columns), len(t), format.Excerpt(t)))
		case have < len(d.columns) && !d.ignore:
			return d.fail(rec[:n], 0, fmt.Errorf("row length mismatch: %d fields expected but was %d", len(d.columns), have))
		}
	}
	for k := range d.outs {
		o := &d.outs[k]
		v := b.Cols[o.at]
		if o.column >= have {
			data.SetNullRow(v, b.N)
			continue
		}
		f := &d.fields[o.column]
		if err := d.set(v, b.N, rec, f, o, buf, base); err != nil {
			if d.ignore {
				data.SetNullRow(v, b.N)
				continue
			}
			return d.fail(rec[:n], int(f.from), fmt.Errorf("column %q (%s): %w", d.columns[o.column].Name, o.typ, err))
		}
	}
	return nil
}
