package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/weir-streams/weir/engine/state"
)

// Manifest is a completed checkpoint or savepoint in a folder.
type Manifest struct {
	m      manifest
	dir    string
	inline []byte // the data, if it lies in _metadata
}

// ErrMissing is the cause when there is no checkpoint at a path.
var ErrMissing = errors.New("there is no checkpoint or savepoint")

// Open reads a checkpoint's manifest and checks that its files are whole. path
// is its folder or its _metadata, as a path or a file: URI. The content of the
// state itself is checked when it is read, or by Verify.
func Open(path string) (*Manifest, error) {
	dir, err := LocalPath(path)
	if err != nil {
		return nil, err
	}
	if filepath.Base(dir) == MetadataFile {
		dir = filepath.Dir(dir)
	}
	b, err := os.ReadFile(filepath.Join(dir, MetadataFile))
	if os.IsNotExist(err) {
		if _, serr := os.Stat(dir); serr == nil {
			return nil, fmt.Errorf("%w in %s: the folder has no %s (it was never completed, or is not a savepoint)", ErrMissing, dir, MetadataFile)
		}
		return nil, fmt.Errorf("%w: %s does not exist", ErrMissing, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("open checkpoint: %w", err)
	}
	m, inline, err := decodeMetadata(b)
	if err != nil {
		return nil, fmt.Errorf("checkpoint %s: %w", dir, err)
	}
	s := &Manifest{m: *m, dir: dir, inline: inline}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("checkpoint %s: %w", dir, err)
	}
	return s, nil
}

// check looks at lengths and references.
func (s *Manifest) check() error {
	size := int64(len(s.inline))
	if !s.m.Inline {
		fi, err := os.Stat(filepath.Join(s.dir, dataFile))
		if err != nil {
			return fmt.Errorf("its data is missing: %w", err)
		}
		size = fi.Size()
	}
	if size != s.m.Bytes {
		return fmt.Errorf("its data is damaged: %d bytes instead of %d", size, s.m.Bytes)
	}
	if s.m.MaxParallelism < 1 {
		return fmt.Errorf("%s is damaged: max parallelism %d", MetadataFile, s.m.MaxParallelism)
	}
	for _, op := range s.m.Operators {
		for _, p := range op.Parts {
			for _, k := range p.Blocks {
				if k.Offset < 0 || k.Stored < 0 || k.Raw < 0 || k.Raw > blockSize || k.Offset+int64(k.Stored) > size {
					return fmt.Errorf("%s is damaged: block at %d lies outside of the data", MetadataFile, k.Offset)
				}
			}
			for _, k := range p.Keyed {
				if err := p.checkPieces(k.Pieces); err != nil {
					return err
				}
			}
			for _, l := range p.Lists {
				if err := p.checkPieces(l.Pieces); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (p *manifestPart) checkPieces(pieces []piece) error {
	for _, c := range pieces {
		if c.Block < 0 || c.Block >= len(p.Blocks) || c.Offset < 0 || c.Length < 0 || c.Offset+c.Length > p.Blocks[c.Block].Raw {
			return fmt.Errorf("%s is damaged: a piece lies outside of its block", MetadataFile)
		}
	}
	return nil
}

// ID is the number of the checkpoint.
func (s *Manifest) ID() int64 { return s.m.ID }

// Savepoint tells whether it is a savepoint.
func (s *Manifest) Savepoint() bool { return s.m.Savepoint }

// Path is the folder as a file: URI.
func (s *Manifest) Path() string { return URI(s.dir) }

func (s *Manifest) path() string { return s.dir }

// MaxParallelism is the number of key groups it was taken with.
func (s *Manifest) MaxParallelism() int { return s.m.MaxParallelism }

// Job is the id and name of the job it was taken of.
func (s *Manifest) Job() (id, name string) { return s.m.JobID, s.m.JobName }

// Created is when it was begun.
func (s *Manifest) Created() time.Time { return time.UnixMilli(s.m.Created) }

// Operators lists the operators with state.
func (s *Manifest) Operators() []Operator {
	var ops []Operator
	for _, op := range s.m.Operators {
		o := Operator{UID: op.UID, Name: op.Name, Parallelism: op.Parallelism}
		for _, p := range op.Parts {
			for _, k := range p.Blocks {
				o.Bytes += int64(k.Stored)
			}
			for _, k := range p.Keyed {
				o.shape(k.Name, k.Keys, k.Schema, k.Rows)
			}
			for _, l := range p.Lists {
				o.Items += l.Items
			}
		}
		ops = append(ops, o)
	}
	return ops
}

// Reader reads the state that concerns one subtask: of keyed state, only the
// blocks in which its key groups lie.
func (s *Manifest) Reader(uid string, subtask, parallelism int) (*state.Reader, error) {
	for i := range s.m.Operators {
		if op := &s.m.Operators[i]; op.UID == uid {
			r, err := s.read(op, newDealer(subtask, parallelism, s.m.MaxParallelism))
			if err != nil {
				return nil, fmt.Errorf("checkpoint %s: state of %s: %w", s.dir, op.Name, err)
			}
			return r, nil
		}
	}
	return nil, nil
}

// Verify reads all state and checks it.
func (s *Manifest) Verify() error {
	for _, op := range s.m.Operators {
		if _, err := s.Reader(op.UID, 0, 1); err != nil {
			return err
		}
	}
	return nil
}

func (s *Manifest) read(op *manifestOperator, d *dealer) (*state.Reader, error) {
	r := &state.Reader{Checkpoint: s.m.ID}
	var file *os.File
	if !s.m.Inline {
		f, err := os.Open(filepath.Join(s.dir, dataFile))
		if err != nil {
			return nil, err
		}
		defer f.Close()
		file = f
	}
	for i := range op.Parts {
		p := &op.Parts[i]
		blocks := blockReader{part: p, file: file, inline: s.inline, last: -1}
		var snap state.Snapshot
		for _, k := range p.Keyed {
			keyed := state.Keyed{Declared: state.Declared{Name: k.Name, Schema: k.Schema, Keys: k.Keys, Whole: true}, Groups: map[int][]byte{}}
			for _, c := range k.Pieces {
				if !d.owns(c.Group) {
					continue
				}
				raw, err := blocks.piece(c)
				if err != nil {
					return nil, err
				}
				keyed.Groups[c.Group] = append(keyed.Groups[c.Group], raw...)
			}
			snap.Keyed = append(snap.Keyed, keyed)
		}
		for _, l := range p.Lists {
			var raw []byte
			for _, c := range l.Pieces {
				b, err := blocks.piece(c)
				if err != nil {
					return nil, err
				}
				raw = append(raw, b...)
			}
			items, err := splitItems(raw, l.Items)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", l.Name, err)
			}
			snap.Lists = append(snap.Lists, state.List{Name: l.Name, Mode: l.Mode, Items: d.items(l.Name, l.Mode, items)})
		}
		r.Parts = append(r.Parts, snap)
	}
	return r, nil
}

func splitItems(raw []byte, n int) ([][]byte, error) {
	var items [][]byte
	for len(raw) > 0 {
		size, w := binary.Uvarint(raw)
		if w <= 0 || size > uint64(len(raw)-w) {
			return nil, errors.New("truncated item")
		}
		items = append(items, raw[w:w+int(size):w+int(size)])
		raw = raw[w+int(size):]
	}
	if len(items) != n {
		return nil, fmt.Errorf("%d items instead of %d", len(items), n)
	}
	return items, nil
}

// blockReader reads pieces in order, keeping the block read last.
type blockReader struct {
	part   *manifestPart
	file   *os.File // nil: inline
	inline []byte
	last   int
	raw    []byte
}

func (r *blockReader) piece(c piece) ([]byte, error) {
	if c.Block != r.last {
		k := r.part.Blocks[c.Block]
		stored := r.inline
		if r.file != nil {
			stored = make([]byte, k.Stored)
			if _, err := r.file.ReadAt(stored, k.Offset); err != nil {
				return nil, fmt.Errorf("read block at %d: %w", k.Offset, err)
			}
		} else {
			stored = stored[k.Offset : k.Offset+int64(k.Stored)]
		}
		raw, err := unpackBlock(stored, k)
		if err != nil {
			return nil, err
		}
		r.last, r.raw = c.Block, raw
	}
	if c.Offset+c.Length > len(r.raw) {
		return nil, errors.New("a piece lies outside of its block")
	}
	return r.raw[c.Offset : c.Offset+c.Length], nil
}
