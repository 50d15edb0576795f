package accumulator

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
)

// make builds the accumulator of a call and takes its bytes of the record.
func (s *Set) make(i int, c graph.AggCall, input []data.Column) (accumulator, error) {
	if c.Distinct && c.Func != "MIN" && c.Func != "MAX" {
		if len(c.Args) != 1 {
			return nil, fmt.Errorf("DISTINCT over %d arguments is not supported by this engine yet; run it on a Flink target", len(c.Args))
		}
		inner, err := s.plain(i, c, input)
		if err != nil {
			return nil, err
		}
		return &distinct{inner: inner, arg: c.Args[0], side: s.addSide(fmt.Sprintf("%d.distinct", i), c.Args[0], input, sideWidth)}, nil
	}
	return s.plain(i, c, input)
}

func (s *Set) plain(i int, c graph.AggCall, input []data.Column) (accumulator, error) {
	if c.Func == "COUNT" {
		return &count{off: s.take(8), args: c.Args}, nil
	}
	if len(c.Args) != 1 {
		return nil, fmt.Errorf("takes one argument, got %d", len(c.Args))
	}
	arg := c.Args[0]
	t := input[arg].Type
	switch c.Func {
	case "SUM", "AVG", "$SUM0":
		avg := c.Func == "AVG"
		switch t.Kind {
		case data.TinyInt, data.SmallInt, data.Int, data.BigInt:
			return &sumInt{off: s.take(16), arg: arg, avg: avg, kind: c.Type.Kind}, nil
		case data.Float, data.Double:
			return &sumFloat{off: s.take(16), arg: arg, avg: avg, narrow: t.Kind == data.Float && !avg}, nil
		case data.Decimal:
			return &sumDecimal{off: s.take(24), arg: arg, avg: avg, scale: t.Scale, typ: c.Type}, nil
		}
	case "MIN", "MAX":
		p := t.Phys()
		if p == data.PhysList || p == data.PhysRow || p == data.PhysNull {
			break
		}
		e := &extreme{off: s.take(extWidth), arg: arg, max: c.Func == "MAX", typ: t, phys: p, side: -1}
		if c.Retracts {
			e.side = s.addSide(fmt.Sprintf("%d.values", i), arg, input, sideWidth)
		}
		return e, nil
	}
	return nil, fmt.Errorf("over %s is not supported by this engine yet; run it on a Flink target", t)
}
