package match

import (
	"errors"

	"github.com/weir-streams/weir/engine/graph"
)

// event is a row of a partition.
type event struct {
	at    int64
	seq   int64  // in its partition
	row   uint64 // what is kept of it
	round int64  // of the last sweep that saw it in use
	// truth is what definitions say that look at nothing but the row: 0 not asked.
	truth []int8
}

func (e *event) compare(o *event) int {
	switch {
	case e.at < o.at || e.at == o.at && e.seq < o.seq:
		return -1
	case e == o || e.at == o.at && e.seq == o.seq:
		return 0
	}
	return 1
}

// step is a row taken by a variable, and what was taken before it.
type step struct {
	event    *event
	variable int
	prev     *step
	round    int64 // of the last sweep that came by
}

// partial is a match in the making.
type partial struct {
	state int
	start *event // nil: not begun
	path  *step
}

// search is the matches in the making of a partition.
type search struct {
	partials queue
	complete queue // that wait for one that began earlier
}

func newSearch(a *automaton) search {
	return search{partials: queue{a: []*partial{{state: a.start}}}}
}

// idle tells whether nothing has begun.
func (s *search) idle() bool { return len(s.partials.a) == 1 && len(s.complete.a) == 0 }

// advance drops what takes longer than it may.
func (m *match) advance(s *search, now int64, found func(p *partial) error) error {
	var kept queue
	for _, p := range s.partials.a {
		if p.start != nil && m.spec.WithinMillis > 0 && now-p.start.at >= m.spec.WithinMillis {
			continue
		}
		kept.add(p)
	}
	s.partials = kept
	return m.settle(s, found)
}

// feed shows a row to all matches in the making.
func (m *match) feed(s *search, e *event, found func(p *partial) error) error {
	var fresh, done queue
	for _, p := range s.partials.a {
		next, err := m.next(p, e)
		if err != nil {
			return err
		}
		for _, n := range next {
			if n.state == final {
				done.add(n)
			} else {
				fresh.add(n)
			}
		}
	}
	for _, p := range done.a {
		s.complete.add(p)
	}
	s.partials = fresh
	return m.settle(s, found)
}

// settle gives the matches that nothing in the making began before, and drops
// what they skip.
func (m *match) settle(s *search, found func(p *partial) error) error {
	for {
		p := s.complete.peek()
		if p == nil {
			return nil
		}
		if first := s.partials.peek(); first != nil && before(p, first) > 0 {
			return nil
		}
		s.complete.poll()
		skip, err := m.skipped(p)
		if err != nil {
			return err
		}
		s.partials.remove(skip)
		s.complete.remove(skip)
		if err := found(p); err != nil {
			return err
		}
	}
}

var errSkipToFirst = errors.New("after a match: Could not skip to first element of a match. AFTER MATCH SKIP to the first row of the match would find it again without end; skip to the next row or past the last one")

// skipped tells which others a match drops.
func (m *match) skipped(p *partial) (func(x *partial) bool, error) {
	switch m.spec.Skip {
	case graph.SkipToNext:
		return func(x *partial) bool { return x.start != nil && x.start.compare(p.start) <= 0 }, nil
	case graph.SkipPastLast:
		last := p.path.event
		return func(x *partial) bool { return x.start != nil && x.start.compare(last) <= 0 }, nil
	}
	var to *event
	for s := p.path; s != nil; s = s.prev {
		if s.variable == m.spec.SkipVar {
			if to == nil || m.spec.Skip == graph.SkipToFirst {
				to = s.event
			}
		}
	}
	if to == nil {
		return nil, errors.New("after a match: Could not skip to pattern " + m.spec.Vars[m.spec.SkipVar] + ". No such pattern was found in the match: AFTER MATCH SKIP needs a variable that every match has")
	}
	if to.compare(p.start) == 0 {
		return nil, errSkipToFirst
	}
	return func(x *partial) bool { return x.start != nil && x.start.compare(to) < 0 }, nil
}

// next gives what becomes of p with a row: nothing, or one for each way to take it.
func (m *match) next(p *partial, e *event) ([]*partial, error) {
	m.eval.about(p, e)
	var out []*partial
	m.stack = append(m.stack[:0], p.state)
	for len(m.stack) > 0 {
		k := m.stack[len(m.stack)-1]
		m.stack = m.stack[:len(m.stack)-1]
		for i := range m.automaton.states[k].edges {
			edge := &m.automaton.states[k].edges[i]
			ok, err := m.passes(edge)
			if err != nil {
				return nil, err
			}
			switch {
			case !ok:
			case edge.proceed:
				m.stack = append(m.stack, edge.to)
			default:
				n := &partial{state: edge.to, start: p.start, path: &step{event: e, variable: m.automaton.states[k].variable, prev: p.path}}
				if n.start == nil {
					n.start = e
				}
				out = append(out, n)
				complete, err := m.ends(edge.to)
				if err != nil {
					return nil, err
				}
				if complete {
					out = append(out, &partial{state: final, start: n.start, path: n.path})
				}
			}
		}
	}
	if p.start == nil {
		out = append(out, p)
	}
	return out, nil
}

// ends tells whether a state needs no more rows.
func (m *match) ends(s int) (bool, error) {
	todo := []int{s}
	for len(todo) > 0 {
		k := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for i := range m.automaton.states[k].edges {
			edge := &m.automaton.states[k].edges[i]
			if !edge.proceed {
				continue
			}
			ok, err := m.passes(edge)
			if err != nil {
				return false, err
			}
			switch {
			case !ok:
			case edge.to == final:
				return true, nil
			default:
				todo = append(todo, edge.to)
			}
		}
	}
	return false, nil
}

func (m *match) passes(e *edge) (bool, error) {
	if e.fits >= 0 {
		if ok, err := m.eval.fits(e.fits); !ok || err != nil {
			return false, err
		}
	}
	for _, v := range e.not {
		if ok, err := m.eval.fits(v); ok || err != nil {
			return false, err
		}
	}
	return true, nil
}
