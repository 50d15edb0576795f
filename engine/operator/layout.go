package operator

import (
	"fmt"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// Layout is how the rows of an input lie in state, in the row codec: the key
// columns first, then the others.
type Layout struct {
	Cols   []int         // the column of the input at each place
	Schema []data.Column // at each place
	input  []data.Type
	into   []*data.Vector
}

// NewLayout lays out rows with the given columns and key columns.
func NewLayout(input []data.Column, keys []int) *Layout {
	l := &Layout{}
	isKey := make([]bool, len(input))
	for _, k := range keys {
		l.Cols = append(l.Cols, k)
		isKey[k] = true
	}
	for i, c := range input {
		if !isKey[i] {
			l.Cols = append(l.Cols, i)
		}
		l.input = append(l.input, c.Type)
	}
	for _, k := range l.Cols {
		l.Schema = append(l.Schema, input[k])
	}
	l.into = make([]*data.Vector, len(l.Cols))
	return l
}

// Encode appends row r of the input's columns to dst.
func (l *Layout) Encode(dst []byte, cols []*data.Vector, r int) []byte {
	return data.EncodeRow(dst, cols, l.Cols, r)
}

// Batch makes a batch of n rows of the input's columns.
func (l *Layout) Batch(n int) *data.Batch { return data.MakeBatch(l.input, n) }

// Decode reads a row as row r of cols, which begin with the input's columns, and
// gives the bytes behind it. Rows must be read in ascending order.
func (l *Layout) Decode(row string, cols []*data.Vector, r int) ([]byte, error) {
	for i, k := range l.Cols {
		l.into[i] = cols[k]
	}
	rest, err := data.DecodeRow(Bytes(row), l.into, r)
	if err != nil {
		return nil, fmt.Errorf("a row kept in state: %w", err)
	}
	return rest, nil
}

// Bytes is a string as bytes, not to be changed.
func Bytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// SameSchema refuses state that was written with other columns than are wanted.
func SameSchema(written, want []data.Column) error {
	if len(written) != len(want) {
		return fmt.Errorf("the state has %d columns, the query now %d", len(written), len(want))
	}
	for i, c := range want {
		if !c.Type.SameAs(written[i].Type) {
			return fmt.Errorf("column %s was %s and is now %s", c.Name, written[i].Type, c.Type)
		}
	}
	return nil
}
