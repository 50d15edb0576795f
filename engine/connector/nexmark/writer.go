package nexmark

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
)

// writer puts the values of events into the columns wanted. Each leaf has one
// vector; columns that hold it again share that.
type writer struct {
	shape  shape
	source graph.Source
	wanted [3]bool // kinds of which there are rows
	mixed  bool    // more than one kind
	seen   [leaves]bool

	pools *pools
	col   [leaves]*data.Vector
	n     int // rows
	rows  [3][]int32
}

func newWriter(s shape, src graph.Source, p *pools) (*writer, error) {
	w := &writer{shape: s, source: src, wanted: kindsWanted(s, src), pools: p}
	n := 0
	for _, x := range w.wanted {
		if x {
			n++
		}
	}
	w.mixed = n > 1
	for _, path := range src.Output {
		if path.Metadata >= 0 || path.Column >= len(s.columns) || len(path.Fields) > 1 || len(path.Fields) == 1 && !s.columns[path.Column].row {
			return nil, fmt.Errorf("table %s: nexmark has no column %v", src.Table.Name, path)
		}
		switch c := s.columns[path.Column]; {
		case !c.row:
			w.seen[c.leaf] = true
		case len(path.Fields) == 1:
			w.seen[c.fields[path.Fields[0]]] = true
		default:
			for _, l := range c.fields {
				w.seen[l] = true
			}
		}
	}
	return w, nil
}

// begin takes the columns of b, with room for a full batch.
func (w *writer) begin(b *data.Batch) {
	w.col = [leaves]*data.Vector{}
	w.n = 0
	for k := range w.rows {
		w.rows[k] = w.rows[k][:0]
	}
	use := func(l leaf, v *data.Vector) *data.Vector {
		if w.col[l] != nil {
			v.Release()
			return w.col[l].Retain()
		}
		w.col[l] = v
		return v
	}
	for i, v := range b.Cols {
		v.Resize(data.BatchSize)
		path := w.source.Output[i]
		switch c := w.shape.columns[path.Column]; {
		case !c.row:
			b.Cols[i] = use(c.leaf, v)
		case len(path.Fields) == 1:
			b.Cols[i] = use(c.fields[path.Fields[0]], v)
		default:
			for k, l := range c.fields {
				v.Children[k] = use(l, v.Children[k])
			}
		}
	}
	for l, v := range w.col {
		if v == nil || v.Type.Phys() != data.PhysString {
			continue
		}
		if w.mixed {
			clear(v.Views)
		}
		switch leaf(l) {
		case personExtra, auctionExtra, bidExtra:
			v.AddBuffer(w.pools.extra.Retain())
		case bidChannel, bidURL:
			v.AddBuffer(w.pools.names.Retain())
		}
	}
}

// end sets what rows of other kinds leave NULL.
func (w *writer) end(b *data.Batch) {
	b.N = w.n
	var nulls [3][]uint64
	if w.mixed {
		for k := range nulls {
			bits := make([]uint64, (w.n+63)/64)
			for i := range bits {
				bits[i] = ^uint64(0)
			}
			if n := w.n & 63; n != 0 {
				bits[len(bits)-1] = 1<<n - 1
			}
			for _, r := range w.rows[k] {
				bits[r>>6] &^= 1 << (r & 63)
			}
			nulls[k] = bits
		}
	}
	set := func(v *data.Vector, kind int) {
		v.Nulls = nil
		if w.mixed && kind >= 0 {
			v.Nulls = append(make([]uint64, 0, (data.BatchSize+63)/64), nulls[kind]...)
		}
	}
	for l, v := range w.col {
		if v == nil {
			continue
		}
		if leaf(l) == eventType {
			set(v, -1)
			for k, rows := range w.rows {
				for _, r := range rows {
					v.I32[r] = int32(k)
				}
			}
		} else {
			set(v, kindOf(leaf(l)))
		}
		if v.Type.Phys() == data.PhysTime {
			clear(v.Nano[:w.n])
		}
		v.Resize(w.n)
	}
	for i, v := range b.Cols {
		path := w.source.Output[i]
		if c := w.shape.columns[path.Column]; c.row && len(path.Fields) == 0 {
			v.Nulls = nil
			v.Resize(w.n)
			set(v, c.kind)
		}
	}
}

// add makes the row of an event of a wanted kind.
func (w *writer) add(kind int) int {
	r := w.n
	w.n++
	w.rows[kind] = append(w.rows[kind], int32(r))
	return r
}

func (w *writer) num(l leaf, r int, x int64) {
	if v := w.col[l]; v != nil {
		v.I64[r] = x
	}
}

func (w *writer) str(l leaf, r int, s []byte) {
	if v := w.col[l]; v != nil {
		v.SetBytes(r, s)
	}
}

// piece makes row r of an extra column a piece of the pool.
func (w *writer) piece(l leaf, r, off, n int) {
	if v := w.col[l]; v != nil {
		v.Views[r] = view(w.pools.extra.B, off, n)
	}
}
