package match

import "github.com/weir-streams/weir/engine/graph"

// automaton is a pattern as states. A row is taken along an edge; a proceeding
// edge is followed first, without taking the row. A greedy variable denies its
// rows to what follows: the edges there ask that it does not fit.
type automaton struct {
	states []node
	start  int
}

// final is the state of complete matches.
const final = 0

type node struct {
	variable int
	edges    []edge
}

type edge struct {
	proceed bool
	to      int
	fits    int   // variable whose definition must be TRUE; -1: none
	not     []int // variables whose definitions must not be
}

func compile(pattern []graph.MatchItem) *automaton {
	a := &automaton{states: []node{{variable: -1}}}
	sink := final
	for i := len(pattern) - 1; i >= 0; i-- {
		sink = a.item(pattern[i], sink)
	}
	a.start = sink
	return a
}

func (a *automaton) item(p graph.MatchItem, sink int) int {
	b := builder{automaton: a, variable: p.Var, greedy: p.Greedy && p.Min != p.Max && !(p.Min == 0 && p.Max == 1)}
	optional, from := p.Min == 0, max(p.Min, 1)
	switch {
	case p.Max < 0:
		loop := b.state()
		if b.greedy {
			b.edge(loop, edge{proceed: true, to: sink, fits: -1, not: []int{p.Var}})
			b.deny(sink)
		} else {
			b.edge(loop, edge{proceed: true, to: sink, fits: -1})
		}
		b.edge(loop, edge{to: loop, fits: p.Var})
		return b.times(loop, sink, from, from, optional)
	case p.Max == 1:
		return b.once(sink, sink, optional)
	}
	if b.greedy && from != p.Max {
		b.deny(sink)
	}
	return b.times(sink, sink, from, p.Max, optional)
}

// builder makes the states of one item.
type builder struct {
	*automaton
	variable int
	greedy   bool
}

func (b *builder) state() int {
	b.states = append(b.states, node{variable: b.variable})
	return len(b.states) - 1
}

func (b *builder) edge(from int, e edge) { b.states[from].edges = append(b.states[from].edges, e) }

// deny keeps rows that fit the item from what follows it.
func (b *builder) deny(sink int) {
	for i := range b.states[sink].edges {
		e := &b.states[sink].edges[i]
		e.not = append(e.not[:len(e.not):len(e.not)], b.variable)
	}
}

// once takes a row, or where it is optional goes on without one.
func (b *builder) once(sink, onward int, optional bool) int {
	s := b.state()
	b.edge(s, edge{to: sink, fits: b.variable})
	if optional {
		e := edge{proceed: true, to: onward, fits: -1}
		if b.greedy {
			e.not = []int{b.variable}
		}
		b.edge(s, e)
	}
	return s
}

// times takes a row from to to times.
func (b *builder) times(sink, onward, from, to int, optional bool) int {
	last := sink
	for i := from; i < to; i++ {
		last = b.once(last, onward, true)
	}
	for range from - 1 {
		last = b.once(last, onward, false)
	}
	return b.once(last, onward, optional)
}
