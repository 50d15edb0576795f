package checkpoint

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"path"
	"sort"
	"strconv"
	"sync"
	"time"

	"github.com/weir-streams/weir/engine/state"
	"github.com/weir-streams/weir/engine/storage"
)

// folderDraft is a checkpoint being written to a folder.
type folderDraft struct {
	what    string // "checkpoint 3", for errors
	files   storage.Store
	folder  string // of this checkpoint, in store
	data    string // the layer file, in store
	shared  bool
	base    *Manifest     // that it may build on; nil: none
	pack    codec         // of blocks
	writers chan struct{} // limits those that pack at the same time
	wg      sync.WaitGroup

	io   sync.Mutex // orders what is written
	size int64      // of the layer file
	own  fileRef

	mu        sync.Mutex
	m         manifest
	sections  []*section
	byUID     map[string]int // index in m.Operators
	inline    []byte         // the layer file, while it is small
	file      storage.File   // the layer file, when it is not
	metadata  storage.File
	streams   []*Stream
	discarded bool
}

var errDiscarded = errors.New("it was given up")

const (
	sharedFolder = "shared"
	// pagesFrom is how large blocks are at least that begin at a whole page of the file.
	pagesFrom = 64 << 10
	// dataFile is the layer file of a savepoint.
	dataFile = "state"
	// longest is how many layers a chain has at most.
	longest = 8
	// longestLogged is how many it has if there is nothing to merge in most.
	longestLogged = 64
)

func randomName() string {
	var random [6]byte
	_, _ = rand.Read(random[:])
	return hex.EncodeToString(random[:])
}

func (h *History) folderDraft(id int64) *folderDraft {
	folder := prefix + strconv.FormatInt(id, 10)
	d := h.newDraft(h.store, folder, id)
	d.data = fmt.Sprintf("%s/%d-%s", sharedFolder, id, randomName())
	d.shared = true
	if h.cfg.Compress {
		d.pack = snappy2
	}
	if h.cfg.Incremental {
		d.base, _ = h.Latest().(*Manifest)
	}
	return d
}

// savepointDraft makes a new folder with a random name in r.Dir.
func (h *History) savepointDraft(r Request, id int64) (*folderDraft, error) {
	dir := r.Dir
	if dir == "" {
		dir = h.cfg.Savepoints
	}
	if dir == "" {
		return nil, errors.New("no folder for the savepoint: give one, or set execution.checkpointing.savepoint-dir")
	}
	dir, err := storage.Clean(dir)
	if err != nil {
		return nil, err
	}
	store, err := h.cfg.open(dir)
	if err != nil {
		return nil, err
	}
	d := h.newDraft(store, fmt.Sprintf("savepoint-%s-%s", h.jobID[:min(6, len(h.jobID))], randomName()), id)
	d.what, d.m.Savepoint, d.pack = "savepoint", true, zstandard
	d.data = path.Join(d.folder, dataFile)
	return d, nil
}

func (h *History) newDraft(store storage.Store, folder string, id int64) *folderDraft {
	return &folderDraft{
		what: "checkpoint " + strconv.FormatInt(id, 10), files: store, folder: folder,
		byUID: map[string]int{}, writers: make(chan struct{}, maxWriters),
		m: manifest{JobID: h.jobID, JobName: h.jobName, ID: id, Created: time.Now().UnixMilli(), MaxParallelism: h.maxParallelism},
	}
}

func (d *folderDraft) fail(err error) error {
	return fmt.Errorf("write %s to %s: %w", d.what, d.files.URI(d.folder), err)
}

// continues gives the part that a new snapshot may build on, nil for none: the
// chain has to be short, and what changed since its first layer less than that.
func (d *folderDraft) continues(p Part, durable int64) *manifestPart {
	if d.base == nil || durable == 0 || d.base.m.ID != durable || d.base.old != nil {
		return nil
	}
	for _, op := range d.base.m.Operators {
		if op.UID != p.UID || op.Parallelism != p.Parallelism {
			continue
		}
		for i := range op.Parts {
			mp := &op.Parts[i]
			if mp.Subtask != p.Subtask || len(mp.Layers) == 0 || len(mp.Layers) >= longestLogged {
				continue
			}
			merged := 0
			for _, l := range mp.Layers {
				if l.Bytes > l.Logged {
					merged++
				}
			}
			if merged >= longest {
				continue
			}
			// Rows as they lie in logs do not count: they are read once, wherever they are.
			var deltas int64
			for _, l := range mp.Layers[1:] {
				deltas += l.Bytes - l.Logged
			}
			if deltas <= mp.Layers[0].Bytes {
				return mp
			}
		}
	}
	return nil
}

// add writes what is left of the state of a subtask.
func (d *folderDraft) add(p Part) error {
	w := &sectionWriter{d: d, s: section{UID: p.UID, Subtask: p.Subtask}}
	var base *manifestPart
	if p.Stream != nil {
		if err := p.Stream.wait(); err != nil {
			return d.fail(err)
		}
		w, base = &p.Stream.w, p.Stream.base
		for _, k := range p.State.Keyed {
			w.s.States = append(w.s.States, k.Declared)
		}
	} else if err := w.snapshot(p.State); err != nil {
		return d.fail(err)
	}
	if err := w.spill(); err != nil {
		return d.fail(err)
	}
	keyed := w.bytes
	if err := w.lists(p.State.Lists); err != nil {
		return d.fail(err)
	}
	mp := manifestPart{Subtask: p.Subtask}
	for _, l := range p.State.Lists {
		mp.Items += len(l.Items)
	}

	d.mu.Lock()
	defer d.mu.Unlock()
	// The layers of the base keep their places among the files, which are numbered
	// anew when all is known.
	if base != nil && len(w.s.States) > 0 { // what is not named any more is gone
		mp.Layers = append(mp.Layers, base.Layers...)
		mp.Keyed = append(mp.Keyed, base.Keyed...)
	}
	ref := layerRef{File: own, Section: len(d.sections), Logged: w.logged}
	used := false
	if len(w.s.States) > 0 && (base == nil || !unchanged(w.s.States, base)) {
		used = true
		ref.Bytes = keyed
		mp.Layers = append(mp.Layers, ref)
		mp.sum(w.s.States)
	}
	if len(w.s.Lists) > 0 {
		used = true
		mp.Lists = &layerRef{File: own, Section: len(d.sections), Bytes: w.bytes - keyed}
	}
	if used {
		d.sections = append(d.sections, &w.s)
	}
	i, ok := d.byUID[p.UID]
	if !ok {
		i = len(d.m.Operators)
		d.byUID[p.UID] = i
		d.m.Operators = append(d.m.Operators, manifestOperator{UID: p.UID, Name: p.Name, Parallelism: p.Parallelism})
	}
	d.m.Operators[i].Parts = append(d.m.Operators[i].Parts, mp)
	return nil
}

// own is the number of the draft's own file until all are numbered; the others
// bear their numbers in the base.
const own = -1

// unchanged tells whether a snapshot says that all is as it was.
func unchanged(states []state.Declared, base *manifestPart) bool {
	for _, s := range states {
		if s.Whole || s.Rows > 0 || s.Gone > 0 || s.Slice != "" {
			return false
		}
		found := false
		for _, k := range base.Keyed {
			found = found || k.Name == s.Name
		}
		if !found {
			return false
		}
	}
	return len(states) == len(base.Keyed)
}

// sum counts what a layer adds.
func (p *manifestPart) sum(states []state.Declared) {
	before := map[string]int64{}
	for _, k := range p.Keyed {
		before[k.Name] = k.Rows
	}
	var keyed []manifestKeyed
	at := map[string]int{}
	builds := map[string]bool{}
	for _, s := range states {
		i, ok := at[s.Name]
		if !ok {
			i = len(keyed)
			at[s.Name] = i
			keyed = append(keyed, manifestKeyed{Name: s.Name, Keys: s.Keys, Unique: s.Unique, Schema: s.Schema})
		}
		keyed[i].Rows += s.Rows - s.Gone
		builds[s.Name] = builds[s.Name] || !s.Whole
	}
	for i := range keyed {
		k := &keyed[i]
		if b := before[k.Name]; builds[k.Name] && (b > 0 || k.Rows != 0) {
			k.Rows = max(b+k.Rows, 1) // what is gone may never have been in a layer
		}
	}
	p.Keyed = keyed
}

// store appends a block to the layer file and returns where it lies.
func (d *folderDraft) store(packed []byte) (off int64, err error) {
	d.io.Lock()
	defer d.io.Unlock()
	file, err := d.target(packed)
	if err != nil {
		return 0, err
	}
	if p, ok := file.(storage.Pages); ok && len(packed) >= pagesFrom { // from memory to the disk as it lies
		n, err := p.Pad()
		if err != nil {
			return 0, err
		}
		d.size += int64(n)
	}
	off = d.size
	if file != nil {
		if _, err := file.Write(packed); err != nil {
			return 0, err
		}
	}
	d.size += int64(len(packed))
	return off, nil
}

// target is the file to write a block to; nil if it was put into _metadata. The
// caller holds d.io.
func (d *folderDraft) target(packed []byte) (storage.File, error) {
	f, inline, err := d.place(packed)
	if f != nil || inline == nil || err != nil {
		return f, err
	}
	// Tasks that begin their snapshots wait for d.mu: no file is made while it is held.
	if f, err = d.files.Create(d.data); err != nil {
		return nil, err
	}
	d.mu.Lock()
	d.file, d.inline = f, nil
	discarded := d.discarded
	d.mu.Unlock()
	if discarded {
		f.Abort()
		return nil, errDiscarded
	}
	_, err = f.Write(inline)
	return f, err
}

// place finds the file, or puts a block into _metadata; or gives what lies there
// to begin the file with.
func (d *folderDraft) place(packed []byte) (f storage.File, inline []byte, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.discarded:
		return nil, nil, errDiscarded
	case d.file != nil:
		return d.file, nil, nil
	case len(d.inline)+len(packed) <= inlineLimit:
		d.inline = append(d.inline, packed...)
		return nil, nil, nil
	case d.inline == nil:
		return nil, []byte{}, nil
	}
	return nil, d.inline, nil
}

func (d *folderDraft) finish() (State, int64, error) {
	s, n, err := d.publish()
	if err != nil {
		return nil, 0, d.fail(err)
	}
	return s, n, nil
}

func (d *folderDraft) publish() (State, int64, error) {
	d.order()
	written, err := d.close()
	if err != nil {
		return nil, 0, err
	}
	inline := d.number()
	b, err := encodeMetadata(&d.m, inline)
	if err != nil {
		return nil, 0, err
	}
	f, err := d.begin()
	if err != nil {
		return nil, 0, err
	}
	if _, err := f.Write(b); err != nil {
		return nil, 0, err
	}
	if err := f.Commit(); err != nil {
		return nil, 0, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.discarded { // given up meanwhile: who did that removes it
		return nil, 0, errDiscarded
	}
	return &Manifest{m: d.m, store: d.files, folder: d.folder, inline: inline}, written + int64(len(b)), nil
}

// order puts operators and their parts in order.
func (d *folderDraft) order() {
	sort.Slice(d.m.Operators, func(i, k int) bool { return d.m.Operators[i].UID < d.m.Operators[k].UID })
	for _, op := range d.m.Operators {
		sort.Slice(op.Parts, func(i, k int) bool { return op.Parts[i].Subtask < op.Parts[k].Subtask })
	}
}

// begin begins the file that makes it all visible.
func (d *folderDraft) begin() (storage.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.discarded {
		return nil, errDiscarded
	}
	f, err := d.files.Create(path.Join(d.folder, MetadataFile))
	d.metadata = f
	return f, err
}

// close writes the index of the layer file and makes it durable. It returns the
// bytes written to a file of its own.
func (d *folderDraft) close() (int64, error) {
	if len(d.sections) == 0 {
		return 0, nil
	}
	index, err := encodeIndex(d.sections)
	if err != nil {
		return 0, err
	}
	at, err := d.store(index)
	if err != nil {
		return 0, err
	}
	d.own = fileRef{Index: at, Size: d.size, CRC: crc32.Checksum(index, castagnoli)}
	if d.file == nil {
		return 0, nil
	}
	d.own.Name, d.own.Shared = path.Base(d.data), d.shared
	return d.size, d.file.Commit()
}

// number lists the files that are referred to. It returns those that lie in
// _metadata.
func (d *folderDraft) number() (inline []byte) {
	numbers := map[int]int{} // of the base's files, and own
	number := func(r *layerRef) {
		n, ok := numbers[r.File]
		if !ok {
			n = len(d.m.Files)
			numbers[r.File] = n
			f, from := d.own, d.inline
			if r.File != own {
				f = d.base.m.Files[r.File]
				from = d.base.inline
				if f.Name == "" {
					from = from[f.From : f.From+f.Size]
				}
			}
			if f.Name == "" {
				f.From = int64(len(inline))
				inline = append(inline, from...)
			}
			d.m.Files = append(d.m.Files, f)
		}
		r.File = n
	}
	for _, op := range d.m.Operators {
		for i := range op.Parts {
			for k := range op.Parts[i].Layers {
				number(&op.Parts[i].Layers[k])
			}
			if op.Parts[i].Lists != nil {
				number(op.Parts[i].Lists)
			}
		}
	}
	return inline
}

func (d *folderDraft) discard() {
	d.mu.Lock()
	if d.discarded {
		d.mu.Unlock()
		return
	}
	d.discarded = true
	file, metadata, streams := d.file, d.metadata, d.streams
	d.mu.Unlock()
	for _, s := range streams {
		s.abort(errDiscarded)
	}
	if file != nil {
		file.Abort()
	}
	if metadata != nil {
		metadata.Abort()
	}
	d.wg.Wait()
	// What cannot be removed has no _metadata and is nobody's.
	if metadata != nil {
		_ = d.files.Remove(path.Join(d.folder, MetadataFile))
	}
	if file != nil {
		_ = d.files.Remove(d.data)
	}
	_ = d.files.RemoveFolder(d.folder)
}
