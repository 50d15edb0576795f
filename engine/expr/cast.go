package expr

import (
	"fmt"
	"slices"
	"time"

	"github.com/weir-streams/weir/engine/data"
)

// caster is one run of a cast over a batch.
type caster struct {
	try   bool
	zone  *time.Location
	clock *data.Clock
	text  []byte
}

// fail records a value that cannot be cast: NULL for TRY_CAST, else an error.
func (k *caster) fail(out *data.Vector, i int32, err error) error {
	if k.try {
		out.SetNull(int(i))
		return nil
	}
	return err
}

func (k *caster) local() *data.Clock {
	if k.clock == nil {
		k.clock = data.NewClock(k.zone)
	}
	return k.clock
}

// castFn converts the listed rows, none of which is NULL.
type castFn func(k *caster, in, out *data.Vector, rows []int32) error

func (c *compiler) cast(e Expr, x *node) (*node, error) {
	if x.typ.Kind == data.Null || x.konst != nil && x.konst.Null {
		return c.null(e.Type), nil
	}
	if passes(x.typ, e.Type) {
		return c.renamed(e, x)
	}
	fn, err := castFor(x.typ, e.Type)
	if err != nil {
		return nil, err
	}
	return c.make(e, []*node{x}, false, func() (kernel, bool, error) {
		k := &caster{try: e.Func == "TRY_CAST"}
		cheap := isNumeric(x.typ.Kind) && isNumeric(e.Type.Kind) && x.typ.Kind != data.Decimal && e.Type.Kind != data.Decimal
		if d, ok := denseCast(x.typ, e.Type); ok {
			return d, true, nil
		}
		try := k.try
		return func(m *machine, n *node, s *selection) (*data.Vector, error) {
			v, err := m.vec(n.args[0], s)
			if err != nil {
				return nil, err
			}
			out := m.out(n)
			setNulls(out, v, nil)
			run := caster{try: try, zone: m.zone(), text: m.text}
			rows := m.rows(m.notNull(s, out.Nulls))
			err = fn(&run, v, out, rows)
			m.text = run.text
			if err != nil {
				out.Release()
				return nil, fmt.Errorf("%s: %w", n.expr, err)
			}
			return out, nil
		}, cheap, nil
	})
}

func (m *machine) zone() *time.Location {
	if z := m.env.TimeZone; z != nil && z.Location != nil {
		return z.Location
	}
	return time.UTC
}

// passes tells whether the values of type a are those of type b as they are.
func passes(a, b data.Type) bool {
	if a.Kind != b.Kind {
		switch {
		case a.Kind == data.Char && b.Kind == data.VarChar, a.Kind == data.Binary && b.Kind == data.VarBinary:
			return a.Precision <= b.Precision
		case (a.Kind == data.TinyInt || a.Kind == data.SmallInt) && (b.Kind == data.SmallInt || b.Kind == data.Int):
			return a.Kind < b.Kind
		}
		return false
	}
	switch a.Kind {
	case data.Decimal:
		return a.Scale == b.Scale && a.Precision <= b.Precision && a.Phys() == b.Phys()
	case data.Char, data.Binary:
		return a.Precision == b.Precision
	case data.VarChar, data.VarBinary:
		return a.Precision <= b.Precision
	case data.Timestamp, data.TimestampLTZ:
		return a.Precision <= b.Precision && a.Phys() == b.Phys()
	case data.Array, data.Map, data.Multiset, data.Row:
		if len(a.Args) != len(b.Args) {
			return false
		}
		for i := range a.Args {
			if !passes(a.Args[i], b.Args[i]) {
				return false
			}
		}
		return true
	}
	return true
}

// renamed is a node with the values of another and its own type.
func (c *compiler) renamed(e Expr, x *node) (*node, error) {
	if x.konst != nil {
		return c.literal(*x.konst, e.Type), nil
	}
	if x.typ.SameAs(e.Type) {
		return x, nil
	}
	return c.make(e, []*node{x}, false, func() (kernel, bool, error) {
		return func(m *machine, n *node, s *selection) (*data.Vector, error) {
			v, err := m.vec(n.args[0], s)
			if err != nil {
				return nil, err
			}
			if readsAlike(v.Type, n.typ) {
				return v.Retain(), nil
			}
			out := m.out(n)
			copyAll(out, v, m.rows(s))
			return out, nil
		}, true, nil
	})
}

// readsAlike tells whether a vector of type a may stand for one of type b: who
// looks at its type for scale or precision sees the same text.
func readsAlike(a, b data.Type) bool {
	if a.Scale != b.Scale || a.Class != b.Class || len(a.Args) != len(b.Args) || !slices.Equal(a.Names, b.Names) { // JSON has the names of fields
		return false
	}
	switch b.Kind {
	case data.Time, data.Timestamp, data.TimestampLTZ:
		return a.Kind == b.Kind && a.Precision == b.Precision
	case data.Char, data.VarChar:
		return a.Kind == data.Char || a.Kind == data.VarChar
	case data.Binary, data.VarBinary:
		return a.Kind == data.Binary || a.Kind == data.VarBinary
	case data.TinyInt, data.SmallInt, data.Int:
		return isInteger(a.Kind)
	}
	if a.Kind != b.Kind {
		return false
	}
	for i := range a.Args {
		if !readsAlike(a.Args[i], b.Args[i]) {
			return false
		}
	}
	return true
}

// copyAll copies rows of any layout, lists too.
func copyAll(out, v *data.Vector, rows []int32) {
	if !hasList(out.Type) {
		copyRows(out, v, rows)
		return
	}
	assemble(out, []pick{{v.Retain(), rows}})
}

func (c *compiler) reinterpret(e Expr, x *node) (*node, error) {
	if x.typ.Kind == data.Null {
		return c.null(e.Type), nil
	}
	if !sameLayout(x.typ, e.Type) {
		return nil, fmt.Errorf("%s does not lie like %s", x.typ, e.Type)
	}
	return c.renamed(e, x)
}

// castFor finds the conversion between two types.
func castFor(from, to data.Type) (castFn, error) {
	fk, tk := from.Kind, to.Kind
	text := tk == data.Char || tk == data.VarChar
	switch {
	case fk == data.Char || fk == data.VarChar:
		return castText(from, to)
	case text:
		return castToText(from, to), nil
	case fk == data.Binary || fk == data.VarBinary:
		if tk == data.Binary || tk == data.VarBinary {
			return castBinary(to), nil
		}
	case (isNumeric(fk) || fk == data.Boolean) && (isNumeric(tk) || tk == data.Boolean):
		return castNumber(from, to), nil
	case isInteger(fk) && isInterval(tk):
		return castNumber(from, to), nil
	case isDateTime(fk) && isDateTime(tk):
		return castTime(from, to)
	case fk == tk && isInterval(fk):
		return copyCast, nil
	case fk == data.Array && tk == data.Array, fk == data.Map && tk == data.Map, fk == data.Multiset && tk == data.Multiset, fk == data.Row && tk == data.Row:
		return castNested(from, to)
	}
	return nil, fmt.Errorf("a value of type %s cannot be cast to %s", from, to)
}

// CanCast tells whether CAST knows the way between two types.
func CanCast(from, to data.Type) bool {
	if from.Kind == data.Null || passes(from, to) {
		return true
	}
	_, err := castFor(from, to)
	return err == nil
}

func copyCast(_ *caster, in, out *data.Vector, rows []int32) error {
	copyRows(out, in, rows)
	return nil
}
