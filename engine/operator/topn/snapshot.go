package topn

import (
	"encoding/binary"
	"slices"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// The canonical form: the rows kept, key columns first, then a number that grows
// with time, which orders rows that are equal in the order. A partition that
// changes is written anew.

const rowsState = "rows"

// snapshots is what a snapshot under way needs.
type snapshots struct {
	to      *state.KeyedWriter
	groups  int
	packs   bool
	deleted bool // those that are gone are written
	key     []byte
}

func (t *topN) schema() []data.Column {
	out := make([]data.Column, 0, len(t.cols)+1)
	for i, k := range t.cols {
		if i == len(t.spec.Keys) {
			out = append(out, rowNumber)
		}
		out = append(out, t.columns[k])
	}
	if len(t.cols) == len(t.spec.Keys) {
		out = append(out, rowNumber)
	}
	return out
}

var rowNumber = data.Column{Name: "id", Type: data.Of(data.BigInt).NotNull()}

// unique is how many leading columns tell a row from all others.
func (t *topN) unique() int {
	if t.single {
		return len(t.spec.Keys)
	}
	return len(t.spec.Keys) + 1
}

// Snapshot writes all there is.
func (t *topN) Snapshot(w *state.Writer) error { return operator.SnapshotWhole(t, w) }

// Begin fixes what is there.
func (t *topN) Begin(w *state.Writer) error {
	t.to = w.Keyed(rowsState, len(t.spec.Keys), t.unique(), t.schema())
	t.packs = t.to.Pack(slices.Concat(t.cols[:len(t.spec.Keys)], []int{-1}, t.cols[len(t.spec.Keys):]))
	t.groups, t.deleted = t.ctx.MaxParallelism, t.to.Whole()
	t.keys.Begin(t.to.Whole(), t.write)
	return nil
}

// write puts the rows of a partition into the snapshot.
func (t *topN) write(rec unsafe.Pointer) error {
	p := partitionOf(rec)
	group := data.KeyGroup(state.Hash(rec), t.groups)
	if t.single {
		if p.n > 0 {
			t.writeRow(group, p.block)
		}
		return nil
	}
	if !t.to.Whole() {
		t.key = t.keys.Key(t.key[:0], rec)
		t.to.Clear(group, t.key)
	}
	for pos := 0; pos < int(p.n); {
		_, entries, at := t.locate(p, pos)
		for _, e := range entries[at:] {
			t.writeRow(group, e.ref)
		}
		pos += len(entries) - at
	}
	return nil
}

func (t *topN) writeRow(group int, block uint64) {
	rec := t.row(block)
	if t.packs {
		row := binary.AppendVarint(t.to.Open(group), *(*int64)(t.heap.At(block)))
		t.to.Close(group, append(row, t.layout.Raw(rec)...))
		return
	}
	row := t.layout.Append(t.to.Open(group), rec, t.cols[:len(t.spec.Keys)])
	row = binary.AppendVarint(append(row, 1), *(*int64)(t.heap.At(block)))
	t.to.Close(group, t.layout.Append(row, rec, t.cols[len(t.spec.Keys):]))
}

const slice = 1000 // partitions

// Continue writes some partitions.
func (t *topN) Continue() (bool, error) {
	if !t.deleted {
		var err error
		t.deleted, err = t.keys.Deleted(4*slice, func(hash uint64, key []byte) error {
			t.to.Clear(data.KeyGroup(hash, t.groups), key)
			return nil
		})
		return false, err
	}
	return t.keys.Continue(slice)
}

// End says what became of the snapshot.
func (t *topN) End(_ int64, completed bool) { t.keys.End(completed) }

// Resumed says that what was restored is durable.
func (t *topN) Resumed(int64) { t.keys.Restored() }

// Restore reads what Snapshot wrote.
func (t *topN) Restore(r *state.Reader) error {
	schema := t.schema()
	types := make([]data.Type, len(schema))
	for i, c := range schema {
		types[i] = c.Type
	}
	if t.single {
		if err := t.keys.Reserve(int(r.About(rowsState))); err != nil {
			return err
		}
	}
	b := data.MakeBatch(types, data.BatchSize)
	defer func() { b.Release() }()
	n := 0
	load := func() error {
		b.N = n
		err := t.load(b)
		b.Release()
		b, n = data.MakeBatch(types, data.BatchSize), 0
		return err
	}
	keys := len(t.spec.Keys)
	unnumbered := slices.Delete(slices.Clone(schema), keys, keys+1) // as those of windows once were, in order
	err := r.EachRow(rowsState, func(from []data.Column, _ int, row []byte) error {
		into := b.Cols
		if err := operator.SameSchema(from, schema); err != nil {
			if operator.SameSchema(from, unnumbered) != nil {
				return err
			}
			t.rowID++
			into[keys].I64[n] = t.rowID
			into = slices.Delete(slices.Clone(into), keys, keys+1)
		}
		if _, err := data.DecodeRow(row, into, n); err != nil {
			return err
		}
		if n++; n == data.BatchSize {
			return load()
		}
		return nil
	})
	if err == nil && n > 0 {
		err = load()
	}
	return err
}

// load puts restored rows into their partitions.
func (t *topN) load(b *data.Batch) error {
	in := data.NewBatch(len(t.cols)) // as the input has them
	defer in.Release()
	in.N = b.N
	for range t.cols {
		in.Cols = append(in.Cols, nil)
	}
	keys := len(t.spec.Keys)
	for i, k := range t.cols {
		if i >= keys {
			i++
		}
		in.Cols[k] = b.Cols[i].Retain()
	}
	data.HashKeys(in, t.spec.Keys)
	t.batch, t.rows = in, operator.Rows(in, t.rows)
	defer func() { t.batch = nil }()
	recs := make([]unsafe.Pointer, b.N)
	if _, err := t.keys.Resolve(in, t.spec.Keys, t.rows, recs); err != nil {
		return err
	}
	t.setPrefixes(in)
	if t.ttl > 0 {
		for _, rec := range recs { // the time they live begins anew
			partitionOf(rec).wrote = t.ctx.Env.Now
		}
	}
	for i, r := range t.rows {
		if err := t.loadRow(partitionOf(recs[i]), r, b.Cols[keys].I64[i]); err != nil {
			return err
		}
	}
	return nil
}

func (t *topN) loadRow(p *partition, r int32, id int64) error {
	row := []int32{r}
	sizes, err := t.layout.Sizes(&t.scratch, t.batch.Cols, row)
	if err != nil {
		return err
	}
	block, mem, err := t.heap.Alloc(rowHead + int(sizes[0]))
	if err != nil {
		return err
	}
	*(*int64)(mem) = id
	t.rowID = max(t.rowID, id)
	t.layout.Write(&t.scratch, t.batch.Cols, row, []unsafe.Pointer{unsafe.Add(mem, rowHead)})
	if t.single {
		p.n, p.prefix, p.block = 1, t.prefixes[r], block
		return nil
	}
	pos := t.find(p, r, false)
	for ; pos < int(p.n); pos++ {
		if e := t.at(p, pos); t.compare(*e, r) != 0 || (*(*int64)(t.heap.At(e.ref)) > id) != t.newest {
			break
		}
	}
	return t.insert(p, pos, entry{t.prefixes[r], block})
}
