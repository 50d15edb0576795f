package accumulator

import (
	"fmt"
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
)

// maxFilters is how many filters share one table of distinct values.
const maxFilters = 64

// make builds the accumulator of a call and takes its bytes of the record.
func (s *Set) make(i int, c graph.AggCall, input []data.Column) (accumulator, error) {
	s.member = append(s.member, member{})
	if c.Distinct && !idempotent(c.Func) {
		if len(c.Args) == 0 || c.Func != "LISTAGG" && len(c.Args) > 1 {
			return nil, fmt.Errorf("DISTINCT over %d arguments is not supported by this engine yet; run it on a Flink target", len(c.Args))
		}
		s.member[i] = s.distinctBy(c, input)
	}
	return s.plain(i, c, input)
}

// idempotent functions do not care how often a value comes.
func idempotent(name string) bool { return name == "MIN" || name == "MAX" }

// distinctBy finds or makes the table of the distinct values of a call's
// argument, and the bit of its filter.
func (s *Set) distinctBy(c graph.AggCall, input []data.Column) member {
	nulls := c.Func == "ARRAY_AGG"
	for _, d := range s.distinct {
		if d.arg != c.Args[0] {
			continue
		}
		bit := slices.Index(d.filters, c.Filter)
		if bit < 0 {
			if len(d.filters) == maxFilters {
				continue
			}
			bit = len(d.filters)
			d.filters = append(d.filters, c.Filter)
			d.lists = append(d.lists, scratch{})
			if d.counted {
				s.sides[d.side].numbers++
			}
		}
		d.nulls = d.nulls || nulls
		return member{d, bit}
	}
	d := &distinct{arg: c.Args[0], filters: []int{c.Filter}, lists: make([]scratch, 1), nulls: nulls, counted: s.retracts}
	d.side = s.addSide(fmt.Sprintf("distinct%d", len(s.distinct)), d.arg, input[d.arg].Type, d.counted)
	s.distinct = append(s.distinct, d)
	return member{d, 0}
}

func (s *Set) plain(i int, c graph.AggCall, input []data.Column) (accumulator, error) {
	if f := s.functions.Aggregate(c.Func); f != nil && f.Fold != nil {
		return s.user(c, f, input)
	}
	if c.Func == "COUNT" {
		if s.everyRow(i, c.Filter, c.Args, input) {
			return tally{}, nil
		}
		return &count{off: s.room(8), args: c.Args}, nil
	}
	if len(c.Args) != 1 && !(c.Func == "LISTAGG" && len(c.Args) == 2) {
		return nil, fmt.Errorf("takes one argument, got %d", len(c.Args))
	}
	arg := c.Args[0]
	t := input[arg].Type
	switch c.Func {
	case "SUM", "AVG", "$SUM0", "SUM0":
		avg, zero := c.Func == "AVG", c.Func == "$SUM0" || c.Func == "SUM0"
		switch t.Kind {
		case data.TinyInt, data.SmallInt, data.Int, data.BigInt:
			return &sumInt{off: s.room(8), n: s.newNumber(i, c.Filter, arg, input, avg, false), arg: arg, avg: avg, zero: zero, kind: c.Type.Kind}, nil
		case data.Float, data.Double:
			return &sumFloat{off: s.room(8), n: s.newNumber(i, c.Filter, arg, input, avg, true), arg: arg, avg: avg, zero: zero, narrow: t.Kind == data.Float && !avg}, nil
		case data.Decimal:
			return &sumDecimal{off: s.room(16), n: s.newNumber(i, c.Filter, arg, input, avg, true), arg: arg, avg: avg, zero: zero, scale: t.Scale, typ: c.Type}, nil
		}
	case "STDDEV_POP", "STDDEV_SAMP", "VAR_POP", "VAR_SAMP":
		switch t.Kind {
		case data.TinyInt, data.SmallInt, data.Int, data.BigInt, data.Float, data.Double, data.Decimal:
			return &variance{
				off: s.room(24), arg: arg, in: t, typ: c.Type,
				sample: c.Func == "STDDEV_SAMP" || c.Func == "VAR_SAMP", root: c.Func == "STDDEV_POP" || c.Func == "STDDEV_SAMP",
			}, nil
		}
	case "MIN", "MAX":
		if p := t.Phys(); p == data.PhysList || p == data.PhysRow || p == data.PhysNull {
			break
		}
		e := &extreme{cell: s.newCell(t), arg: arg, max: c.Func == "MAX", side: -1}
		if s.retracts {
			e.side = s.addSide(fmt.Sprintf("values%d", i), arg, t, true)
		}
		return e, nil
	case "FIRST_VALUE", "LAST_VALUE":
		if t.Phys() == data.PhysNull {
			break
		}
		switch {
		case !s.retracts:
			return &edge{cell: s.newCell(t), arg: arg, last: c.Func == "LAST_VALUE"}, nil
		case c.Func == "FIRST_VALUE":
			return s.sequence(arg, -1, t, givesFirst), nil
		}
		return s.sequence(arg, -1, t, givesLast), nil
	case "SINGLE_VALUE":
		if t.Phys() != data.PhysNull {
			return &single{cell: s.newCell(t), off: s.room(8), arg: arg}, nil
		}
	case "LISTAGG":
		if t.Phys() != data.PhysString {
			break
		}
		if len(c.Args) == 2 {
			return s.sequence(arg, c.Args[1], t, givesText), nil
		}
		return s.sequence(arg, -1, t, givesText), nil
	case "ARRAY_AGG":
		if t.Phys() != data.PhysNull {
			return s.sequence(arg, -1, t, givesArray), nil
		}
	case "COLLECT":
		if t.Phys() != data.PhysNull {
			return &collect{arg: arg, typ: t, side: s.addSide(fmt.Sprintf("collect%d", i), arg, t, true)}, nil
		}
	}
	return nil, fmt.Errorf("over %s is not supported by this engine yet; run it on a Flink target", t)
}

func (s *Set) sequence(arg, sep int, t data.Type, g gives) *sequence {
	width := 16
	if sep >= 0 {
		width = 24
	}
	return &sequence{off: s.room(width), arg: arg, sep: sep, typ: t, gives: g}
}
