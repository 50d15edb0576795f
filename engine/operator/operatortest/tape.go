package operatortest

import (
	"fmt"
	"maps"
	"slices"

	"github.com/weir-streams/weir/engine/data"
)

// Tape is an output that counts rows, as text, with what each says.
type Tape map[string]int

// Watermark does nothing.
func (Tape) Watermark(int64) error { return nil }

// Emit counts the rows of a batch.
func (x Tape) Emit(o *data.Batch) error {
	defer o.Release()
	for i := range o.Len() {
		r := o.Row(i)
		line := o.Op(r).String()
		for _, c := range o.Cols {
			if line += "|"; c.IsNull(r) {
				line += "NULL"
			} else {
				line += string(data.AppendText(nil, c, r, nil))
			}
		}
		x[line]++
	}
	return nil
}

// Add counts a row in, written as Emit writes it.
func (x Tape) Add(op data.Op, values ...any) {
	line := op.String()
	for _, v := range values {
		if v == nil {
			v = "NULL"
		}
		line += fmt.Sprint("|", v)
	}
	x[line]++
}

// Difference says in what x differs from what is wanted; empty: in nothing.
func (x Tape) Difference(want Tape) string {
	if maps.Equal(x, want) {
		return ""
	}
	text := ""
	for _, row := range slices.Sorted(maps.Keys(want)) {
		if x[row] != want[row] {
			text += fmt.Sprintf("%d times, want %d: %s\n", x[row], want[row], row)
		}
	}
	for _, row := range slices.Sorted(maps.Keys(x)) {
		if want[row] == 0 {
			text += fmt.Sprintf("%d times, want none: %s\n", x[row], row)
		}
	}
	return text
}
