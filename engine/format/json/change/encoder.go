package change

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/format/json"
)

// encoder writes a row that joins as an insert and one that leaves as a
// delete: an update is both, as no record can have both of its rows.
type encoder struct {
	row    format.Encoder // of the row alone
	insert [2]string      // what stands before and behind it
	delete [2]string
}

func newEncoder(f Form, s format.EncoderSpec) (*encoder, error) {
	if f.Wrapped != "" && s.Options.Bool(f.Wrapped) {
		return nil, fmt.Errorf("%s JSON serialization doesn't support '%s.%s' option been set to true", f.Title, f.Name, f.Wrapped)
	}
	row, err := json.Format.Encoder(s)
	if err != nil {
		return nil, err
	}
	e := &encoder{row: row}
	around := func(kind string, deleted bool) [2]string {
		end := `,"` + f.Kind + `":"` + kind + `"}` + "\n"
		before, after, null := `"`+f.Before+`":`, `"`+f.After+`":`, "null,"
		switch {
		case f.Lists:
			return [2]string{"{" + after + "[", "]" + end}
		case f.Partial:
			return [2]string{"{" + after, end}
		case s.Options.Bool("encode.ignore-null-fields"):
			if deleted {
				return [2]string{"{" + before, end}
			}
			return [2]string{"{" + after, end}
		case deleted:
			return [2]string{"{" + before, "," + after + "null" + end}
		}
		return [2]string{"{" + before + null + after, end}
	}
	e.insert, e.delete = around(f.Insert[0], false), around(f.Delete[0], true)
	return e, nil
}

func (e *encoder) Header() []byte { return nil }
func (e *encoder) Footer() []byte { return nil }

// Encode appends the change of row r of b.
func (e *encoder) Encode(dst []byte, b *data.Batch, r int) ([]byte, error) {
	around := &e.insert
	if !b.Op(r).Adds() {
		around = &e.delete
	}
	dst, err := e.row.Encode(append(dst, around[0]...), b, r)
	if err != nil {
		return dst, err
	}
	return append(dst[:len(dst)-1], around[1]...), nil // without its line end
}
