package avro

import (
	"bytes"
	"compress/bzip2"
	"compress/flate"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
)

// An object container file: "Obj", 1, a map of metadata with the schema, a
// mark of 16 bytes, and blocks, each of a count, a size, records and the mark.

const (
	magic     = "Obj\x01"
	blockSize = 64000     // of what is written, before compression
	maxHeader = 16 << 20  // bytes
	maxBlock  = 512 << 20 // bytes
)

type fileReader struct {
	in     format.Random
	codec  string
	mark   [16]byte
	reader reader
	zstd   *zstd.Decoder

	next  int64 // where the block behind the one at hand begins
	at    int64 // where the one at hand does
	given int64 // rows of it
	left  int64
	first int64 // rows of the first block that were given before
}

func openFile(s format.DecoderSpec, f format.Random, at format.FilePosition) (format.FileReader, error) {
	head, err := readHead(f)
	if err != nil {
		return nil, err
	}
	w, err := parseSchema(head.schema)
	if err != nil {
		return nil, err
	}
	p, err := compile(w, s.Columns, s.Output, s.Types)
	if err != nil {
		return nil, fmt.Errorf("the file's schema: %w", err)
	}
	r := &fileReader{in: f, codec: head.codec, mark: head.mark, next: head.size, at: head.size, reader: reader{program: p}}
	if at.Offset > 0 {
		r.next, r.at, r.first = at.Offset, at.Offset, at.Skip
	}
	return r, nil
}

type head struct {
	schema []byte
	codec  string
	mark   [16]byte
	size   int64
}

// readHead reads the front of a file.
func readHead(f format.Random) (h head, err error) {
	for size := int64(4 << 10); ; size *= 4 {
		p := make([]byte, min(size, f.Size()))
		if _, err := f.ReadAt(p, 0); err != nil && err != io.EOF {
			return h, err
		}
		if !bytes.HasPrefix(p, []byte(magic)) {
			return h, errors.New("it is no Avro file: Obj and 1 must be its first bytes")
		}
		h, err = parseHead(p)
		if err == nil || size >= f.Size() || size >= maxHeader {
			return h, err
		}
	}
}

func parseHead(p []byte) (h head, err error) {
	d := reader{p: p, i: len(magic)}
	for {
		n, err := d.blocks()
		if err != nil {
			return h, fmt.Errorf("header: %w", err)
		}
		if n == 0 {
			break
		}
		for range n {
			var kv [2][]byte
			for k := range kv {
				n, err := d.length()
				if err != nil {
					return h, fmt.Errorf("header: %w", err)
				}
				kv[k] = d.p[d.i : d.i+n]
				d.i += n
			}
			switch string(kv[0]) {
			case "avro.schema":
				h.schema = kv[1]
			case "avro.codec":
				h.codec = string(kv[1])
			}
		}
	}
	if len(p)-d.i < len(h.mark) {
		return h, errors.New("header: it is cut off")
	}
	copy(h.mark[:], p[d.i:])
	h.size = int64(d.i + len(h.mark))
	if h.schema == nil {
		return h, errors.New("header: it has no avro.schema")
	}
	return h, nil
}

func (r *fileReader) Position() format.FilePosition {
	if r.left == 0 {
		return format.FilePosition{Offset: r.next, Skip: r.first}
	}
	return format.FilePosition{Offset: r.at, Skip: r.given}
}

func (r *fileReader) Read(b *data.Batch, most int) (bool, error) {
	r.reader.begin(b, most)
	n := 0
	for n < most {
		if r.left == 0 {
			more, err := r.block()
			if err != nil {
				return false, fmt.Errorf("block at byte %d: %w", r.at, err)
			}
			if !more {
				break
			}
			for r.left > 0 && r.first > 0 {
				if err := r.record(b, 0); err != nil {
					return false, err
				}
				r.first--
			}
			continue
		}
		if err := r.record(b, n); err != nil {
			return false, err
		}
		n++
	}
	b.N = n
	for _, v := range b.Cols {
		v.Resize(n)
		if at := n & 63; v.Nulls != nil && at != 0 {
			v.Nulls[n>>6] &= 1<<at - 1
		}
	}
	return r.left == 0 && r.next >= r.in.Size(), nil
}

func (r *fileReader) record(b *data.Batch, row int) error {
	if err := r.reader.row(b, row); err != nil {
		return fmt.Errorf("record %d of the block at byte %d: %w", r.given+1, r.at, err)
	}
	r.given++
	r.left--
	if r.left == 0 && r.reader.i != len(r.reader.p) {
		return fmt.Errorf("block at byte %d: %d bytes are left behind its last record", r.at, len(r.reader.p)-r.reader.i)
	}
	return nil
}

// block reads the next one; false: there is none.
func (r *fileReader) block() (bool, error) {
	size := r.in.Size()
	if r.next >= size {
		return false, nil
	}
	r.at, r.given = r.next, 0
	var front [20]byte
	n, err := r.in.ReadAt(front[:], r.at)
	if err != nil && err != io.EOF {
		return false, err
	}
	d := reader{p: front[:n]}
	count, err := d.varint()
	if err != nil {
		return false, err
	}
	length, err := d.varint()
	if err != nil {
		return false, err
	}
	if count < 0 || length < 0 || length > maxBlock || length > size-r.at-int64(d.i+len(r.mark)) {
		return false, fmt.Errorf("it says %d records in %d bytes, and the file has %d", count, length, size)
	}
	buf := data.NewBuffer(int(length) + len(r.mark))
	buf.B = buf.B[:int(length)+len(r.mark)]
	if _, err := r.in.ReadAt(buf.B, r.at+int64(d.i)); err != nil {
		return false, err
	}
	if !bytes.Equal(buf.B[length:], r.mark[:]) {
		return false, errors.New("the mark behind it is not the file's")
	}
	r.next = r.at + int64(d.i) + length + int64(len(r.mark))
	if buf, err = r.expand(buf, int(length)); err != nil {
		return false, fmt.Errorf("decompress (%s): %w", r.codec, err)
	}
	if r.reader.buf != nil {
		r.reader.buf.Release()
	}
	r.reader.p, r.reader.i, r.reader.buf, r.reader.base, r.left = buf.B, 0, buf, 0, count
	if count > int64(len(buf.B))+1<<20 {
		return false, fmt.Errorf("it says %d records in %d bytes", count, len(buf.B))
	}
	return true, nil
}

// expand takes the buffer over and gives the one of its first n bytes expanded.
func (r *fileReader) expand(buf *data.Buffer, n int) (*data.Buffer, error) {
	p := buf.B[:n]
	if r.codec == "" || r.codec == "null" {
		buf.B = p
		return buf, nil
	}
	defer buf.Release()
	switch r.codec {
	case "snappy":
		if n < 4 {
			return nil, io.ErrUnexpectedEOF
		}
		size, err := s2.DecodedLen(p[:n-4])
		if err != nil || size > maxBlock {
			return nil, errors.Join(err, errors.New("its size is not right"))
		}
		out := data.NewBuffer(size)
		if out.B, err = s2.Decode(out.B[:size], p[:n-4]); err != nil {
			return nil, err
		}
		if crc32.ChecksumIEEE(out.B) != binary.BigEndian.Uint32(p[n-4:]) {
			return nil, errors.New("its checksum is not right")
		}
		return out, nil
	case "zstandard":
		if r.zstd == nil {
			var err error
			if r.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBlock)); err != nil {
				return nil, err
			}
		}
		out, err := r.zstd.DecodeAll(p, nil)
		return data.WrapBuffer(out), err
	case "deflate":
		return readAll(flate.NewReader(bytes.NewReader(p)))
	case "bzip2":
		return readAll(bzip2.NewReader(bytes.NewReader(p)))
	}
	return nil, errors.New("this codec is not supported; there are null, deflate, snappy, bzip2 and zstandard")
}

func readAll(in io.Reader) (*data.Buffer, error) {
	out, err := io.ReadAll(io.LimitReader(in, maxBlock))
	return data.WrapBuffer(out), err
}

type fileWriter struct {
	out   io.Writer
	codec string
	mark  [16]byte
	block []byte
	count int64
	types []data.Type
	zstd  *zstd.Encoder
	flate *flate.Writer
	pack  bytes.Buffer
}

func createFile(s format.EncoderSpec, w io.Writer) (format.FileWriter, error) {
	schema, err := described(s.Columns, legacy(s.Options))
	if err != nil {
		return nil, err
	}
	f := &fileWriter{out: w, codec: s.Options.String("codec"), types: typesOf(s.Columns)}
	switch f.codec {
	case "", "null", "snappy":
	case "deflate":
		f.flate, err = flate.NewWriter(&f.pack, flate.DefaultCompression)
	case "zstandard":
		f.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	default:
		err = fmt.Errorf("option 'avro.codec': %q cannot be written; there are null, deflate, snappy and zstandard", f.codec)
	}
	if err != nil {
		return nil, err
	}
	if _, err := rand.Read(f.mark[:]); err != nil {
		return nil, fmt.Errorf("make a mark: %w", err)
	}
	head := []byte(magic)
	head = appendLong(head, 2)
	codec := f.codec
	if codec == "" {
		codec = "null"
	}
	for _, text := range []string{"avro.schema", string(schema), "avro.codec", codec} {
		head = append(appendLong(head, int64(len(text))), text...)
	}
	head = append(append(head, 0), f.mark[:]...)
	_, err = w.Write(head)
	return f, err
}

func (f *fileWriter) Write(b *data.Batch, rows []int32) error {
	var err error
	for _, r := range rows {
		if f.block, err = appendRow(f.block, f.types, b.Cols, int(r)); err != nil {
			return err
		}
		if f.count++; len(f.block) >= blockSize {
			if err := f.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *fileWriter) Buffered() int64 { return int64(len(f.block)) }

func (f *fileWriter) flush() error {
	if f.count == 0 {
		return nil
	}
	packed := f.block
	switch f.codec {
	case "snappy":
		packed = s2.EncodeSnappy(nil, f.block)
		packed = binary.BigEndian.AppendUint32(packed, crc32.ChecksumIEEE(f.block))
	case "zstandard":
		packed = f.zstd.EncodeAll(f.block, nil)
	case "deflate":
		f.pack.Reset()
		f.flate.Reset(&f.pack)
		if _, err := f.flate.Write(f.block); err != nil {
			return err
		}
		if err := f.flate.Close(); err != nil {
			return err
		}
		packed = f.pack.Bytes()
	}
	front := appendLong(appendLong(nil, f.count), int64(len(packed)))
	for _, p := range [][]byte{front, packed, f.mark[:]} {
		if _, err := f.out.Write(p); err != nil {
			return err
		}
	}
	f.block, f.count = f.block[:0], 0
	return nil
}

func (f *fileWriter) Close() error { return f.flush() }
