package filesystem

import (
	"fmt"
	"io"
	"os"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
)

// rowsFile is a file that its format reads by itself.
type rowsFile struct {
	path      string
	file      *os.File
	reader    format.FileReader
	outs      *outputs
	constants []data.Value
}

type randomFile struct {
	*os.File
	size int64
}

func (f randomFile) Size() int64 { return f.size }

func openRows(path string, f *format.Format, s format.DecoderSpec, outs *outputs, constants []data.Value, at position) (opened, error) {
	if compressed(path) {
		return nil, fmt.Errorf("file %s: files of format %s are not read through another compression", path, f.Name)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	info, err := file.Stat()
	if err == nil && info.Size() < at.offset && f.Decoder != nil {
		err = fmt.Errorf("it was read up to byte %d and is shorter now; files must not change once they are seen", at.offset)
	}
	r := &rowsFile{path: path, file: file, outs: outs, constants: constants}
	if err == nil {
		r.reader, err = f.OpenFile(s, randomFile{file, info.Size()}, format.FilePosition{Offset: at.offset, Skip: at.skip})
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("file %s: %w", path, err)
	}
	return r, nil
}

func (r *rowsFile) read(b *data.Batch, most int) (bool, error) {
	inner := &data.Batch{Cols: make([]*data.Vector, len(r.outs.at))}
	for i, at := range r.outs.at {
		inner.Cols[i] = b.Cols[at]
	}
	done, err := r.reader.Read(inner, min(most, data.BatchSize))
	if err != nil {
		return false, err
	}
	b.N, b.Ops = inner.N, inner.Ops
	for k, f := range r.outs.fixed {
		v := b.Cols[f.at]
		v.Resize(b.N)
		repeat(v, r.constants[k])
	}
	return done, nil
}

func (r *rowsFile) position() position {
	p := r.reader.Position()
	return position{offset: p.Offset, skip: p.Skip}
}

func (r *rowsFile) skipped() int64 { return 0 }

func (r *rowsFile) explain(err error) error { return fmt.Errorf("file %s: %w", r.path, err) }

func (r *rowsFile) close() error {
	if c, ok := r.reader.(io.Closer); ok {
		_ = c.Close()
	}
	return r.file.Close()
}
