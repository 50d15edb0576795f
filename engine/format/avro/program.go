package avro

import (
	"fmt"
	"slices"

	"github.com/weir-streams/weir/engine/data"
)

// code is what an op does with the value in front of it.
type code uint8

const (
	skipNull code = iota
	skipBoolean
	skipVarint
	skip4
	skip8
	skipBytes
	skipFixed
	skipRecord
	skipArray
	skipMap
	skipUnion

	toNull
	toBool
	intToI32
	intToI64
	longToI64
	longToF32 // also int
	longToF64
	toF32
	floatToF64
	toF64
	toText
	fixedToText
	enumToText
	toDecimal
	fixedToDecimal
	longToTime
	millis
	micros
	nanos
	toRow
	scatter // a record of which fields are outputs of their own
	toArray
	toMap
	fromUnion
	refuse // a branch of a union that has no place in the column
)

// op reads one value. The ops of a record follow the writer's fields.
type op struct {
	code     code
	slot     int // vector it fills; -1: none
	size     int // of fixed; bits of an integer
	kind     data.Kind
	scale    int // the writer's, of decimals
	from     int // precision of the writer's decimals
	in       []op
	nothing  []int // slots that are NULL if the value is, or that the writer does not have
	symbols  []string
	optional int // branch of a union of NULL and one type that is NULL; -1: not such a union
	what     string
}

// slot is a vector of the batch: a column, or a child of another slot.
type slot struct {
	parent, child int // parent -1: child is the column
	typ           data.Type
}

// copied is an output that another one holds already.
type copied struct {
	out, from int
	path      []int
}

// program turns records of one schema into rows.
type program struct {
	root   op
	slots  []slot
	copies []copied

	skipped int // ops made to go past values
}

// want is a tree of what is to be read of a record.
type want struct {
	out    int // the whole value is this output; -1: parts are
	fields map[int]*want
}

// compile makes the program that reads what was written with schema w into the
// outputs at paths of a row of columns.
func compile(w *schema, columns []data.Column, paths [][]int, types []data.Type) (*program, error) {
	if w.kind != record {
		return nil, fmt.Errorf("its records are of type %s; a record with the table's columns as fields is needed", w)
	}
	p := &program{}
	root := &want{out: -1, fields: map[int]*want{}}
	order := make([]int, len(paths))
	for i := range order {
		order[i] = i
		p.slots = append(p.slots, slot{parent: -1, child: i, typ: types[i]})
	}
	slices.SortStableFunc(order, func(a, b int) int { return len(paths[a]) - len(paths[b]) })
	for _, out := range order {
		p.add(root, out, paths[out])
	}
	row := data.Type{Kind: data.Row}
	for _, c := range columns {
		row.Names, row.Args = append(row.Names, c.Name), append(row.Args, c.Type)
	}
	var err error
	p.root, err = p.record(w, row, root, -1)
	return p, err
}

func (p *program) add(n *want, out int, path []int) {
	for k, i := range path {
		next := n.fields[i]
		if next == nil {
			next = &want{out: -1, fields: map[int]*want{}}
			n.fields[i] = next
		}
		if n = next; n.out >= 0 {
			p.copies = append(p.copies, copied{out: out, from: n.out, path: path[k+1:]})
			return
		}
	}
	n.out = out
}

// outputs are all outputs in a tree.
func (n *want) outputs(into []int) []int {
	if n.out >= 0 {
		return append(into, n.out)
	}
	last := maxKey(n.fields)
	for i := 0; i <= last; i++ {
		if f := n.fields[i]; f != nil {
			into = f.outputs(into)
		}
	}
	return into
}

func maxKey(m map[int]*want) int {
	most := 0
	for k := range m {
		most = max(most, k)
	}
	return most
}

// record reads a record into the fields wanted: of an output that is a whole
// row (at slot parent), or into outputs of their own (parent -1).
func (p *program) record(w *schema, t data.Type, n *want, parent int) (op, error) {
	o := op{code: scatter, slot: parent, optional: -1}
	if parent >= 0 {
		o.code = toRow
	}
	had := make([]bool, len(t.Args))
	for _, f := range w.fields {
		k := slices.Index(t.Names, f.name)
		for i := 0; k < 0 && i < len(f.aliases); i++ {
			k = slices.Index(t.Names, f.aliases[i])
		}
		var in op
		var err error
		switch {
		case k < 0 || had[k] || parent < 0 && n.fields[k] == nil:
			in, err = p.skipper(f.typ, 0)
		case parent >= 0:
			in, err = p.value(f.typ, t.Args[k], p.child(parent, k, t.Args[k]))
		case n.fields[k].out >= 0:
			in, err = p.value(f.typ, t.Args[k], n.fields[k].out)
		default:
			in, err = p.parts(f.typ, t.Args[k], n.fields[k])
		}
		if err != nil {
			return o, fmt.Errorf("field %q: %w", f.name, err)
		}
		if k >= 0 {
			had[k] = true
		}
		o.in = append(o.in, in)
	}
	for k := range t.Args {
		if had[k] || parent < 0 && n.fields[k] == nil {
			continue
		}
		if !t.Args[k].Nullable {
			return o, fmt.Errorf("field %q is missing, and the column is NOT NULL", t.Names[k])
		}
		if parent >= 0 {
			o.nothing = append(o.nothing, p.child(parent, k, t.Args[k]))
		} else {
			o.nothing = n.fields[k].outputs(o.nothing)
		}
	}
	return o, nil
}

// parts reads a record, or NULL, of which only fields are wanted.
func (p *program) parts(w *schema, t data.Type, n *want) (op, error) {
	if w.kind == union {
		return p.union(w, func(b *schema) (op, error) { return p.parts(b, t, n) }, n.outputs(nil))
	}
	if w.kind != record {
		return op{}, fmt.Errorf("a record is needed for type %s, not %s", t, w)
	}
	return p.record(w, t, n, -1)
}

func (p *program) child(parent, k int, t data.Type) int {
	p.slots = append(p.slots, slot{parent: parent, child: k, typ: t})
	return len(p.slots) - 1
}

// union reads a union; nothing are the slots that are NULL if its value is.
func (p *program) union(w *schema, branch func(*schema) (op, error), nothing []int) (op, error) {
	o := op{code: fromUnion, slot: -1, optional: -1, nothing: nothing}
	good := 0
	var failed error
	for i, b := range w.branches {
		if b.kind == null {
			o.optional = i
			o.in = append(o.in, op{code: skipNull, slot: -1})
			continue
		}
		in, err := branch(b)
		if err != nil {
			failed = err
			in = op{code: refuse, slot: -1, what: err.Error()}
		} else {
			good++
		}
		o.in = append(o.in, in)
	}
	if good == 0 && failed != nil {
		return o, failed
	}
	return o, nil
}

// value reads a value into a slot.
func (p *program) value(w *schema, t data.Type, at int) (op, error) {
	o := op{slot: at, kind: t.Kind, optional: -1}
	unfit := fmt.Errorf("%s of Avro cannot be read as %s", w, t)
	switch w.kind {
	case union:
		return p.union(w, func(b *schema) (op, error) { return p.value(b, t, at) }, []int{at})
	case null:
		return op{code: toNull, slot: at, optional: -1}, nil
	case boolean:
		o.code = toBool
		return o, when(t.Kind == data.Boolean, unfit)
	case integer, long:
		return p.integer(w, t, o, unfit)
	case float:
		switch t.Kind {
		case data.Float:
			o.code = toF32
		case data.Double:
			o.code = floatToF64
		default:
			return o, unfit
		}
	case double:
		o.code = toF64
		return o, when(t.Kind == data.Double, unfit)
	case bytesKind, text:
		if t.Kind == data.Decimal && w.logical == "decimal" {
			o.code, o.scale, o.from = toDecimal, w.scale, w.precision
			return o, when(w.precision > 0 && w.precision <= 38 && w.scale >= 0 && w.scale <= w.precision, unfit)
		}
		o.code = toText
		return o, when(t.Phys() == data.PhysString, unfit)
	case fixed:
		o.size = w.size
		if t.Kind == data.Decimal && w.logical == "decimal" {
			o.code, o.scale, o.from = fixedToDecimal, w.scale, w.precision
			return o, when(w.precision > 0 && w.precision <= 38 && w.scale >= 0 && w.scale <= w.precision && w.size > 0, unfit)
		}
		o.code = fixedToText
		return o, when(t.Kind == data.Binary || t.Kind == data.VarBinary, unfit)
	case enum:
		o.code, o.symbols = enumToText, w.symbols
		return o, when(t.Kind == data.Char || t.Kind == data.VarChar, unfit)
	case record:
		if t.Kind != data.Row {
			return o, unfit
		}
		return p.record(w, t, nil, at)
	case array:
		if t.Kind != data.Array {
			return o, unfit
		}
		in, err := p.value(w.items, t.Args[0], p.child(at, 0, t.Args[0]))
		o.code, o.in = toArray, []op{in}
		return o, err
	case mapping:
		if t.Kind != data.Map && t.Kind != data.Multiset || t.Args[0].Kind != data.Char && t.Args[0].Kind != data.VarChar {
			return o, unfit
		}
		key := p.child(at, 0, t.Args[0])
		valueType := data.Of(data.Int).NotNull()
		if t.Kind == data.Map {
			valueType = t.Args[1]
		}
		in, err := p.value(w.items, valueType, p.child(at, 1, valueType))
		o.code, o.in = toMap, []op{{code: toText, slot: key, optional: -1}, in}
		return o, err
	}
	return o, nil
}

func when(ok bool, err error) error {
	if ok {
		return nil
	}
	return err
}

func (p *program) integer(w *schema, t data.Type, o op, unfit error) (op, error) {
	whole := w.kind == integer
	switch t.Kind {
	case data.TinyInt:
		o.code, o.size = intToI32, 8
	case data.SmallInt:
		o.code, o.size = intToI32, 16
	case data.Int, data.Date:
		o.code, o.size = intToI32, 32
	case data.Time:
		switch {
		case whole:
			o.code, o.size = intToI32, 32
		case w.logical == "time-micros":
			o.code = longToTime
			return o, nil
		}
	case data.BigInt:
		if o.code = longToI64; whole {
			o.code = intToI64
		}
		return o, nil
	case data.Float:
		o.code = longToF32
		return o, nil
	case data.Double:
		o.code = longToF64
		return o, nil
	case data.Timestamp, data.TimestampLTZ:
		switch w.logical {
		case "timestamp-micros", "local-timestamp-micros":
			o.code = micros
		case "timestamp-nanos", "local-timestamp-nanos":
			o.code = nanos
		default:
			o.code = millis
		}
		o.size = t.Precision
		return o, when(!whole, unfit)
	}
	return o, when(whole && o.code == intToI32, unfit)
}

// skipper goes past a value.
func (p *program) skipper(w *schema, depth int) (op, error) {
	if p.skipped++; depth > nesting || p.skipped > 100_000 {
		return op{}, fmt.Errorf("type %s contains itself; such fields cannot be read past", w)
	}
	o := op{slot: -1, optional: -1}
	inner := func(list ...*schema) error {
		for _, s := range list {
			in, err := p.skipper(s, depth+1)
			if err != nil {
				return err
			}
			o.in = append(o.in, in)
		}
		return nil
	}
	switch w.kind {
	case null:
		o.code = skipNull
	case boolean:
		o.code = skipBoolean
	case integer, long, enum:
		o.code = skipVarint
	case float:
		o.code = skip4
	case double:
		o.code = skip8
	case bytesKind, text:
		o.code = skipBytes
	case fixed:
		o.code, o.size = skipFixed, w.size
	case record:
		o.code = skipRecord
		for _, f := range w.fields {
			if err := inner(f.typ); err != nil {
				return o, err
			}
		}
	case array:
		o.code = skipArray
		return o, inner(w.items)
	case mapping:
		o.code = skipMap
		return o, inner(w.items)
	case union:
		o.code = skipUnion
		return o, inner(w.branches...)
	}
	return o, nil
}
