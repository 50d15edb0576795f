package filesystem

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/option"
)

// sink writes rows into files below a folder. A file is born hidden; at a
// checkpoint it is closed and made durable, and when the checkpoint is complete
// it is renamed. So each file belongs to one checkpoint.
type sink struct {
	spec    connector.SinkSpec
	root    string
	encoder format.Encoder     // nil: files are written by
	create  format.EncoderSpec // their format itself
	inFile  []int              // columns written, as indices of the rows'
	inPath  []partColumn
	policy  policy

	name   string           // unique among all writers: job, attempt, this one
	number int              // of the next file
	uses   int              // counts uses of files, to know the least recent
	open   map[string]*part // by folder below root, "" without partitions
	ready  [][]byte         // committables of files closed since the last Prepare
	key    []byte           // scratch
	text   []byte           // likewise
	rows   data.Batch       // the columns written of the batch at hand
	// swept: leftovers of dead attempts were looked for. prepared: this attempt
	// has taken part in a checkpoint.
	prepared, swept bool
	// Of INSERT OVERWRITE: the input has ended; what was there has been replaced.
	ended, replaced bool

	// Of partition commit: nil without it.
	shared    *partitions
	mine      map[string]bool // folders written that may not be committed
	watermark int64
}

type policy struct {
	size     int64
	interval time.Duration
	null     string
}

// partColumn is a partition column: its name and where its value comes from.
type partColumn struct {
	name   string
	at     int // index in the rows; -1: static
	static string
}

// maxOpen bounds the files open at a time; to open another, the one written
// least recently is closed.
const maxOpen = 100

func newSink(s connector.SinkSpec) (connector.Sink, error) {
	if s.Format == nil || s.Format.Encoder == nil && s.Format.CreateFile == nil {
		return nil, fmt.Errorf("table %s: its format cannot be written", s.Sink.Table.Name)
	}
	root, err := localPath(s.Dir, s.Options.String("path"))
	if err != nil {
		return nil, err
	}
	k := &sink{spec: s, root: root, open: map[string]*part{}, policy: newPolicy(s.Options)}
	if err := k.columns(); err != nil {
		return nil, err
	}
	commit, err := newCommitPolicy(s.Sink.Table, s.Options)
	if err != nil {
		return nil, err
	}
	if commit != nil {
		k.mine, k.watermark = map[string]bool{}, data.MinWatermark
		k.shared = s.Shared.Of(s.Attempt, func() any { return newPartitions(commit, root, s.Parallelism) }).(*partitions)
	}
	var unique [6]byte
	if _, err := rand.Read(unique[:]); err != nil {
		return nil, fmt.Errorf("make a name: %w", err)
	}
	k.name = fmt.Sprintf("%s%d-%s-%d", jobPrefix(s.JobID), s.Attempt, hex.EncodeToString(unique[:]), s.Subtask)
	if err := os.MkdirAll(root, 0o777); err != nil {
		return nil, fmt.Errorf("option 'path': %w", explain(err))
	}
	return k, nil
}

func newPolicy(o option.Values) policy {
	return policy{
		size:     max(o.Bytes("sink.rolling-policy.file-size"), 1),
		interval: o.Duration("sink.rolling-policy.rollover-interval"),
		null:     o.String("partition.default-name"),
	}
}

func jobPrefix(job string) string {
	return strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' || r < ' ' {
			return '_'
		}
		return r
	}, job) + "-"
}

// columns finds which columns of the rows go into files and which into names.
func (s *sink) columns() error {
	static := s.spec.Sink.Static
	var cols []data.Column
	part := map[string]int{}
	for i, c := range s.spec.Schema {
		part[c.Name] = i
	}
	isPart := map[string]bool{}
	for _, name := range s.spec.Sink.Table.PartitionBy {
		isPart[name] = true
		p := partColumn{name: name, at: -1, static: static[name]}
		if i, ok := part[name]; ok {
			p.at = i
		} else if _, ok := static[name]; !ok {
			return fmt.Errorf("table %s: partition column %q has no value", s.spec.Sink.Table.Name, name)
		}
		s.inPath = append(s.inPath, p)
	}
	for i, c := range s.spec.Schema {
		if !isPart[c.Name] {
			cols = append(cols, c)
			s.inFile = append(s.inFile, i)
		}
	}
	s.create = format.EncoderSpec{Columns: cols, Options: s.spec.FormatOptions}
	var err error
	if s.spec.Format.CreateFile != nil {
		_, err = s.spec.Format.CreateFile(s.create, io.Discard) // says what does not fit
		return err
	}
	s.encoder, err = s.spec.Format.Encoder(s.create)
	return err
}

// explain says what to do about errors of the file system people meet.
func explain(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w; the engine's user needs the right to write there", err)
	case errors.Is(err, errNoSpace):
		return fmt.Errorf("%w; free some space, the job goes on from its last checkpoint", err)
	case errors.Is(err, errNotDir):
		return fmt.Errorf("%w; the path of a sink must be a folder", err)
	}
	return err
}

// Write encodes the rows into the files of their partitions.
func (s *sink) Write(b *data.Batch) error {
	s.rows.Cols = s.rows.Cols[:0]
	for _, i := range s.inFile {
		s.rows.Cols = append(s.rows.Cols, b.Cols[i])
	}
	s.rows.N, s.rows.Ops = b.N, b.Ops
	var cur *part
	before := -1 // the last row that went into cur
	for i := range b.Len() {
		r := b.Row(i)
		if cur == nil || !s.alike(b, before, r) {
			if s.key = s.folder(s.key[:0], b, r); cur == nil || string(s.key) != cur.folder {
				if err := s.wrote(cur); err != nil {
					return err
				}
				var err error
				if cur, err = s.part(string(s.key)); err != nil {
					return err
				}
			}
		}
		before = r
		cur.rows++
		if cur.writer != nil {
			cur.picked = append(cur.picked, int32(r))
			continue
		}
		var err error
		if cur.buf, err = s.encoder.Encode(cur.buf, &s.rows, r); err != nil {
			return err
		}
		if len(cur.buf) >= partBuffer {
			if err := s.wrote(cur); err != nil {
				return err
			}
			if s.open[cur.folder] != cur {
				cur = nil
			}
		}
	}
	if err := s.wrote(cur); err != nil {
		return err
	}
	return s.closeOld(time.Now())
}

// wrote hands over what was gathered for a file, and closes one that is large
// enough. p may be nil.
func (s *sink) wrote(p *part) error {
	if p == nil {
		return nil
	}
	if len(p.picked) > 0 {
		rows := p.picked
		p.picked = p.picked[:0]
		if err := p.writer.Write(&s.rows, rows); err != nil {
			return err
		}
	}
	if len(p.buf) >= partBuffer {
		if err := p.flush(); err != nil {
			return err
		}
	}
	if p.length() >= s.policy.size {
		return s.finish(p)
	}
	return nil
}

// closeOld closes files that have been open too long.
func (s *sink) closeOld(now time.Time) error {
	if s.policy.interval <= 0 {
		return nil
	}
	for _, p := range s.open {
		if now.Sub(p.opened) >= s.policy.interval {
			if err := s.finish(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// part gives the open file of a folder.
func (s *sink) part(folder string) (*part, error) {
	if p := s.open[folder]; p != nil {
		s.uses++
		p.used = s.uses
		return p, nil
	}
	if len(s.open) >= maxOpen {
		var oldest *part
		for _, p := range s.open {
			if oldest == nil || p.used < oldest.used {
				oldest = p
			}
		}
		if err := s.finish(oldest); err != nil {
			return nil, err
		}
	}
	var header []byte
	if s.encoder != nil {
		header = s.encoder.Header()
	}
	p, err := create(s.root, folder, fmt.Sprintf("part-%s-%d", s.name, s.number), header)
	if err != nil {
		return nil, err
	}
	if s.encoder == nil {
		if p.writer, err = s.spec.Format.CreateFile(s.create, p); err != nil {
			_ = p.remove()
			return nil, err
		}
	}
	s.number++
	s.uses++
	p.used = s.uses
	s.open[folder] = p
	return p, nil
}

// finish closes a file for good; it will be published with the next checkpoint.
func (s *sink) finish(p *part) error {
	if p.writer != nil {
		if err := p.writer.Close(); err != nil {
			return err
		}
	} else {
		p.buf = append(p.buf, s.encoder.Footer()...)
	}
	if err := p.close(); err != nil {
		return err
	}
	delete(s.open, p.folder)
	s.ready = append(s.ready, committable{p.folder, p.name, p.size}.encode())
	if s.shared != nil {
		s.mine[p.folder] = true
		s.shared.add(p.folder, p.opened.UnixMilli())
	}
	return nil
}

// Prepare closes all files.
func (s *sink) Prepare(int64) ([][]byte, error) {
	for _, p := range s.open {
		if err := s.finish(p); err != nil {
			return nil, err
		}
	}
	ready := s.ready
	s.ready, s.prepared = nil, true
	if s.spec.Sink.Overwrite && (s.ended || len(ready) > 0) {
		mark := byte(replaceMark)
		if s.replaced {
			mark = replacedMark
		}
		ready, s.replaced = append(ready, []byte{mark}), true
	}
	if s.shared != nil {
		waiting := s.shared.still(s.mine)
		for folder := range s.mine {
			if _, ok := waiting[folder]; !ok {
				delete(s.mine, folder)
			}
		}
		ready = append(ready, progress{s.watermark, waiting}.encode())
	}
	return ready, nil
}

// Watermark tells event time.
func (s *sink) Watermark(ms int64) { s.watermark, s.ended = ms, s.ended || ms == data.MaxWatermark }

// Commit gives files their visible names. A file that is visible already, or
// was taken away since, is done.
func (s *sink) Commit(items [][]byte) error {
	folders := map[string]bool{}
	var reached []progress
	items, err := s.replace(items)
	if err != nil {
		return err
	}
	for _, item := range items {
		if len(item) > 0 && item[0] == progressMark {
			p, err := decodeProgress(item)
			if err != nil {
				return err
			}
			reached = append(reached, p)
			continue
		}
		c, err := decodeCommittable(item)
		if err != nil {
			return err
		}
		dir := filepath.Join(s.root, filepath.FromSlash(c.folder))
		from, to := filepath.Join(dir, hiddenName(c.name)), filepath.Join(dir, c.name)
		err = os.Rename(from, to)
		if errors.Is(err, fs.ErrNotExist) {
			if _, e := os.Stat(to); errors.Is(e, fs.ErrNotExist) && s.spec.Log != nil {
				s.spec.Log.Warn("file to publish is gone; somebody has moved it, or it was published and taken before", "file", to, "bytes", c.size)
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("publish %s: %w", to, explain(err))
		}
		folders[dir] = true
	}
	for dir := range folders {
		if err := syncFolder(dir); err != nil {
			return err
		}
	}
	for _, p := range reached {
		if s.shared == nil {
			break // the table's options have changed
		}
		if !s.prepared { // of an earlier attempt, and maybe of another subtask
			for folder, since := range p.waiting {
				s.mine[folder] = true
				s.shared.add(folder, since)
			}
			continue
		}
		if err := s.shared.reached(s.spec.Subtask, p.watermark, time.Now()); err != nil {
			return err
		}
	}
	if s.prepared && !s.swept && s.spec.Subtask == 0 {
		// A checkpoint of this attempt is complete: every subtask has published what
		// it was restored with, so what dead attempts left is nobody's.
		s.swept = true
		s.sweep()
	}
	return nil
}

// sweep removes hidden files of earlier attempts of this job.
func (s *sink) sweep() {
	prefix := hiddenName("part-" + jobPrefix(s.spec.JobID))
	prefix = strings.TrimSuffix(prefix, hiddenEnd)
	err := filepath.WalkDir(s.root, func(path string, e fs.DirEntry, err error) error {
		rest, ok := strings.CutPrefix(e.Name(), prefix)
		if err != nil || !ok || e.IsDir() || !strings.HasSuffix(rest, hiddenEnd) {
			return nil
		}
		var attempt int
		if n, _ := fmt.Sscanf(rest, "%d-", &attempt); n == 1 && attempt < s.spec.Attempt {
			if err := os.Remove(path); err != nil && s.spec.Log != nil {
				s.spec.Log.Warn("left-over file not removed", "file", path, "error", err)
			}
		}
		return nil
	})
	if err != nil && s.spec.Log != nil {
		s.spec.Log.Warn("left-over files not looked for", "folder", s.root, "error", err)
	}
}

// Abort removes files that no Prepare has handed out.
func (s *sink) Abort() error {
	var errs []error
	for _, p := range s.open {
		errs = append(errs, p.remove())
	}
	clear(s.open)
	for _, item := range s.ready {
		if c, err := decodeCommittable(item); err == nil {
			err := os.Remove(filepath.Join(s.root, filepath.FromSlash(c.folder), hiddenName(c.name)))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, fmt.Errorf("remove unpublished file: %w", err))
			}
		}
	}
	s.ready = nil
	return errors.Join(errs...)
}

func (s *sink) Close() error { return s.Abort() }
