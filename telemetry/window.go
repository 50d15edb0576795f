package telemetry

import (
	"math"
	"slices"
	"time"

	"github.com/weir-streams/weir/resource"
)

// How much is kept of a deployment. The steps are those of one server that
// watches up to a few hundred jobs; with more it measures less often.
const (
	fineKept   = 360 // measurements: half an hour, five seconds apart
	coarseStep = 2 * time.Minute
	coarseKept = 720 // a day
	marksKept  = 64
)

// metric is one of the series; the place in all is its index.
type metric struct {
	name, unit string
	last       bool // of a span of time the last value counts, not the mean
}

// Of an operator there are the first six.
var all = []metric{
	{"recordsIn", "records/s", false},
	{"recordsOut", "records/s", false},
	{"busy", "share", false},
	{"backPressured", "share", false},
	{"idle", "share", false},
	{"watermarkLag", "ms", false},
	{"pendingRecords", "records", false},
	{"stateSize", "bytes", true},
	{"checkpointDuration", "ms", true},
	{"checkpointSize", "bytes", true},
	{"restarts", "count", true},
	{"memory", "bytes", false},
	{"cpu", "cores", false},
}

const ofOperators = 6

// series holds the values of several metrics at the same times. Single
// precision is enough for what is drawn.
type series struct {
	times  []int64 // milliseconds
	values [][]float32
	kept   int
}

func newSeries(metrics, kept int) *series {
	return &series{values: make([][]float32, metrics), kept: kept}
}

func (s *series) add(at int64, values []float64) {
	if len(s.times) > 0 && at <= s.times[len(s.times)-1] {
		return // the clock went back
	}
	if len(s.times) == s.kept {
		copy(s.times, s.times[1:])
		s.times = s.times[:s.kept-1]
		for i := range s.values {
			copy(s.values[i], s.values[i][1:])
			s.values[i] = s.values[i][:s.kept-1]
		}
	}
	s.times = append(s.times, at)
	for i := range s.values {
		s.values[i] = append(s.values[i], float32(values[i]))
	}
}

// newest are the last n values of a metric.
func (s *series) newest(metric, n int) []float64 {
	v := s.values[metric]
	v = v[max(0, len(v)-n):]
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = orZero(float64(x))
	}
	return out
}

// window is what is kept of one deployment: of its jobs, one after the other,
// and of the operators of the newest one.
type window struct {
	fine, coarse *series
	operators    map[string]*series
	names        map[string]string // of the operators
	order        []string          // of the operators
	marks        []resource.MetricMark
	pile         []float64 // sums since the last coarse value
	piled        []int
	pileFrom     time.Time
}

func newWindow() *window {
	return &window{
		fine: newSeries(len(all), fineKept), coarse: newSeries(len(all), coarseKept), operators: map[string]*series{}, names: map[string]string{},
		pile: make([]float64, len(all)), piled: make([]int, len(all)),
	}
}

// began marks that another job began.
func (w *window) began(m resource.MetricMark) {
	w.marks = append(w.marks, m)
	w.marks = w.marks[max(0, len(w.marks)-marksKept):]
	w.order = nil
	clear(w.operators)
	clear(w.names)
}

// add keeps the numbers of a look; before is the look before it at the same
// job, if there is one.
func (w *window) add(l, before *look) {
	at := l.at.UnixMilli()
	w.order = w.order[:0]
	for i := range l.operators {
		o := &l.operators[i]
		s := w.operators[o.id]
		if s == nil {
			s = newSeries(ofOperators, fineKept)
			w.operators[o.id] = s
		}
		w.names[o.id] = o.name
		w.order = append(w.order, o.id)
		s.add(at, []float64{o.inRate, o.outRate, o.busy, o.held, o.idle, o.lag(l.at)})
	}
	values := l.values(before)
	w.fine.add(at, values)
	w.heap(l.at, values)
}

// heap makes coarse values of fine ones.
func (w *window) heap(at time.Time, values []float64) {
	if w.pileFrom.IsZero() || at.Sub(w.pileFrom) > 2*coarseStep {
		w.pileFrom = at
		clear(w.piled)
	}
	for i, v := range values {
		switch {
		case math.IsNaN(v):
		case w.piled[i] == 0 || all[i].last:
			w.pile[i], w.piled[i] = v, 1
		default:
			w.pile[i] += v
			w.piled[i]++
		}
	}
	if at.Sub(w.pileFrom) < coarseStep {
		return
	}
	mean := make([]float64, len(all))
	for i := range mean {
		mean[i] = math.NaN()
		if w.piled[i] > 0 {
			mean[i] = w.pile[i] / float64(w.piled[i])
		}
	}
	w.coarse.add(at.UnixMilli(), mean)
	w.pileFrom = at
	clear(w.piled)
}

// values are the job's own, in the order of all.
func (l *look) values(before *look) []float64 {
	s := l.summary()
	v := []float64{
		s.RecordsIn, s.RecordsOut, s.Busy, s.BackPressured, math.NaN(), orNaN(s.WatermarkLag), orNaN(s.PendingRecords),
		math.NaN(), l.pictures.duration, l.pictures.size, float64(l.restarts), l.memory, math.NaN(),
	}
	var state float64
	for i := range l.operators {
		state += orZero(l.operators[i].state)
		if idle := l.operators[i].idle; !math.IsNaN(idle) && !(v[4] < idle) {
			v[4] = idle // of the one that has most to do
		}
	}
	v[7] = state
	if state == 0 {
		v[7] = l.pictures.size // a cluster that says no more
	}
	if before != nil && l.at.After(before.at) && l.cpuTime >= before.cpuTime {
		v[12] = (l.cpuTime - before.cpuTime) / float64(l.at.Sub(before.at).Nanoseconds())
	}
	return v
}

// lag is how far event time in an operator is behind the clock.
func (o *operator) lag(now time.Time) float64 {
	if !told(o.watermark) {
		return math.NaN()
	}
	return float64(now.UnixMilli()) - o.watermark
}

// summary is a look in a line.
func (l *look) summary() resource.RunningSummary {
	s := resource.RunningSummary{At: l.at.UnixMilli(), Restarts: l.restarts}
	lag, pending := math.NaN(), math.NaN()
	for i := range l.operators {
		o := &l.operators[i]
		if o.source() {
			_, rate := o.taken()
			s.RecordsIn += rate
		}
		if !o.feeds {
			_, rate := o.given()
			s.RecordsOut += rate
		}
		s.Busy, s.BackPressured = max(s.Busy, orZero(o.busiest)), max(s.BackPressured, orZero(o.held))
		if v := o.lag(l.at); !math.IsNaN(v) && !(v <= lag) {
			lag = v
		}
		if !math.IsNaN(o.pending) {
			pending = orZero(pending) + o.pending
		}
	}
	s.WatermarkLag, s.PendingRecords = number(lag), number(pending)
	s.CheckpointDuration, s.CheckpointSize = number(l.pictures.duration), number(l.pictures.size)
	return s
}

// number is what JSON can say: nil for what is not known.
func number(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func orNaN(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// metrics answers with the series between two moments, in at most points points.
func (w *window) metrics(from, to time.Time, points int, interval time.Duration) resource.DeploymentMetrics {
	begin, end := from.UnixMilli(), to.UnixMilli()
	m := resource.DeploymentMetrics{Kind: resource.KindDeploymentMetrics, From: begin, To: end, Series: []resource.MetricSeries{}, Marks: []resource.MetricMark{}}
	m.Step = max((end-begin+int64(points)-1)/int64(points), interval.Milliseconds())
	oldest := int64(math.MaxInt64)
	if len(w.fine.times) > 0 {
		oldest = w.fine.times[0]
	}
	if begin < oldest && len(w.coarse.times) > 0 && w.coarse.times[0] < oldest {
		m.Step = max(m.Step, coarseStep.Milliseconds())
	}
	for i, kind := range all {
		g := newGrid(begin, end, m.Step, kind.last)
		g.take(w.coarse, i, math.MinInt64, oldest)
		g.take(w.fine, i, oldest, math.MaxInt64)
		if g.any {
			m.Series = append(m.Series, resource.MetricSeries{Name: kind.name, Unit: kind.unit, Points: g.points()})
		}
	}
	for _, id := range w.order {
		for i, kind := range all[:ofOperators] {
			g := newGrid(begin, end, m.Step, kind.last)
			g.take(w.operators[id], i, math.MinInt64, math.MaxInt64)
			if g.any {
				m.Series = append(m.Series, resource.MetricSeries{Name: kind.name, Unit: kind.unit, Operator: id, OperatorName: w.names[id], Points: g.points()})
			}
		}
	}
	for _, mark := range w.marks {
		if mark.At >= begin && mark.At <= end {
			m.Marks = append(m.Marks, mark)
		}
	}
	return m
}

// grid gathers values in steps of time.
type grid struct {
	from, step int64
	sums       []float64
	counts     []int
	last, any  bool
}

func newGrid(from, to, step int64, last bool) *grid {
	n := int((to-from)/step) + 1
	return &grid{from: from, step: step, sums: make([]float64, n), counts: make([]int, n), last: last}
}

// take gathers the values of a metric at the times since and before others.
func (g *grid) take(s *series, metric int, since, before int64) {
	first, _ := slices.BinarySearch(s.times, max(g.from, since))
	for i := first; i < len(s.times) && s.times[i] < before; i++ {
		k := (s.times[i] - g.from) / g.step
		if k >= int64(len(g.sums)) {
			return
		}
		v := float64(s.values[metric][i])
		switch {
		case math.IsNaN(v):
			continue
		case g.last:
			g.sums[k], g.counts[k] = v, 1
		default:
			g.sums[k] += v
			g.counts[k]++
		}
		g.any = true
	}
}

// points are the steps from the first with a value to the last.
func (g *grid) points() []resource.MetricPoint {
	first, last := -1, -1
	for k, n := range g.counts {
		if n > 0 {
			if first < 0 {
				first = k
			}
			last = k
		}
	}
	out := []resource.MetricPoint{}
	for k := first; k >= 0 && k <= last; k++ {
		at := float64(g.from + int64(k)*g.step)
		p := resource.MetricPoint{&at, nil}
		if g.counts[k] > 0 {
			p[1] = number(g.sums[k] / float64(g.counts[k]))
		}
		out = append(out, p)
	}
	return out
}
