package checkpoint

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
	"github.com/weir-streams/weir/engine/storage"
)

// Manifest is a completed checkpoint or savepoint in a folder.
type Manifest struct {
	m      manifest
	store  storage.Store
	folder string // in store
	inline []byte // the files that lie in _metadata

	mu       sync.Mutex
	sections map[int][]section // of files, once they were needed
	old      []section         // of format version 1: all of them
}

// ErrMissing is the cause when there is no checkpoint at a path.
var ErrMissing = errors.New("there is no checkpoint or savepoint")

// Open reads a checkpoint's manifest and checks that its files are whole. place
// is its folder or its _metadata, as a path, a file: URI or s3://…, where the
// environment says how to reach that. The content of the state itself is checked
// when it is read, or by Verify.
func Open(place string) (*Manifest, error) {
	return OpenIn(place, storage.Config{S3: storage.S3FromEnvironment()})
}

// OpenIn opens a checkpoint with a given configuration of storage.
func OpenIn(place string, c storage.Config) (*Manifest, error) {
	place, err := storage.Clean(place)
	if err != nil {
		return nil, err
	}
	root, folder := storage.Parent(place)
	if folder == MetadataFile {
		root, folder = storage.Parent(root)
	}
	store, err := storage.Open(root, c)
	if err != nil {
		return nil, err
	}
	return openIn(store, folder)
}

// Beside lists the addresses of older checkpoints of the same job that can be
// opened, newest first; none where place is no checkpoint.
func Beside(place string, c storage.Config) []string {
	place, err := storage.Clean(place)
	if err != nil {
		return nil
	}
	root, folder := storage.Parent(place)
	if folder == MetadataFile {
		root, folder = storage.Parent(root)
	}
	number, ok := strings.CutPrefix(folder, prefix)
	damagedID, err := strconv.ParseInt(number, 10, 64)
	store, serr := storage.Open(root, c)
	if !ok || err != nil || serr != nil {
		return nil
	}
	names, err := store.List("")
	if err != nil {
		return nil
	}
	var found []*Manifest
	for _, n := range names {
		n = strings.TrimSuffix(n, "/")
		number, ok := strings.CutPrefix(n, prefix)
		if id, err := strconv.ParseInt(number, 10, 64); !ok || err != nil || id >= damagedID {
			continue
		}
		if m, err := openIn(store, n); err == nil {
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(a, b *Manifest) int { return cmp.Compare(b.ID(), a.ID()) })
	out := make([]string, len(found))
	for i, m := range found {
		out[i] = m.Path()
	}
	return out
}

func openIn(store storage.Store, folder string) (*Manifest, error) {
	place := store.URI(folder)
	if p, err := storage.LocalPath(place); err == nil {
		place = p
	}
	b, err := storage.ReadFile(store, path.Join(folder, MetadataFile))
	if errors.Is(err, fs.ErrNotExist) {
		if names, lerr := store.List(""); lerr == nil {
			for _, n := range names {
				if n == folder+"/" {
					return nil, fmt.Errorf("%w in %s: the folder has no %s (it was never completed, or is not a savepoint)", ErrMissing, place, MetadataFile)
				}
			}
		}
		return nil, fmt.Errorf("%w: %s does not exist", ErrMissing, place)
	}
	if err != nil {
		return nil, fmt.Errorf("open checkpoint: %w", err)
	}
	s, err := decodeManifest(b)
	if err == nil {
		s.store, s.folder = store, folder
		err = s.check()
	}
	if err != nil {
		return nil, fmt.Errorf("checkpoint %s: %w", place, err)
	}
	return s, nil
}

func decodeManifest(b []byte) (*Manifest, error) {
	version, text, inline, err := decodeMetadata(b)
	if err != nil {
		return nil, err
	}
	s := &Manifest{inline: inline}
	if version == 1 {
		m, sections, err := decode1(text)
		if err != nil {
			return nil, err
		}
		s.m, s.old = *m, sections
		for i := range sections {
			if err := sections[i].check(m.Files[0].Size); err != nil {
				return nil, err
			}
		}
	} else if err := json.Unmarshal(text, &s.m); err != nil {
		return nil, damaged("%s: %v", MetadataFile, err)
	}
	return s, nil
}

// check looks at lengths and references.
func (s *Manifest) check() error {
	if s.m.MaxParallelism < 1 || s.m.MaxParallelism > math.MaxUint16 {
		return damaged("%s: max parallelism %d", MetadataFile, s.m.MaxParallelism)
	}
	for _, f := range s.m.Files {
		if f.Name == "" {
			if f.From < 0 || f.Size < 0 || f.From+f.Size > int64(len(s.inline)) || s.old != nil && f.Size != int64(len(s.inline)) {
				return damaged("%s: a file in it lies outside of it", MetadataFile)
			}
			continue
		}
		content, err := s.content(f)
		if err != nil {
			return err
		}
		size := content.Size()
		_ = content.Close() // nothing was written
		if size != f.Size {
			return damaged("its file %s has %d bytes instead of %d", f.Name, size, f.Size)
		}
	}
	ok := func(r layerRef) bool { return 0 <= r.File && r.File < len(s.m.Files) && r.Section >= 0 }
	for _, op := range s.m.Operators {
		for _, p := range op.Parts {
			good := p.Lists == nil || ok(*p.Lists)
			for _, l := range p.Layers {
				good = good && ok(l)
			}
			if !good || p.Subtask < 0 || p.Subtask >= op.Parallelism {
				return damaged("%s: it refers to what is not there", MetadataFile)
			}
		}
	}
	return nil
}

// name is where a layer file lies in the store.
func (s *Manifest) name(f fileRef) string {
	if f.Shared {
		return path.Join(sharedFolder, f.Name)
	}
	return path.Join(s.folder, f.Name)
}

// content opens a layer file.
func (s *Manifest) content(f fileRef) (storage.Content, error) {
	if f.Name == "" {
		return memoryContent{bytes.NewReader(s.inline[f.From : f.From+f.Size])}, nil
	}
	c, err := s.store.Open(s.name(f))
	if err != nil {
		return nil, gone(s.store.URI(s.name(f)), err)
	}
	return c, nil
}

// layer finds a section.
func (s *Manifest) layer(r layerRef) (layer, error) {
	f := s.m.Files[r.File]
	open := func() (storage.Content, error) { return s.content(f) }
	sections := s.old
	if s.old == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		var ok bool
		if sections, ok = s.sections[r.File]; !ok {
			var err error
			if sections, err = openLayer(f, open); err != nil {
				return layer{}, fmt.Errorf("file %s: %w", s.name(f), err)
			}
			if s.sections == nil {
				s.sections = map[int][]section{}
			}
			s.sections[r.File] = sections
		}
	}
	if r.Section >= len(sections) {
		return layer{}, damaged("file %s has no section %d", s.name(f), r.Section)
	}
	return layer{&sections[r.Section], open}, nil
}

// Release forgets the indexes of layer files.
func (s *Manifest) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sections = nil
}

// ID is the number of the checkpoint.
func (s *Manifest) ID() int64 { return s.m.ID }

// Savepoint tells whether it is a savepoint.
func (s *Manifest) Savepoint() bool { return s.m.Savepoint }

// Path is the folder as a URI.
func (s *Manifest) Path() string { return s.store.URI(s.folder) }

// MaxParallelism is the number of key groups it was taken with.
func (s *Manifest) MaxParallelism() int { return s.m.MaxParallelism }

// Job is the id and name of the job it was taken of.
func (s *Manifest) Job() (id, name string) { return s.m.JobID, s.m.JobName }

// Created is when it was begun.
func (s *Manifest) Created() time.Time { return time.UnixMilli(s.m.Created) }

func (s *Manifest) size() (n int64) {
	for _, op := range s.Operators() {
		n += op.Bytes
	}
	return n
}

// Operators lists the operators with state.
func (s *Manifest) Operators() []Operator {
	var ops []Operator
	for _, op := range s.m.Operators {
		o := Operator{UID: op.UID, Name: op.Name, Parallelism: op.Parallelism}
		for _, p := range op.Parts {
			for _, l := range p.Layers {
				o.Bytes += l.Bytes
			}
			o.Layers = max(o.Layers, len(p.Layers))
			if p.Lists != nil && s.old == nil {
				o.Bytes += p.Lists.Bytes
			}
			for _, k := range p.Keyed {
				o.shape(k.Name, k.Keys, k.Schema, k.Rows)
			}
			o.Items += p.Items
		}
		ops = append(ops, o)
	}
	return ops
}

// mergeBytes is about how much of the later layers of a chain is held in memory
// at a time, as identities of rows.
const mergeBytes = 64 << 20

// Reader gives the state that concerns one subtask: of keyed state, only the
// blocks in which its key groups lie are read, when they are asked for.
func (s *Manifest) Reader(uid string, subtask, parallelism int) (*state.Reader, error) {
	for i := range s.m.Operators {
		op := &s.m.Operators[i]
		if op.UID != uid {
			continue
		}
		r, err := s.reader(op, newDealer(subtask, parallelism, s.m.MaxParallelism))
		if err != nil {
			return nil, s.at(op, err)
		}
		return r, nil
	}
	return nil, nil
}

func (s *Manifest) at(op *manifestOperator, err error) error {
	return fmt.Errorf("checkpoint %s: state of %s: %w", s.Path(), op.Name, err)
}

func (s *Manifest) reader(op *manifestOperator, d *dealer) (*state.Reader, error) {
	r := &state.Reader{Checkpoint: s.m.ID}
	for i := range op.Parts {
		p := &op.Parts[i]
		if p.Lists == nil {
			continue
		}
		l, err := s.layer(*p.Lists)
		if err != nil {
			return nil, err
		}
		lists, err := l.lists()
		if err != nil {
			return nil, err
		}
		for k := range lists {
			lists[k].Items = d.items(lists[k].Name, lists[k].Mode, lists[k].Items)
		}
		r.Parts = append(r.Parts, state.Snapshot{Lists: lists})
	}
	r.Guess = func(name string) (n int64) {
		for i := range op.Parts {
			p := &op.Parts[i]
			from, to := data.GroupRange(p.Subtask, op.Parallelism, s.m.MaxParallelism)
			for _, k := range p.Keyed {
				if share := min(to, d.to) - max(from, d.from); k.Name == name && share > 0 {
					n += k.Rows * int64(share) / int64(to-from)
				}
			}
		}
		return n
	}
	r.Rows = func(name string, f func(schema []data.Column, group int, row []byte) error) error {
		for i := range op.Parts {
			p := &op.Parts[i]
			from, to := data.GroupRange(p.Subtask, op.Parallelism, s.m.MaxParallelism)
			if err := s.rows(p, name, max(from, d.from), min(to, d.to), f); err != nil {
				return s.at(op, err)
			}
		}
		return nil
	}
	return r, nil
}

// rows gives the rows of some key groups of a part.
func (s *Manifest) rows(p *manifestPart, name string, from, to int, f func(schema []data.Column, group int, row []byte) error) error {
	if from >= to || len(p.Layers) == 0 {
		return nil
	}
	var layers []state.Layer
	later := make([]int64, to)
	for i, ref := range p.Layers {
		l, err := s.layer(ref)
		if err != nil {
			return err
		}
		layers = append(layers, l)
		if i > 0 {
			l.bytes(later)
		}
	}
	for from < to {
		end, n := from, int64(0)
		for end < to && (end == from || n+later[end] <= mergeBytes) {
			n += later[end]
			end++
		}
		if err := state.MergeRows(layers, name, from, end, f); err != nil {
			return err
		}
		from = end
	}
	return nil
}

// Verify reads all state and checks it: every block that is referred to.
func (s *Manifest) Verify() error {
	for i := range s.m.Operators {
		op := &s.m.Operators[i]
		for _, p := range op.Parts {
			refs := p.Layers
			if p.Lists != nil {
				refs = append(refs[:len(refs):len(refs)], *p.Lists)
			}
			for _, ref := range refs {
				l, err := s.layer(ref)
				if err == nil {
					err = l.verify()
				}
				if err != nil {
					return s.at(op, err)
				}
			}
		}
	}
	s.Release()
	return nil
}

func (l layer) verify() error {
	var which, logs []piece
	for _, p := range l.Pieces {
		if p.Kind == logged {
			logs = append(logs, p)
		} else {
			which = append(which, p)
		}
	}
	err := l.read(which, func(number, _ int, rows []byte) error {
		if l.cut {
			return nil
		}
		return state.EachOf(rows, func([]byte) error { return nil })
	})
	if err != nil {
		return err
	}
	if err := l.records(logs, 0, 0, nil); err != nil {
		return err
	}
	_, err = l.lists()
	return err
}
