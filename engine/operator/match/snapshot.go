package match

import (
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// The canonical form: rows that wait, in order, with their times and sort keys,
// and for each partition its matches in the making as one value: rows, steps
// over them, and the two queues over the steps.

const (
	pendingState = "pending"
	searchState  = "search"
	timeState    = "watermark"
)

func (m *match) pendingSchema() []data.Column {
	keys, number := len(m.spec.Keys), data.Of(data.BigInt).NotNull()
	out := append(m.layout.Schema[:keys:keys], data.Column{Name: "n", Type: number})
	out = append(out, m.layout.Schema[keys:]...)
	return append(out, data.Column{Name: "at", Type: number},
		data.Column{Name: "order", Type: data.Type{Kind: data.VarBinary, Precision: data.MaxLength}})
}

func (m *match) searchSchema() []data.Column {
	out := m.layout.Schema[:len(m.spec.Keys):len(m.spec.Keys)]
	return append(out, data.Column{Name: "search", Type: data.Type{Kind: data.VarBinary, Precision: data.MaxLength}})
}

// Snapshot writes what waits and what is in the making.
func (m *match) Snapshot(w *state.Writer) error { return operator.SnapshotWhole(m, w) }

// rowsAtOnce is how many waiting rows of a partition are written as one piece,
// pieces how many of those are written at a time.
const rowsAtOnce, pieces = 64, 24

// Begin fixes the partitions of this moment. One that changed is written anew.
func (m *match) Begin(w *state.Writer) error {
	n := len(m.spec.Keys)
	pending := w.Keyed(pendingState, n, n+1, m.pendingSchema())
	searches := w.Keyed(searchState, n, n, m.searchSchema())
	w.List(timeState, state.Union, [][]byte{operator.Int64Item(m.watermark)})
	var row []byte
	m.parts.Begin(searches.Whole(), m.ctx.MaxParallelism, operator.PartsSnapshot[part]{
		Freeze: func(p *part) part {
			return part{pending: slices.Clone(p.pending), saved: m.save(p)}
		},
		Write: func(x *operator.FrozenPart[part], at int) (int, error) {
			if at == 0 {
				pending.Clear(x.Group, x.Key)
				saved := x.Value.saved
				if saved == nil {
					saved = m.save(x.Value)
				}
				row = appendBytes(append(append(row[:0], x.Key...), 1), unsafe.String(unsafe.SliceData(saved), len(saved)))
				searches.Put(x.Group, row)
			}
			all := x.Value.pending
			stop := min((at+1)*rowsAtOnce, len(all))
			for i := at * rowsAtOnce; i < stop; i++ {
				key, own := m.entry(all[i].row)
				row = binary.AppendVarint(append(append(row[:0], x.Key...), 1), int64(i))
				row = append(row, own[len(x.Key):]...)
				row = binary.AppendVarint(append(row, 1), all[i].at)
				row = appendBytes(append(row, 1), key)
				pending.Put(x.Group, row)
			}
			if stop == len(all) {
				return -1, nil
			}
			return at + 1, nil
		},
		Clear: func(group int, key []byte) {
			pending.Clear(group, key)
			searches.Clear(group, key)
		},
	})
	return nil
}

// Continue writes some partitions.
func (m *match) Continue() (bool, error) { return m.parts.Continue(pieces) }

// End says what became of the snapshot.
func (m *match) End(_ int64, completed bool) {
	m.parts.End(completed)
	m.kept.Settle(false)
}

// Resumed says that what was restored is durable.
func (m *match) Resumed(int64) { m.parts.Restored() }

func appendBytes(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// save writes a partition's search.
func (m *match) save(p *part) []byte {
	var events []*event
	var steps []*step
	eventAt, stepAt := map[*event]uint64{}, map[*step]uint64{}
	add := func(s *step) {
		var path []*step
		for ; s != nil && stepAt[s] == 0; s = s.prev {
			path = append(path, s)
		}
		for i := len(path) - 1; i >= 0; i-- { // those before come first
			steps = append(steps, path[i])
			stepAt[path[i]] = uint64(len(steps))
			if e := path[i].event; eventAt[e] == 0 {
				events = append(events, e)
				eventAt[e] = uint64(len(events))
			}
		}
	}
	lists := [][]*partial{p.search.partials.a, p.search.complete.a}
	for _, l := range lists {
		for _, x := range l {
			add(x.path)
		}
	}
	out := binary.AppendVarint(nil, p.seq)
	out = binary.AppendUvarint(out, uint64(len(events)))
	for _, e := range events {
		out = binary.AppendVarint(binary.AppendVarint(out, e.at), e.seq)
		out = m.appendColumns(out, e)
	}
	out = binary.AppendUvarint(out, uint64(len(steps)))
	for _, s := range steps {
		out = binary.AppendUvarint(out, eventAt[s.event])
		out = binary.AppendUvarint(out, uint64(s.variable))
		out = binary.AppendUvarint(out, stepAt[s.prev]) // 0: none
	}
	for _, l := range lists {
		out = binary.AppendUvarint(out, uint64(len(l)))
		for _, x := range l {
			out = binary.AppendUvarint(out, uint64(x.state))
			out = binary.AppendUvarint(out, stepAt[x.path])
		}
	}
	return out
}

// appendColumns appends the columns of a row in the order of the input, each
// encoded and behind its length.
func (m *match) appendColumns(out []byte, e *event) []byte {
	for k := range m.layout.Cols {
		v, err := m.column(e, k)
		if err != nil { // it was read before
			v = null
		}
		out = appendBytes(out, v)
	}
	return out
}

var errSearch = errors.New("a saved search is damaged")

// reader reads what save wrote; after an error it reads zeros.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uint(limit int) int {
	x, n := binary.Uvarint(r.b)
	if n <= 0 || x > uint64(limit) {
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return int(x)
}

func (r *reader) int() int64 {
	x, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return x
}

func (r *reader) text() string {
	n := r.uint(len(r.b))
	if r.bad || n > len(r.b) {
		r.bad = true
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

func (m *match) load(saved []byte, p *part) error {
	r := &reader{b: saved}
	p.seq = r.int()
	events := make([]*event, r.uint(len(saved)))
	for i := range events {
		e := &event{at: r.int(), seq: r.int()}
		values := make([]string, len(m.layout.Cols))
		for k := range values {
			values[k] = r.text()
		}
		if r.bad {
			return errSearch
		}
		m.row = m.row[:0]
		for _, k := range m.layout.Cols {
			m.row = append(m.row, values[k]...)
		}
		var err error
		if e.row, err = m.keep(nil, m.row); err != nil {
			return err
		}
		p.events = append(p.events, e)
		events[i] = e
	}
	steps := make([]*step, r.uint(len(saved)))
	for i := range steps {
		e, v, prev := r.uint(len(events)), r.uint(len(m.spec.Vars)-1), r.uint(i)
		if r.bad || e == 0 {
			return errSearch
		}
		steps[i] = &step{event: events[e-1], variable: v}
		if prev > 0 {
			steps[i].prev = steps[prev-1]
		}
	}
	for _, q := range []*queue{&p.search.partials, &p.search.complete} {
		q.a = nil
		for n := r.uint(len(saved)); n > 0 && !r.bad; n-- {
			x := &partial{state: r.uint(len(m.automaton.states) - 1)}
			if at := r.uint(len(steps)); at > 0 && !r.bad {
				x.path = steps[at-1]
				s := x.path
				for s.prev != nil {
					s = s.prev
				}
				x.start = s.event
			}
			q.a = append(q.a, x)
		}
	}
	if r.bad || len(p.search.partials.a) == 0 {
		return errSearch
	}
	return nil
}

// Restore reads what Snapshot wrote.
func (m *match) Restore(r *state.Reader) error {
	least := int64(math.MaxInt64)
	for _, item := range r.Items(timeState) {
		wm, err := operator.Int64Of(item)
		if err != nil {
			return err
		}
		least = min(least, wm)
	}
	if least != math.MaxInt64 {
		m.watermark = least
	}
	n := len(m.spec.Keys)
	type place struct {
		n int64
		w waiting
	}
	found := map[*operator.Partition[part]][]place{}
	err := operator.EachKept(r, searchState, m.searchSchema(), n, m.parts, func(b *data.Batch, _ []byte, x *operator.Partition[part]) error {
		if err := m.load(b.Cols[n].Bytes(0), &x.Value); err != nil {
			return err
		}
		return m.account(&x.Value)
	})
	if err != nil {
		return err
	}
	types := m.single
	err = operator.EachKept(r, pendingState, m.pendingSchema(), n, m.parts, func(b *data.Batch, row []byte, x *operator.Partition[part]) error {
		after, err := data.SkipValues(row, types[:n])
		if err != nil {
			return fmt.Errorf("a waiting row: %w", err)
		}
		m.row = append(m.row[:0], row[:len(row)-len(after)]...)
		if after, err = data.SkipValues(after, []data.Type{data.Of(data.BigInt)}); err != nil {
			return fmt.Errorf("a waiting row: %w", err)
		}
		rest, err := data.SkipValues(after, types[n:])
		if err != nil {
			return fmt.Errorf("a waiting row: %w", err)
		}
		m.row = append(m.row, after[:len(after)-len(rest)]...)
		c := b.Cols[len(b.Cols)-2:]
		h, err := m.keep(c[1].Bytes(0), m.row)
		if err != nil {
			return err
		}
		found[x] = append(found[x], place{b.Cols[n].I64[0], waiting{c[0].I64[0], h}})
		return nil
	})
	for x, list := range found {
		slices.SortFunc(list, func(a, b place) int { return int(a.n - b.n) })
		v := &x.Value
		if v.search.partials.a == nil {
			v.search = newSearch(m.automaton)
		}
		for _, p := range list {
			v.pending = append(v.pending, p.w)
		}
		if m.spec.Time == data.EventTime {
			heap.Push(&m.due, appointment{v.pending[0].at, x})
		}
	}
	return err
}
