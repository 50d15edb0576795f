package checkpoint

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"sync"
	"time"
)

// folderDraft is a checkpoint being written to a folder.
type folderDraft struct {
	what string // "checkpoint 3", for errors

	mu        sync.Mutex
	dir       string
	m         manifest
	byUID     map[string]int // index in m.Operators
	inline    []byte         // the data, while it is small
	file      *os.File       // the data, when it is not
	size      int64
	discarded bool
	visible   bool
}

var errDiscarded = errors.New("it was given up")

func (h *History) folderDraft(id int64) (draft, error) {
	return h.newDraft(filepath.Join(h.dir(), prefix+strconv.FormatInt(id, 10)), id, false)
}

// savepointDraft makes a new folder with a random name in r.Dir.
func (h *History) savepointDraft(r Request, id int64) (draft, error) {
	dir := r.Dir
	if dir == "" {
		dir = h.cfg.Savepoints
	}
	if dir == "" {
		return nil, errors.New("no folder for the savepoint: give one, or set execution.checkpointing.savepoint-dir")
	}
	dir, err := LocalPath(dir)
	if err != nil {
		return nil, err
	}
	var random [6]byte
	_, _ = rand.Read(random[:])
	name := fmt.Sprintf("savepoint-%s-%s", h.jobID[:min(6, len(h.jobID))], hex.EncodeToString(random[:]))
	return h.newDraft(filepath.Join(dir, name), id, true)
}

func (h *History) newDraft(dir string, id int64, savepoint bool) (draft, error) {
	d := &folderDraft{dir: dir, byUID: map[string]int{}, what: "checkpoint " + strconv.FormatInt(id, 10)}
	if savepoint {
		d.what = "savepoint"
	}
	d.m = manifest{JobID: h.jobID, JobName: h.jobName, ID: id, Savepoint: savepoint, Created: time.Now().UnixMilli(), MaxParallelism: h.maxParallelism}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, fmt.Errorf("write %s: %w", d.what, err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, fmt.Errorf("write %s: %w", d.what, err)
	}
	return d, nil
}

func (d *folderDraft) fail(err error) error {
	return fmt.Errorf("write %s to %s: %w", d.what, d.dir, err)
}

// add packs the state of a subtask into blocks.
func (d *folderDraft) add(p Part) error {
	w := blockWriter{d: d}
	mp := manifestPart{Subtask: p.Subtask}
	for _, k := range p.State.Keyed {
		mk := manifestKeyed{Name: k.Name, Keys: k.Keys, Schema: k.Schema, Rows: k.Rows, Pieces: []piece{}}
		groups := make([]int, 0, len(k.Groups))
		for g := range k.Groups {
			groups = append(groups, g)
		}
		slices.Sort(groups)
		for _, g := range groups {
			pieces, err := w.append(g, k.Groups[g])
			if err != nil {
				return d.fail(err)
			}
			mk.Pieces = append(mk.Pieces, pieces...)
		}
		mp.Keyed = append(mp.Keyed, mk)
	}
	for _, l := range p.State.Lists {
		var raw []byte
		for _, item := range l.Items {
			raw = binary.AppendUvarint(raw, uint64(len(item)))
			raw = append(raw, item...)
		}
		pieces, err := w.append(0, raw)
		if err != nil {
			return d.fail(err)
		}
		mp.Lists = append(mp.Lists, manifestList{Name: l.Name, Mode: l.Mode, Items: len(l.Items), Pieces: pieces})
	}
	if err := w.flush(); err != nil {
		return d.fail(err)
	}
	mp.Blocks = w.blocks
	d.mu.Lock()
	defer d.mu.Unlock()
	i, ok := d.byUID[p.UID]
	if !ok {
		i = len(d.m.Operators)
		d.byUID[p.UID] = i
		d.m.Operators = append(d.m.Operators, manifestOperator{UID: p.UID, Name: p.Name, Parallelism: p.Parallelism})
	}
	d.m.Operators[i].Parts = append(d.m.Operators[i].Parts, mp)
	return nil
}

// blockWriter gathers bytes into blocks of about blockSize.
type blockWriter struct {
	d      *folderDraft
	raw    []byte
	blocks []block
}

func (w *blockWriter) append(group int, p []byte) ([]piece, error) {
	pieces := []piece{}
	for len(p) > 0 {
		n := min(len(p), blockSize-len(w.raw))
		pieces = append(pieces, piece{Group: group, Block: len(w.blocks), Offset: len(w.raw), Length: n})
		w.raw = append(w.raw, p[:n]...)
		p = p[n:]
		if len(w.raw) >= blockSize {
			if err := w.flush(); err != nil {
				return nil, err
			}
		}
	}
	return pieces, nil
}

func (w *blockWriter) flush() error {
	if len(w.raw) == 0 {
		return nil
	}
	stored, k := packBlock(w.raw)
	off, err := w.d.store(stored)
	if err != nil {
		return err
	}
	k.Offset = off
	w.blocks = append(w.blocks, k)
	w.raw = w.raw[:0]
	return nil
}

// store appends a block and returns where it lies.
func (d *folderDraft) store(stored []byte) (int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.discarded {
		return 0, errDiscarded
	}
	off := d.size
	if d.file == nil && len(d.inline)+len(stored) <= inlineLimit {
		d.inline = append(d.inline, stored...)
		d.size += int64(len(stored))
		return off, nil
	}
	if d.file == nil {
		f, err := os.OpenFile(filepath.Join(d.dir, dataFile), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return 0, err
		}
		d.file = f
		if _, err := f.Write(d.inline); err != nil {
			return 0, err
		}
		d.inline = nil
	}
	if _, err := d.file.Write(stored); err != nil {
		return 0, err
	}
	d.size += int64(len(stored))
	return off, nil
}

func (d *folderDraft) finish() (State, int64, error) {
	s, n, err := d.publish()
	if err != nil {
		return nil, 0, d.fail(err)
	}
	return s, n, nil
}

func (d *folderDraft) publish() (State, int64, error) {
	if d.file != nil {
		if err := d.file.Sync(); err != nil {
			return nil, 0, err
		}
		if err := d.file.Close(); err != nil {
			return nil, 0, err
		}
	}
	d.m.Bytes, d.m.Inline = d.size, d.file == nil
	sort.Slice(d.m.Operators, func(i, k int) bool { return d.m.Operators[i].UID < d.m.Operators[k].UID })
	for _, op := range d.m.Operators {
		sort.Slice(op.Parts, func(i, k int) bool { return op.Parts[i].Subtask < op.Parts[k].Subtask })
	}
	b, err := encodeMetadata(&d.m, d.inline)
	if err != nil {
		return nil, 0, err
	}
	tmp := filepath.Join(d.dir, MetadataFile+".tmp")
	if err := writeFile(tmp, b); err != nil {
		return nil, 0, err
	}
	// A checkpoint that was given up meanwhile must not appear.
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.discarded {
		return nil, 0, errDiscarded
	}
	d.visible = true
	if err := os.Rename(tmp, filepath.Join(d.dir, MetadataFile)); err != nil {
		return nil, 0, err
	}
	if err := syncFolder(d.dir); err != nil {
		return nil, 0, err
	}
	parent := filepath.Dir(d.dir)
	if err := syncFolder(parent); err != nil {
		return nil, 0, err
	}
	_ = syncFolder(filepath.Dir(parent)) // parent may be new too; what is above may not be ours to open
	return &Manifest{m: d.m, dir: d.dir, inline: d.inline}, d.size + int64(len(b)) - int64(len(d.inline)), nil
}

func writeFile(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (d *folderDraft) discard() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.discarded {
		return
	}
	d.discarded = true
	if d.file != nil {
		_ = d.file.Close()
	}
	_ = remove(d.dir) // what cannot be removed has no _metadata and is nobody's
}
