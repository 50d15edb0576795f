package json

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
)

// Records reads records one at a time, for formats whose records are JSON
// objects around rows. It is used by one goroutine.
type Records struct{ d *decoder }

// NewRecords takes the spec of a decoder of the json format.
func NewRecords(s format.DecoderSpec) (*Records, error) {
	d, err := newDecoder(s)
	if err != nil {
		return nil, err
	}
	return &Records{d}, nil
}

// Read reads the object line as row r of b, whose vectors cover r. line begins
// at byte base of buf, to which views may point; without buf text is copied.
func (x *Records) Read(line []byte, buf *data.Buffer, base int, b *data.Batch, r int) error {
	d := x.d
	d.p, d.buf, d.base, d.b, d.row = line, buf, base, b, r
	err := d.decode(space(line, 0))
	d.p, d.buf, d.b = nil, nil, nil
	return err
}

// Locate says where in a record an error of Read is; line counts from 1.
func Locate(err error, line int64, record []byte) error {
	d := decoder{line: line - 1, p: record}
	return d.locate(err)
}

// Blank tells whether a line has no record.
func Blank(line []byte) bool { return space(line, 0) == len(line) }

// Names gives the names of the members of the object that a member of record
// is, or of each of the objects if it is an array of them, valid during the call.
// record has been read without an error.
func Names(record []byte, member string, visit func(element int, name []byte)) {
	at := -1
	members(record, space(record, 0), func(name []byte, i int) {
		if string(name) == member {
			at = i // the last of members of one name counts
		}
	})
	switch {
	case at < 0:
	case record[at] == '{':
		members(record, at, func(name []byte, _ int) { visit(0, name) })
	case record[at] == '[':
		i := space(record, at+1)
		for element := 0; i < len(record) && record[i] != ']'; element++ {
			if record[i] == '{' {
				members(record, i, func(name []byte, _ int) { visit(element, name) })
			}
			next, err := skip(record, i)
			if err != nil {
				return
			}
			if i = space(record, next); i < len(record) && record[i] == ',' {
				i = space(record, i+1)
			}
		}
	}
}

// members visits the members of the valid object at p[i]: name, and where the value is.
func members(p []byte, i int, visit func(name []byte, at int)) {
	i = space(p, i+1)
	for i < len(p) && p[i] == '"' {
		t, next, err := str(p, i+1)
		if err != nil {
			return
		}
		name := p[t.from:t.to]
		if t.raw {
			name = unescape(nil, name)
		}
		i = space(p, space(p, next)+1) // behind the colon
		visit(name, i)
		if i, err = skip(p, i); err != nil {
			return
		}
		if i = space(p, i); i < len(p) && p[i] == ',' {
			i = space(p, i+1)
		}
	}
}
