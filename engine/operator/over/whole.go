package over

import (
	"cmp"
	"fmt"
	"slices"
	"unsafe"

	"github.com/weir-streams/weir/engine/accumulator"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/ordered"
)

// whole is OVER of batch mode: it keeps all rows, and when the input has ended
// gives each partition once. Frames may reach ahead.
type whole struct {
	frames
	held   operator.Held
	parts  map[string]*heap
	order  []*heap // as they came
	groups *accumulator.Groups
	ended  bool

	key, row []byte
	scratch  []int32
}

// heap is the rows of a partition, as they came.
type heap struct {
	rows []sorted
	gone map[string]int // rows taken back
}

type sorted struct{ key, row string }

func newWhole(f frames, op graph.Op, input []data.Column) (*whole, error) {
	if !f.spec.Rows {
		for _, b := range []graph.Bound{f.spec.Frame.From, f.spec.Frame.To} {
			if b.By != 0 && (len(f.spec.Order) != 1 || !ranged(input[f.spec.Order[0].Column].Type)) {
				return nil, fmt.Errorf("%s: RANGE of a value needs the order of one number, DATE or TIME", op.Name)
			}
		}
	}
	return &whole{frames: f, parts: map[string]*heap{}}, nil
}

func ranged(t data.Type) bool {
	switch t.Kind {
	case data.TinyInt, data.SmallInt, data.Int, data.BigInt, data.Float, data.Double, data.Decimal, data.Date, data.Time:
		return true
	}
	return false
}

// value is that of the order of a row: one of the two, by the type.
type value struct {
	exact data.Int128
	float float64
}

func (v value) neg() value { return value{exact: v.exact.Neg(), float: -v.float} }

// plus is the value so far away.
func (v value) plus(b graph.Bound) value {
	return value{exact: v.exact.Add(b.Units), float: v.float + b.By}
}

// valueAt is row i's value of v.
func valueAt(v *data.Vector, i int) value {
	switch v.Type.Phys() {
	case data.PhysI32:
		return value{exact: data.I128(int64(v.I32[i]))}
	case data.PhysI64:
		return value{exact: data.I128(v.I64[i])}
	case data.PhysI128:
		return value{exact: v.I128[i]}
	case data.PhysF32:
		return value{float: float64(v.F32[i])}
	}
	return value{float: v.F64[i]}
}

func (w *whole) Open(c *operator.Context) error {
	w.ctx = c
	w.held.Budget = c.Memory
	w.groups = w.set.NewGroups(c.Memory)
	return nil
}

func (w *whole) Close() error {
	if w.groups != nil {
		w.groups.Free()
		w.held.Free()
	}
	return nil
}

func (w *whole) Process(_ int, b *data.Batch, _ operator.Output) error {
	defer b.Release()
	w.scratch = operator.Rows(b, w.scratch)
	for _, r := range w.scratch {
		if err := w.take(b.Cols, int(r), b.Op(int(r)).Adds()); err != nil {
			return err
		}
	}
	w.ctx.Metrics.StateBytes.Store(w.held.Bytes())
	return nil
}

func (w *whole) take(cols []*data.Vector, r int, adds bool) error {
	w.key = data.EncodeRow(w.key[:0], cols, w.spec.Keys, r)
	p := w.parts[string(w.key)]
	if p == nil {
		p = &heap{}
		w.parts[string(w.key)] = p
		w.order = append(w.order, p)
	}
	w.row = w.layout.Encode(w.row[:0], cols, r)
	if !adds {
		if p.gone == nil {
			p.gone = map[string]int{}
		}
		p.gone[string(w.row)]++
		return nil
	}
	x := sorted{row: string(w.row), key: string(ordered.AppendKey(nil, cols, w.spec.Order, r))}
	p.rows = append(p.rows, x)
	return w.held.Take(len(x.row) + len(x.key))
}

func (w *whole) Watermark(wm int64, out operator.Output) error {
	if wm == data.MaxWatermark && !w.ended {
		w.ended = true
		for i, p := range w.order {
			if err := w.partition(p, out); err != nil {
				return err
			}
			if w.order[i] = nil; i%1024 == 1023 {
				w.groups.Free()
				w.groups = w.set.NewGroups(w.ctx.Memory)
			}
		}
	}
	return out.Watermark(wm)
}

// partition gives the rows of a partition in its order.
func (w *whole) partition(p *heap, out operator.Output) error {
	rows := p.rows
	if len(p.gone) > 0 {
		rows = slices.DeleteFunc(rows, func(x sorted) bool {
			n := p.gone[x.row]
			if n > 0 {
				p.gone[x.row] = n - 1
			}
			return n > 0
		})
	}
	slices.SortStableFunc(rows, func(a, b sorted) int { return cmp.Compare(a.key, b.key) })
	g := &giving{w: w, rows: rows, out: out, last: make([][]byte, len(w.aggs))}
	if err := g.peers(); err != nil {
		return err
	}
	lo, hi := 0, 0 // the frame folded in
	for i := range rows {
		from, to := g.frame(i)
		for ; lo < from; lo++ {
			if lo < hi {
				g.todo.add(rows[lo].row, data.Delete)
			}
		}
		for hi = max(hi, lo); hi < to; hi++ {
			g.todo.add(rows[hi].row, data.Insert)
		}
		g.places = append(g.places, spotOf{row: i, after: len(g.todo.rows) - 1, empty: from >= to})
		if len(g.todo.rows) >= maxSteps || len(g.places) >= data.BatchSize {
			if err := g.flush(); err != nil {
				return err
			}
		}
	}
	return g.flush()
}

// giving is a partition being given.
type giving struct {
	w     *whole
	rows  []sorted
	first []int // of the rows equal in the order, by row
	after []int // behind them
	dense []int // how many different before
	// A rank was computed: CUME_DIST after it counts equal rows one by one, as in Flink.
	ranked bool
	values []value
	floats bool   // values are not exact
	null   []bool // the value of the order is NULL
	todo   steps
	places []spotOf
	last   [][]byte // results after the steps before, by aggregate; nil: there were none
	out    operator.Output
}

type spotOf struct {
	row, after int
	empty      bool // its frame has no rows
}

// peers finds the rows that are equal in the order, and its values where frames
// are of values.
func (g *giving) peers() error {
	n := len(g.rows)
	g.first, g.after, g.dense = make([]int, n), make([]int, n), make([]int, n)
	different := 0
	for i := 0; i < n; {
		to := i + 1
		for to < n && g.rows[to].key == g.rows[i].key {
			to++
		}
		for k := i; k < to; k++ {
			g.first[k], g.after[k], g.dense[k] = i, to, different
		}
		different++
		i = to
	}
	f := g.w.spec.Frame
	if g.w.spec.Rows || f.From.By == 0 && f.To.By == 0 {
		return nil
	}
	b := g.w.layout.Batch(n)
	defer b.Release()
	for i, x := range g.rows {
		if _, err := g.w.layout.Decode(x.row, b.Cols, i); err != nil {
			return err
		}
	}
	g.values, g.null = make([]value, n), make([]bool, n)
	by := g.w.spec.Order[0]
	v := b.Cols[by.Column]
	g.floats = v.Type.Kind == data.Float || v.Type.Kind == data.Double
	for i := range n {
		if g.null[i] = v.IsNull(i); g.null[i] {
			continue
		}
		if g.values[i] = valueAt(v, i); by.Desc {
			g.values[i] = g.values[i].neg()
		}
	}
	return nil
}

// frame is the rows [from, to) of a row's frame.
func (g *giving) frame(i int) (from, to int) {
	f, n := g.w.spec.Frame, len(g.rows)
	from, to = 0, n
	if g.w.spec.Rows {
		if !f.From.Unbounded {
			from = min(max(i+int(f.From.By), 0), n)
		}
		if !f.To.Unbounded {
			to = min(max(i+int(f.To.By)+1, 0), n)
		}
		return from, to
	}
	if !f.From.Unbounded {
		from = g.first[i]
		if f.From.By != 0 && !g.null[i] {
			from = g.search(g.values[i].plus(f.From), false)
		}
	}
	if !f.To.Unbounded {
		to = g.after[i]
		if f.To.By != 0 && !g.null[i] {
			to = g.search(g.values[i].plus(f.To), true)
		}
	}
	return from, to
}

// search is the first row whose value is not below x, or (behind) above it.
func (g *giving) search(x value, behind bool) int {
	lo, hi := 0, len(g.rows)
	for lo < hi && g.null[lo] { // NULLs stand together, first or last
		lo = g.after[lo]
	}
	for hi > lo && g.null[hi-1] {
		hi = g.first[hi-1]
	}
	for lo < hi {
		mid := (lo + hi) / 2
		order := g.values[mid].exact.Cmp(x.exact)
		if g.floats {
			order = cmp.Compare(g.values[mid].float, x.float)
		}
		if order < 0 || behind && order == 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// flush takes the steps and gives the rows whose results they have.
func (g *giving) flush() error {
	aggs, err := g.fold()
	if err != nil {
		return err
	}
	w, n := g.w, len(g.places)
	if n == 0 {
		return nil
	}
	o := w.layout.Batch(n)
	for k, p := range g.places {
		if _, err := w.layout.Decode(g.rows[p.row].row, o.Cols, k); err != nil {
			o.Release()
			return err
		}
	}
	for _, c := range o.Cols {
		c.Resize(n)
	}
	o.N = n
	a := 0
	for _, c := range w.spec.Calls {
		var v *data.Vector
		if c.Agg != nil {
			v = aggs[a]
			a++
		} else if v, err = g.call(c, o); err != nil {
			o.Release()
			return err
		}
		g.ranked = g.ranked || c.Func == "RANK" || c.Func == "DENSE_RANK" || c.Func == "PERCENT_RANK"
		v.Type = c.Type
		o.Cols = append(o.Cols, v)
	}
	g.places = g.places[:0]
	return g.out.Emit(o)
}

// fold runs the steps: the results of each aggregate, by place.
func (g *giving) fold() ([]*data.Vector, error) {
	w, n := g.w, len(g.todo.rows)
	var stepped []*data.Vector
	if n > 0 && len(w.aggs) > 0 {
		b := w.layout.Batch(n)
		defer b.Release()
		for i, row := range g.todo.rows {
			if _, err := w.layout.Decode(row, b.Cols, i); err != nil {
				return nil, err
			}
		}
		b.N, b.Ops = n, g.todo.ops
		data.HashKeys(b, w.spec.Keys)
		all, recs := operator.Rows(b, nil), make([]unsafe.Pointer, n)
		if _, err := w.groups.Table.Resolve(b, w.spec.Keys, all, recs); err != nil {
			return nil, err
		}
		for _, a := range w.aggs {
			stepped = append(stepped, data.NewVector(a.Type, 2*n))
		}
		if err := w.set.Step(w.groups, recs, all, b, stepped, make([]int64, 2*n)); err != nil {
			return nil, err
		}
		if err := w.groups.Tidy(); err != nil {
			return nil, err
		}
	}
	var out []*data.Vector
	var buf []byte
	for a, agg := range w.aggs {
		v := data.NewVector(agg.Type, len(g.places))
		for k, p := range g.places {
			from := g.last[a]
			if p.after >= 0 {
				buf = data.EncodeValue(buf[:0], stepped[a], 2*p.after+1)
				from = buf
			}
			switch {
			case !p.empty && from != nil:
				if _, err := data.DecodeValue(from, v, k); err != nil {
					return nil, err
				}
			case agg.Type.Nullable:
				data.SetNullRow(v, k)
			default: // a number of rows
				v.I64[k] = 0
			}
		}
		out = append(out, v)
		if n > 0 {
			g.last[a] = data.EncodeValue(nil, stepped[a], 2*(n-1)+1)
			stepped[a].Release()
		}
	}
	g.todo.reset()
	return out, nil
}

// call computes what looks at the whole partition.
func (g *giving) call(c graph.OverCall, rows *data.Batch) (*data.Vector, error) {
	if c.Func == "LAG" || c.Func == "LEAD" {
		reads := make([]read, len(g.places))
		for k, p := range g.places {
			reads[k].lagged = []string{""}
			at := p.row - int(c.Offset)
			if c.Func == "LEAD" {
				at = p.row + int(c.Offset)
			}
			if at >= 0 && at < len(g.rows) {
				x, err := g.w.value(g.rows[at].row, c.Arg)
				if err != nil {
					return nil, err
				}
				reads[k].lagged[0] = x
			}
		}
		return g.w.lagged(c, reads, 0, rows)
	}
	v, n := data.NewVector(c.Type, len(g.places)), len(g.rows)
	for k, p := range g.places {
		i := p.row
		switch c.Func {
		case "RANK":
			v.I64[k] = int64(g.first[i] + 1)
		case "DENSE_RANK":
			v.I64[k] = int64(g.dense[i] + 1)
		case "ROW_NUMBER":
			v.I64[k] = int64(i + 1)
		case "NTILE":
			v.I64[k] = tile(i, n, int(c.Offset))
		case "PERCENT_RANK":
			if v.F64[k] = 0; n > 1 {
				v.F64[k] = float64(g.first[i]) / float64(n-1)
			}
		case "CUME_DIST":
			before := g.after[i]
			if g.ranked {
				before = i + 1
			}
			v.F64[k] = float64(before) / float64(n)
		}
	}
	return v, nil
}

// tile is in which of k parts row i of n is; the first ones take what is over.
func tile(i, n, k int) int64 {
	size, over := n/k, n%k
	if i < over*(size+1) {
		return int64(i/(size+1) + 1)
	}
	return int64(over + (i-over*(size+1))/size + 1)
}
