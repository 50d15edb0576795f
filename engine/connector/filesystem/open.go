package filesystem

import (
	"compress/bzip2"
	"compress/zlib"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// input is a file being read, decompressed by what its name ends in.
type input struct {
	io.Reader
	file    *os.File
	release func()
}

// openAt opens a file for reading from a position: of the file, or of what is
// in it if it is compressed.
func openAt(path string, offset int64) (*input, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	in := &input{Reader: f, file: f}
	if err := in.decompress(path); err != nil {
		in.Close()
		return nil, fmt.Errorf("file %s: %w", path, err)
	}
	if offset == 0 {
		return in, nil
	}
	if in.Reader == f {
		var size int64
		if size, err = f.Seek(0, io.SeekEnd); err == nil {
			_, err = f.Seek(offset, io.SeekStart)
		}
		if err == nil && size < offset {
			err = io.EOF
		}
	} else {
		_, err = io.CopyN(io.Discard, in.Reader, offset)
	}
	if err == io.EOF {
		err = fmt.Errorf("it was read up to byte %d and is shorter now; files must not change once they are seen", offset)
	}
	if err != nil {
		in.Close()
		return nil, fmt.Errorf("file %s: continue reading: %w", path, err)
	}
	return in, nil
}

func (in *input) decompress(path string) error {
	var err error
	switch strings.ToLower(filepath.Ext(path)) {
	case ".gz", ".gzip":
		in.Reader, err = gzip.NewReader(in.file)
	case ".zst":
		var d *zstd.Decoder
		if d, err = zstd.NewReader(in.file, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30)); err == nil {
			in.Reader, in.release = d, d.Close
		}
	case ".bz2":
		in.Reader = bzip2.NewReader(in.file)
	case ".deflate":
		in.Reader, err = zlib.NewReader(in.file)
	}
	if err == io.EOF {
		in.Reader, err = strings.NewReader(""), nil // an empty file of any kind
	}
	if err != nil {
		return fmt.Errorf("decompress: %w", err)
	}
	return nil
}

func (in *input) Close() error {
	if in.release != nil {
		in.release()
	}
	return in.file.Close()
}
