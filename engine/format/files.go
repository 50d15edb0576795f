package format

import (
	"io"

	"github.com/weir-streams/weir/engine/data"
)

// FilePosition is a place in a file: a byte or row that the format can go on
// from, and rows behind it that were given already.
type FilePosition struct{ Offset, Skip int64 }

// Random is a file that can be read anywhere.
type Random interface {
	io.ReaderAt
	Size() int64
}

// FileReader reads the rows of one file. It is used by one goroutine.
type FileReader interface {
	// Read appends at most most rows to the empty batch b; done: there are no more.
	Read(b *data.Batch, most int) (done bool, err error)
	// Position is behind the rows read.
	Position() FilePosition
}

// FileWriter writes rows into one file. It is used by one goroutine.
type FileWriter interface {
	// Write takes rows of b, whose columns are those of EncoderSpec.
	Write(b *data.Batch, rows []int32) error
	// Buffered is about how many bytes it keeps that the file does not have yet.
	Buffered() int64
	// Close writes what is missing at the end. The file itself is not closed.
	Close() error
}
