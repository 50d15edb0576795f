package match

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

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
	out := m.layout.Schema[:len(m.layout.Schema):len(m.layout.Schema)]
	return append(out, data.Column{Name: "at", Type: data.Of(data.BigInt).NotNull()},
		data.Column{Name: "order", Type: data.Type{Kind: data.VarBinary, Precision: data.MaxLength}})
}

func (m *match) searchSchema() []data.Column {
	out := m.layout.Schema[:len(m.spec.Keys):len(m.spec.Keys)]
	return append(out, data.Column{Name: "search", Type: data.Type{Kind: data.VarBinary, Precision: data.MaxLength}})
}

// Snapshot writes what waits and what is in the making.
func (m *match) Snapshot(w *state.Writer) error {
	pending := w.Keyed(pendingState, len(m.spec.Keys), 0, m.pendingSchema())
	searches := w.Keyed(searchState, len(m.spec.Keys), 0, m.searchSchema())
	var row []byte
	m.parts.Each(m.ctx.MaxParallelism, func(group int, x *operator.Partition[part]) {
		for _, p := range x.Value.pending {
			row = binary.AppendVarint(append(append(row[:0], p.row...), 1), p.at)
			row = appendBytes(append(row, 1), p.key)
			pending.Append(group, row)
		}
		row = appendBytes(append(m.parts.Key(row[:0], x), 1), string(save(&x.Value)))
		searches.Append(group, row)
	})
	w.List(timeState, state.Union, [][]byte{operator.Int64Item(m.watermark)})
	return nil
}

func appendBytes(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// save writes a partition's search.
func save(p *part) []byte {
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
		for _, v := range e.values {
			out = appendBytes(out, v)
		}
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
		e := &event{at: r.int(), seq: r.int(), values: make([]string, len(m.layout.Cols))}
		for k := range e.values {
			e.values[k] = r.text()
		}
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
	err := operator.EachKept(r, searchState, m.searchSchema(), n, m.parts, func(b *data.Batch, _ []byte, x *operator.Partition[part]) error {
		if err := m.load(b.Cols[n].Bytes(0), &x.Value); err != nil {
			return err
		}
		return m.account(&x.Value)
	})
	if err != nil {
		return err
	}
	types := make([]data.Type, len(m.layout.Schema))
	for i, c := range m.layout.Schema {
		types[i] = c.Type
	}
	return operator.EachKept(r, pendingState, m.pendingSchema(), n, m.parts, func(b *data.Batch, row []byte, x *operator.Partition[part]) error {
		rest, err := data.SkipValues(row, types)
		if err != nil {
			return fmt.Errorf("a waiting row: %w", err)
		}
		own := string(row[:len(row)-len(rest)])
		c := b.Cols[len(types):]
		return m.put(x, waiting{at: c[0].I64[0], key: string(c[1].Bytes(0)), row: own})
	})
}
