package json

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
)

// node is an object of the schema, of which members are wanted.
type node struct {
	fields []member
	byName map[string]int // nil if there are few
	next   int            // where the next member is expected
	leaves []int          // outputs in it

	// The quick reader's.
	order []quickMember // as they are expected one after the other, and nothing
	learn int           // how often the order may still change
	mark  uint64        // number of the record in which it was seen
}

// member is a field of an object: a whole output, an object some of whose
// fields are outputs, or nothing that is wanted.
type member struct {
	name, key string // key: name and the closing quote
	out       int    // -1: not an output
	node      *node
	seen      uint64 // number of the record that had it last
}

// copied is an output that another one holds already.
type copied struct {
	out, from int
	path      []int
}

type decoder struct {
	root    *node
	typ     data.Type // of a record
	copies  []copied
	ignore  bool
	strict  bool // missing members are errors
	stamp   format.Moments
	instant format.Moments

	line    int64
	skipped int64
	bad     func(*format.RecordError, []byte)
	record  uint64   // number of the record at hand
	set     []uint64 // by output: the last record that gave it a value
	scratch []byte

	// The record at hand.
	b    *data.Batch
	p    []byte
	buf  *data.Buffer
	base int // where p lies in buf
	row  int

	// The quick reader's.
	quick     bool
	window    *window
	text      []byte         // all that was given
	at        unsafe.Pointer // its first byte
	start     int            // where text lies in buf
	targets   []target       // by output
	all, got  uint64         // outputs there are, and those that are not NULL in the record at hand
	bound     int            // where the record at hand ends, 0: not known
	message   bool           // it ends there, whatever is in it
	stencils  stencils
	unescaped *data.Buffer
	used      int // of unescaped
}

func newDecoder(s format.DecoderSpec) (*decoder, error) {
	if err := checkOptions(s.Options); err != nil {
		return nil, err
	}
	d := &decoder{
		ignore: s.Options.Bool("ignore-parse-errors"), strict: s.Options.Bool("fail-on-missing-field"), line: s.Line, bad: s.Bad,
		set: make([]uint64, len(s.Output)), typ: data.Type{Kind: data.Row},
	}
	d.stamp.Layout, d.instant.Layout = layouts(s.Options)
	for _, c := range s.Columns {
		if err := supported(c.Name, c.Type); err != nil {
			return nil, err
		}
		d.typ.Names = append(d.typ.Names, c.Name)
		d.typ.Args = append(d.typ.Args, c.Type)
	}
	d.root = newNode(d.typ)
	order := make([]int, len(s.Output))
	for i := range order {
		order[i] = i
	}
	// Shorter paths first, so that what a whole holds is found there.
	slices.SortStableFunc(order, func(a, b int) int { return len(s.Output[a]) - len(s.Output[b]) })
	for _, out := range order {
		d.want(out, s.Output[out])
	}
	d.prepare(s.Types)
	return d, nil
}

func newNode(t data.Type) *node {
	n := &node{fields: make([]member, len(t.Args))}
	for i, name := range t.Names {
		n.fields[i] = member{name: name, key: name + `"`, out: -1}
	}
	if len(t.Names) > 8 {
		n.byName = make(map[string]int, len(t.Names))
		for i, name := range t.Names {
			n.byName[name] = i
		}
	}
	return n
}

// want makes the value at path an output.
func (d *decoder) want(out int, path []int) {
	n, t := d.root, d.typ
	for k, i := range path {
		n.leaves = append(n.leaves, out)
		f := &n.fields[i]
		t = t.Args[i]
		if f.out >= 0 {
			d.copies = append(d.copies, copied{out: out, from: f.out, path: path[k+1:]})
			return
		}
		if k == len(path)-1 {
			f.out = out
			return
		}
		if f.node == nil {
			f.node = newNode(t)
		}
		n = f.node
	}
}

func (d *decoder) Lines() int64 { return d.line }

func (d *decoder) Skipped() int64 {
	n := d.skipped
	d.skipped = 0
	return n
}

// Decode appends the records of p to b.
func (d *decoder) Decode(p []byte, buf *data.Buffer, atEOF bool, b *data.Batch) (int, error) {
	base := buf.Offset(p)
	for _, v := range b.Cols {
		v.Resize(data.BatchSize)
	}
	d.b, d.buf, d.start = b, buf, base
	w := d.begin(p)
	i := 0
	var err error
	for b.N < data.BatchSize && i < len(p) {
		if w != nil {
			if i >= w.to {
				w.look(p, i)
			}
			d.row = b.N
			if to := d.quickly(i, min(w.to, len(p)-slack), false); to >= 0 {
				b.N++
				d.line++
				i = to + 1
				continue
			}
		}
		n := bytes.IndexByte(p[i:], '\n') + 1
		if n == 0 {
			if !atEOF {
				break
			}
			n = len(p) - i
		} else if w != nil && i+n > w.to && i > w.from && i+n+slack <= len(p) {
			w.look(p, i) // it was cut off
			continue
		}
		d.p, d.base, d.row = p[i:i+n], base+i, b.N
		if at := space(d.p, 0); at == len(d.p) {
			// An empty line is not a record.
		} else if err = d.decode(at); err == nil {
			b.N++
		} else if !d.ignore {
			err = d.locate(err)
			break
		} else {
			d.leaveOut(err)
			err = nil
		}
		d.line++
		i += n
	}
	d.finish()
	return i, err
}

// DecodeMessages appends the documents of messages, one a message.
func (d *decoder) DecodeMessages(p []byte, ends []int, buf *data.Buffer, b *data.Batch, rows []int32) (int, error) {
	base := buf.Offset(p)
	for _, v := range b.Cols {
		v.Resize(data.BatchSize)
	}
	d.b, d.buf, d.start = b, buf, base
	w := d.begin(p)
	k, from := 0, 0
	var err error
	for ; k < len(ends) && b.N < data.BatchSize; k++ {
		if end := ends[k]; w != nil && end > from && end+slack <= len(p) && w.covers(p, from, end) {
			d.row = b.N
			if d.quickly(from, end, true) >= 0 {
				b.N++
				from, rows[k] = end, int32(b.N)
				continue
			}
		}
		d.p, d.base, d.row, d.line = p[from:ends[k]], base+from, b.N, 0
		if at := space(d.p, 0); at == len(d.p) {
			// An empty message is no row.
		} else if err = d.decode(at); err == nil {
			b.N++
		} else if !d.ignore {
			err = d.locate(err)
			break
		} else {
			d.leaveOut(err)
			err = nil
		}
		from, rows[k] = ends[k], int32(b.N)
	}
	d.finish()
	return k, err
}

// finish gives the columns the length of the batch.
func (d *decoder) finish() {
	for _, v := range d.b.Cols {
		v.Resize(d.b.N)
		if at := d.b.N & 63; v.Nulls != nil && at != 0 {
			v.Nulls[d.b.N>>6] &= 1<<at - 1 // what a broken record left
		}
	}
	clear(d.targets)
	if d.window != nil {
		windows.Put(d.window)
		d.window = nil
	}
	d.b, d.p, d.buf, d.text, d.at = nil, nil, nil, nil, nil
}

// leaveOut counts the record at hand as skipped.
func (d *decoder) leaveOut(err error) {
	d.skipped++
	for _, v := range d.b.Cols {
		v.ClearNull(d.row)
	}
	var at *format.RecordError
	if d.bad != nil && errors.As(d.locate(err), &at) {
		d.bad(at, d.p)
	}
}

// locate adds where an error is.
func (d *decoder) locate(err error) error {
	e := &format.RecordError{Line: d.line + 1, Column: 1, Text: format.Excerpt(d.p), Err: err}
	var bad *syntaxError
	var unfit *unfitError
	switch {
	case errors.As(err, &bad):
		e.Column = bad.at + 1
	case errors.As(err, &unfit):
		e.Column = unfit.at + 1
	}
	return e
}

// decode reads the record in d.p, which begins at i.
func (d *decoder) decode(i int) error {
	d.record++
	if d.p[i] != '{' {
		end, err := skip(d.p, i)
		if err != nil {
			return err
		}
		if end = space(d.p, end); end < len(d.p) {
			return unexpected(d.p, end, "the end of the line")
		}
		return &unfitError{at: i, err: errors.New("a record must be a JSON object {…}")}
	}
	i, err := d.object(i+1, d.root)
	if err != nil {
		return err
	}
	if i = space(d.p, i); i < len(d.p) {
		return unexpected(d.p, i, "the end of the line")
	}
	for out, at := range d.set {
		if at != d.record {
			data.SetNullRow(d.b.Cols[out], d.row)
		}
	}
	for _, c := range d.copies {
		x := d.b.Cols[c.from].ValueAt(d.row)
		for _, k := range c.path {
			if x.Null {
				break
			}
			x = x.Elems[k]
		}
		d.b.Cols[c.out].SetValueAt(d.row, x)
	}
	return nil
}

// find returns the member of a name, -1 for none.
func (n *node) find(name []byte) int {
	if n.byName != nil {
		if i, ok := n.byName[string(name)]; ok {
			return i
		}
		return -1
	}
	for i := range n.fields {
		if n.fields[i].name == string(name) {
			return i
		}
	}
	return -1
}

// name reads a member name and the colon. It begins after the quote.
func (d *decoder) name(i int) (name []byte, next int, err error) {
	t, i, err := str(d.p, i)
	if err != nil {
		return nil, 0, err
	}
	name = d.p[t.from:t.to]
	if t.raw {
		name = unescape(nil, name)
	}
	next, err = d.colon(i)
	return name, next, err
}

func (d *decoder) colon(i int) (int, error) {
	if i = space(d.p, i); i >= len(d.p) || d.p[i] != ':' {
		return 0, unexpected(d.p, i, "':'")
	}
	return space(d.p, i+1), nil
}

// object reads the members of an object; i is behind its brace.
func (d *decoder) object(i int, n *node) (int, error) {
	p := d.p
	n.next = 0
	i = space(p, i)
	if i < len(p) && p[i] == '}' {
		return i + 1, d.missing(n, i)
	}
	for {
		if i >= len(p) || p[i] != '"' {
			return 0, unexpected(p, i, "a member name in quotes")
		}
		i++
		var f *member
		if n.next < len(n.fields) {
			f = &n.fields[n.next]
		}
		if f != nil && len(p)-i > len(f.key) && string(p[i:i+len(f.key)]) == f.key {
			n.next++
			i += len(f.key)
			if p[i] == ':' && i+1 < len(p) && p[i+1] > ' ' {
				i++
			} else {
				var err error
				if i, err = d.colon(i); err != nil {
					return 0, err
				}
			}
		} else {
			name, next, err := d.name(i)
			if err != nil {
				return 0, err
			}
			i, f = next, nil
			if k := n.find(name); k >= 0 {
				f = &n.fields[k]
				n.next = k + 1
			}
		}
		var err error
		if i, err = d.member(i, f); err != nil {
			return 0, err
		}
		i = space(p, i)
		switch {
		case i < len(p) && p[i] == ',':
			i = space(p, i+1)
		case i < len(p) && p[i] == '}':
			return i + 1, d.missing(n, i)
		default:
			return 0, unexpected(p, i, "',' or '}'")
		}
	}
}

// member reads the value of a member; nil is one that is not in the schema.
func (d *decoder) member(i int, f *member) (int, error) {
	if f == nil || f.out < 0 && f.node == nil {
		if f != nil {
			f.seen = d.record
		}
		return skip(d.p, i)
	}
	again := f.seen == d.record
	f.seen = d.record
	if f.out >= 0 {
		d.set[f.out] = d.record
		return d.field(i, d.b.Cols[f.out], d.row, f.name)
	}
	if again { // the last of members of one name counts
		for _, out := range f.node.leaves {
			d.set[out] = d.record - 1
		}
	}
	if i < len(d.p) && d.p[i] == '{' {
		for k := range f.node.fields {
			f.node.fields[k].seen = d.record - 1
		}
		return d.object(i+1, f.node)
	}
	from := i
	i, err := skip(d.p, i)
	if err == nil && d.p[from] != 'n' && !d.ignore {
		err = &unfitError{from, fmt.Errorf("field %q: an object expected", f.name)}
	}
	return i, err
}

// missing is an error if a member of the schema was not there and must be.
func (d *decoder) missing(n *node, at int) error {
	if !d.strict {
		return nil
	}
	for i := range n.fields {
		if f := &n.fields[i]; f.seen != d.record && (f.out >= 0 || f.node != nil) {
			return &unfitError{at, fmt.Errorf("field %q is missing in the JSON data", f.name)}
		}
	}
	return nil
}
