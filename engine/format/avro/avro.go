// Package avro is the avro format: container files, and messages that are one
// record each, in the schema that Flink makes of a table.
//
// The rule: files are read by the schema in them, with Avro's rules of
// resolution, compiled once into a program that puts values straight into
// columns; nothing is built for a record.
package avro

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/option"
)

// Format is the entry of the avro format.
var Format = &format.Format{
	Name: "avro",
	Doc:  "Apache Avro: container files, and messages of one record in binary encoding, whose schema is made from the table as Flink does. Columns of files are the fields of that name; those a file does not have are NULL.",
	Options: []option.Option{
		{Key: "codec", Type: option.Enum, Enum: []string{"null", "deflate", "snappy", "zstandard"}, Default: "snappy", Doc: "Compression of the files written. Files of any of these and of bzip2 can be read."},
		{Key: "encoding", Type: option.Enum, Enum: []string{"binary"}, Default: "binary", Doc: "Encoding of messages. Flink's json is not supported."},
		{Key: "timestamp_mapping.legacy", Type: option.Bool, Default: "true", Doc: "TIMESTAMP is Avro's timestamp-millis, as in Flink before 1.19. false: TIMESTAMP is local-timestamp-millis or -micros, TIMESTAMP_LTZ timestamp-millis or -micros. Concerns what is written, and messages."},
		{Key: "ignore-parse-errors", Type: option.Bool, Default: "false", Doc: "Messages that do not decode are skipped and counted, instead of failing. An option of weir's own."},
	},
	Decoder:    func(s format.DecoderSpec) (format.Decoder, error) { return newDecoder(s) },
	Encoder:    func(s format.EncoderSpec) (format.Encoder, error) { return newEncoder(s) },
	OpenFile:   openFile,
	CreateFile: createFile,
}

func legacy(o option.Values) bool { return o.Bool("timestamp_mapping.legacy") }

// decoder reads messages.
type decoder struct {
	reader  reader
	ignore  bool
	skipped int64
	bad     func(*format.RecordError, []byte)
}

func newDecoder(s format.DecoderSpec) (*decoder, error) {
	text, err := described(s.Columns, legacy(s.Options))
	if err != nil {
		return nil, err
	}
	w, err := parseSchema(text)
	if err != nil {
		return nil, err
	}
	p, err := compile(w, s.Columns, s.Output, s.Types)
	if err != nil {
		return nil, err
	}
	return &decoder{reader: reader{program: p}, ignore: s.Options.Bool("ignore-parse-errors"), bad: s.Bad}, nil
}

func (d *decoder) Skipped() int64 {
	n := d.skipped
	d.skipped = 0
	return n
}

// Decode reads p as one message: records say nowhere how long they are.
func (d *decoder) Decode(p []byte, buf *data.Buffer, atEOF bool, b *data.Batch) (int, error) {
	if !atEOF || len(p) == 0 {
		return 0, nil
	}
	_, err := d.DecodeMessages(p, []int{len(p)}, buf, b, make([]int32, 1))
	return len(p), err
}

// DecodeMessages appends the records of messages.
func (d *decoder) DecodeMessages(p []byte, ends []int, buf *data.Buffer, b *data.Batch, rows []int32) (int, error) {
	r := &d.reader
	r.begin(b, data.BatchSize)
	r.buf, r.base = buf, buf.Offset(p)
	k, from := 0, 0
	var err error
	for ; k < len(ends) && b.N < data.BatchSize; k++ {
		r.p, r.i = p[:ends[k]], from
		switch err = r.row(b, b.N); {
		case err == nil && r.i != ends[k]:
			err = fmt.Errorf("%d bytes are left behind the record", ends[k]-r.i)
			fallthrough
		case err != nil:
			err = &format.RecordError{Line: 1, Column: r.i - from + 1, Text: format.Excerpt(p[from:ends[k]]), Err: err}
			if d.ignore {
				d.skipped++
				if d.bad != nil {
					d.bad(err.(*format.RecordError), p[from:ends[k]])
				}
				err = nil
			}
		default:
			b.N++
		}
		if err != nil {
			break
		}
		from, rows[k] = ends[k], int32(b.N)
	}
	for _, v := range b.Cols {
		v.Resize(b.N)
		if at := b.N & 63; v.Nulls != nil && at != 0 {
			v.Nulls[b.N>>6] &= 1<<at - 1 // what a broken record left
		}
	}
	r.p, r.buf = nil, nil
	return k, err
}

// encoder writes messages.
type encoder struct{ types []data.Type }

func newEncoder(s format.EncoderSpec) (*encoder, error) {
	_, err := described(s.Columns, legacy(s.Options))
	return &encoder{typesOf(s.Columns)}, err
}

func typesOf(columns []data.Column) []data.Type {
	types := make([]data.Type, len(columns))
	for i, c := range columns {
		types[i] = c.Type
	}
	return types
}

// Encode appends one record, and the byte that writers of messages leave out.
func (e *encoder) Encode(dst []byte, b *data.Batch, r int) ([]byte, error) {
	dst, err := appendRow(dst, e.types, b.Cols, r)
	return append(dst, '\n'), err
}

func (*encoder) Header() []byte { return nil }
func (*encoder) Footer() []byte { return nil }
