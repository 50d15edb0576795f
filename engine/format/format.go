// Package format is the contract of encodings: bytes to columns and back.
package format

import (
	"io"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/option"
)

// Format is one entry of the table in engine/builtin.go.
type Format struct {
	Name    string // value of 'format'
	Doc     string
	Options []option.Option // keys without the "name." prefix
	// CheckRead and CheckWrite look at a table that is read or written before anything
	// runs: at options together, and at its physical columns; nil: nothing to say.
	CheckRead, CheckWrite func(columns []data.Column, o option.Values) error
	// Decoder reads records of a table's physical columns; nil: cannot be read.
	Decoder func(s DecoderSpec) (Decoder, error)
	// Encoder writes rows; nil: cannot be written.
	Encoder func(s EncoderSpec) (Encoder, error)
	// OpenFile and CreateFile read and write files of formats whose files are more
	// than records one behind the other. Where they are set, files are read and
	// written with them alone; Decoder and Encoder then are for messages.
	OpenFile   func(s DecoderSpec, f Random, at FilePosition) (FileReader, error)
	CreateFile func(s EncoderSpec, w io.Writer) (FileWriter, error)
	// Lines tells whether a record ends with each line feed, and nowhere else, and
	// means the same without those before it, so that a file can be read from its
	// middle; nil: never.
	Lines func(o option.Values) bool
	// Changelog: rows read are changes of all kinds, and all kinds can be written.
	Changelog bool
}

// DecoderSpec says what to decode.
type DecoderSpec struct {
	Columns []data.Column // physical columns of the table, all of them, in order
	// Output are the paths wanted, in order: a column, then fields within it.
	Output  [][]int
	Types   []data.Type // of Output
	Options option.Values
	Zone    string // session time zone
	// Offset and Line are the bytes and lines of the input that come before the
	// first byte given: of a file that is read on, or 0. An input begins with a
	// byte order mark or header lines only if Offset is 0.
	Offset, Line int64
	// Subject is that of EncoderSpec, for errors; it may be empty.
	Subject string
	// Bad hears of each record that is skipped because it does not decode; the
	// record is valid during the call. It may be nil.
	Bad func(e *RecordError, record []byte)
}

// Decoder turns bytes into rows. It is used by one goroutine.
type Decoder interface {
	// Decode reads whole records from the front of p and appends rows to b until
	// p has no whole record left or b has data.BatchSize rows, or one less where
	// records can be two rows; a record of many rows is given whole and can make it
	// more. atEOF says that no bytes follow p. It returns how many bytes of p it is done with. buf is the
	// buffer that p lies in: views may point into it (retain it by AddBuffer).
	// A record that does not decode follows the format's policy: an error that
	// names line and column, or it is skipped and counted.
	Decode(p []byte, buf *data.Buffer, atEOF bool, b *data.Batch) (consumed int, err error)
	// Skipped returns the records skipped since the last call.
	Skipped() int64
}

// LineCounter is implemented by decoders of text.
type LineCounter interface {
	// Lines is the number of lines done with, those of DecoderSpec.Line included.
	Lines() int64
}

// EncoderSpec says what to encode.
type EncoderSpec struct {
	Columns []data.Column
	Options option.Values
	Zone    string
	// Subject is what a registry of schemas calls messages of this place, if their
	// options do not say: topic-key or topic-value; empty: they must.
	Subject string
}

// Encoder turns rows into bytes; each record ends with a line end, one byte
// that writers of messages leave out.
type Encoder interface {
	// Encode appends row r of b to dst.
	Encode(dst []byte, b *data.Batch, r int) ([]byte, error)
	// Header and Footer surround a file; usually nil.
	Header() []byte
	Footer() []byte
}
