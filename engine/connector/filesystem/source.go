package filesystem

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/graph"
)

// source reads the files this subtask owns, one after the other. A split is a
// file, or a part of one: its id is the path below the table's, and the part.
type source struct {
	spec     connector.SourceSpec
	root     string
	pattern  *regexp.Regexp
	interval time.Duration // 0: bounded
	// splitSize is the least size of the parts of large files, 0: files stay whole.
	splitSize int64
	splitFrom int64 // smaller files stay whole
	outs      outputs
	limit     *connector.Limiter

	splits   []*split // in the order found
	known    map[string]*split
	todo     []*split // not read to the end, in order; the first is being read
	listed   bool
	nextList time.Time
	failed   error // of listing
	file     opened
	reading  string // its path
	rejected *connector.ParseErrors
}

type split struct {
	id   string
	pos  position
	done bool
}

// position is where to read on: at a byte (of the decompressed content) that
// begins a record, with the lines before it, and the rows from there that were
// given already.
type position struct{ offset, line, skip int64 }

func (p position) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(p.offset))
	b = binary.AppendUvarint(b, uint64(p.line))
	return binary.AppendUvarint(b, uint64(p.skip))
}

func decodePosition(b []byte) (p position, err error) {
	for _, x := range []*int64{&p.offset, &p.line, &p.skip} {
		u, n := binary.Uvarint(b)
		if n <= 0 || u > 1<<62 {
			return p, errors.New("position is damaged")
		}
		*x, b = int64(u), b[n:]
	}
	return p, nil
}

func newSource(s connector.SourceSpec) (connector.Source, error) {
	if s.Format == nil || s.Format.Decoder == nil && s.Format.OpenFile == nil {
		return nil, fmt.Errorf("table %s: its format cannot be read", s.Source.Table.Name)
	}
	root, err := localPath(s.Dir, s.Options.String("path"))
	if err != nil {
		return nil, err
	}
	src := &source{
		spec: s, root: root, known: map[string]*split{}, interval: s.Options.Duration("source.monitor-interval"),
		limit: connector.NewLimiter(s.Options.Int("scan.rate-limit"), s.Parallelism, s.Waited),
	}
	if p := s.Options.String("source.path.regex-pattern"); p != "" {
		if src.pattern, err = regexp.Compile("^(?:" + p + ")$"); err != nil {
			return nil, fmt.Errorf("option 'source.path.regex-pattern': %w", err)
		}
	}
	if s.Format.Lines != nil && s.Format.Lines(s.FormatOptions) {
		src.splitSize, src.splitFrom = s.Options.Bytes("source.split-size"), splitFrom
	}
	if src.rejected, err = connector.NewParseErrors(s); err != nil {
		return nil, fmt.Errorf("table %s: %w", s.Source.Table.Name, err)
	}
	if src.outs, err = newOutputs(s.Source, s.Schema); err != nil {
		return nil, err
	}
	// Options that do not fit show at once, not with the first file.
	if s.Format.OpenFile == nil || s.Format.Decoder != nil {
		if _, err := src.decoder(position{}); err != nil {
			return nil, err
		}
	}
	return src, nil
}

func (s *source) decoder(at position) (format.Decoder, error) {
	return s.spec.Format.Decoder(s.what(at))
}

// what is to be read of a file, from a position on.
func (s *source) what(at position) format.DecoderSpec {
	return format.DecoderSpec{
		Columns: s.outs.columns, Output: s.outs.paths, Types: s.outs.types, Options: s.spec.FormatOptions,
		Offset: at.offset, Line: at.line,
		Bad: func(e *format.RecordError, record []byte) { s.rejected.Add(s.reading, e, record) },
	}
}

// opened is a file being read.
type opened interface {
	// read appends at most most rows to the empty batch b; done: there are no more.
	read(b *data.Batch, most int) (done bool, err error)
	position() position // behind the rows given
	skipped() int64
	explain(err error) error // says which file
	close() error
}

func (s *source) add(sp *split) {
	s.splits = append(s.splits, sp)
	s.known[sp.id] = sp
	if !sp.done {
		s.todo = append(s.todo, sp)
	}
}

func (s *source) owns(id string) bool {
	return connector.Owns(id, s.spec.Subtask, s.spec.Parallelism)
}

// Restore takes over this subtask's share. A bounded source reads the files of
// its first start only, however often it is restored.
func (s *source) Restore(splits []connector.Split) error {
	readers := make([]bool, s.spec.Parallelism)
	defer func() { s.share(readers) }()
	for _, x := range splits {
		readers[connector.Owner(x.ID, s.spec.Parallelism)] = readers[connector.Owner(x.ID, s.spec.Parallelism)] || !x.Done
		if !s.owns(x.ID) {
			continue
		}
		sp := &split{id: x.ID, done: x.Done}
		if len(x.Position) > 0 {
			var err error
			if sp.pos, err = decodePosition(x.Position); err != nil {
				return fmt.Errorf("file %s: %w", x.ID, err)
			}
		}
		s.add(sp)
	}
	slices.SortStableFunc(s.todo, order(s.todo))
	s.listed = s.interval == 0 && len(splits) > 0
	return nil
}

func (s *source) Splits() []connector.Split {
	if !s.listed {
		// A checkpoint before the first Poll: a restored source would take the files
		// nobody has listed for new ones.
		s.failed = s.look()
	}
	if err := s.rejected.Flush(); err != nil && s.failed == nil {
		s.failed = err
	}
	out := make([]connector.Split, len(s.splits))
	for i, sp := range s.splits {
		out[i] = connector.Split{ID: sp.id, Done: sp.done}
		if !sp.done && sp.pos != (position{}) {
			out[i].Position = sp.pos.encode()
		}
	}
	return out
}

func (s *source) Close() error {
	return errors.Join(s.closeFile(), s.rejected.Close())
}

func (s *source) closeFile() error {
	if s.file == nil {
		return nil
	}
	err := s.file.close()
	s.file = nil
	return err
}

// look lists the files, if it is time to.
func (s *source) look() error {
	if s.listed && (s.interval == 0 || time.Now().Before(s.nextList)) {
		return nil
	}
	readers := make([]bool, s.spec.Parallelism)
	err := list(s.root, func(rel string) {
		if s.pattern != nil && !s.pattern.MatchString(s.path(rel)) {
			return
		}
		s.found(rel, readers)
	})
	if err != nil {
		return err
	}
	s.share(readers)
	s.listed, s.nextList = true, time.Now().Add(s.interval)
	return nil
}

// share divides the rate limit between the subtasks that have files.
func (s *source) share(readers []bool) {
	n := 0
	for _, has := range readers {
		if has {
			n++
		}
	}
	s.limit.Share(n)
}

// path is where the file of a split is. The table's path is the file itself or
// a folder above it.
func (s *source) path(id string) string {
	if id == filepath.Base(s.root) {
		if info, err := os.Stat(s.root); err == nil && info.Mode().IsRegular() {
			return s.root
		}
	}
	return filepath.Join(s.root, filepath.FromSlash(id))
}

// Poll gives the next rows of one file.
func (s *source) Poll(ctx context.Context, b *data.Batch) (connector.Status, error) {
	if s.failed == nil {
		s.failed = s.look()
	}
	if s.failed != nil {
		return 0, s.failed
	}
	if len(s.todo) == 0 {
		if s.interval == 0 {
			return connector.Ended, nil
		}
		return connector.Idle, nil
	}
	most := s.limit.Take(ctx, data.BatchSize)
	if most == 0 {
		return connector.More, nil
	}
	sp := s.todo[0]
	if s.file == nil {
		f, err := s.open(sp)
		if err != nil {
			return 0, err
		}
		s.file = f
	}
	done, err := s.file.read(b, most)
	if n := s.file.skipped(); n > 0 && s.spec.Corrupt != nil {
		s.spec.Corrupt(n)
	}
	if err != nil {
		return 0, s.file.explain(err)
	}
	s.limit.GiveBack(most - b.N)
	sp.pos, sp.done = s.file.position(), done
	if done {
		s.todo = s.todo[1:]
		if err := s.closeFile(); err != nil {
			return 0, fmt.Errorf("close: %w", err)
		}
	}
	return connector.More, nil
}

func (s *source) open(sp *split) (opened, error) {
	rel, part := sp.file()
	path := s.path(rel)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("file %s is gone; it was read up to byte %d", path, sp.pos.offset)
	}
	if err != nil {
		return nil, err
	}
	constants, err := s.outs.constants(path, rel, info, s.spec.Options.String("partition.default-name"))
	if err != nil {
		return nil, fmt.Errorf("file %s: %w", path, err)
	}
	at := sp.pos
	if s.spec.Format.OpenFile != nil {
		return openRows(path, s.spec.Format, s.what(at), &s.outs, constants, at)
	}
	end := int64(0)
	if part.to > 0 {
		if at, end, err = bounds(path, at, part); err != nil {
			return nil, fmt.Errorf("file %s: %w", path, err)
		}
	}
	s.reading = path
	if part.from > 0 {
		s.reading = fmt.Sprintf("%s from byte %d on", path, at.offset)
	}
	dec, err := s.decoder(at)
	if err != nil {
		return nil, err
	}
	in, err := openAt(path, at.offset)
	if err != nil {
		return nil, err
	}
	return &reader{path: path, in: in, decoder: dec, outs: &s.outs, constants: constants, pos: at, base: at, part: part, end: end}, nil
}

// bounds are where reading a part goes on and where it ends.
func bounds(path string, at position, part span) (from position, end int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return at, 0, err
	}
	defer f.Close()
	if at == (position{}) {
		if at.offset, err = begin(f, part.from); err != nil {
			return at, 0, err
		}
	}
	if part.to < 1<<62 {
		if end, err = begin(f, part.to); err != nil {
			return at, 0, err
		}
		end = max(end, at.offset)
		if end == 0 {
			end = -1
		}
	}
	return at, end, nil
}

// outputs is where each output column comes from: the file's records, or what
// is the same for a whole file.
type outputs struct {
	columns []data.Column // in the files
	paths   [][]int       // outputs from the records
	types   []data.Type
	at      []int // their positions in the batch
	fixed   []fixed
}

type fixed struct {
	at       int
	typ      data.Type
	metadata string // key, or
	column   string // name of the partition column
}

func newOutputs(s graph.Source, schema []data.Column) (outputs, error) {
	inFile, _ := physical(s.Table)
	var o outputs
	index := map[int]int{}
	for k, i := range inFile {
		index[i] = k
		o.columns = append(o.columns, s.Table.Columns[i])
	}
	for k, p := range s.Output {
		switch {
		case p.Metadata >= 0:
			key := s.Table.Metadata[p.Metadata].Key
			if _, ok := metadataTypes[key]; !ok {
				return o, fmt.Errorf("there is no metadata key %q", key)
			}
			o.fixed = append(o.fixed, fixed{at: k, typ: schema[k].Type, metadata: key})
		default:
			i, ok := index[p.Column]
			if !ok {
				o.fixed = append(o.fixed, fixed{at: k, typ: schema[k].Type, column: s.Table.Columns[p.Column].Name})
				continue
			}
			o.paths = append(o.paths, append([]int{i}, p.Fields...))
			o.types = append(o.types, schema[k].Type)
			o.at = append(o.at, k)
		}
	}
	return o, nil
}

// constants are the values of fixed for one file.
func (o *outputs) constants(path, rel string, info os.FileInfo, defaultName string) ([]data.Value, error) {
	var parts map[string]string
	values := make([]data.Value, len(o.fixed))
	for k, f := range o.fixed {
		switch f.metadata {
		case "file.path":
			values[k].S = path
		case "file.name":
			values[k].S = filepath.Base(path)
		case "file.size":
			values[k].I = info.Size()
		case "file.modification-time":
			values[k].I = info.ModTime().UnixMilli()
		default:
			if parts == nil {
				parts = partitionText(rel)
			}
			text, ok := parts[f.column]
			if !ok {
				return nil, fmt.Errorf("it lies in no folder %s=…, but column %q is a partition column", f.column, f.column)
			}
			if text == defaultName {
				values[k] = data.NullValue()
				continue
			}
			var err error
			if values[k], err = partitionValue(text, f.typ); err != nil {
				return nil, fmt.Errorf("partition column %q (%s): %w", f.column, f.typ, err)
			}
		}
	}
	return values, nil
}
