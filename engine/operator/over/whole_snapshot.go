package over

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
)

const wholeState = "rows"

// Snapshot writes the rows that are there. A job of batch mode may be stopped with
// a savepoint before its input has ended.
func (w *whole) Snapshot(to *state.Writer) error {
	rows := to.Keyed(wholeState, 0, 0, w.layout.Schema)
	for _, p := range w.order {
		if p == nil {
			continue
		}
		gone := map[string]int{}
		for row, n := range p.gone {
			gone[row] = n
		}
		for _, x := range p.rows {
			if gone[x.row] > 0 {
				gone[x.row]--
				continue
			}
			rows.Put(0, []byte(x.row))
		}
	}
	return nil
}

// Restore takes the rows again.
func (w *whole) Restore(r *state.Reader) error {
	return r.EachRow(wholeState, func(from []data.Column, _ int, row []byte) error {
		if len(from) != len(w.layout.Schema) {
			return fmt.Errorf("the state has %d columns, the query now %d", len(from), len(w.layout.Schema))
		}
		for i, c := range w.layout.Schema {
			if !c.Type.SameAs(from[i].Type) {
				return fmt.Errorf("column %s was %s and is now %s", c.Name, from[i].Type, c.Type)
			}
		}
		b := w.layout.Batch(1)
		defer b.Release()
		if _, err := w.layout.Decode(string(row), b.Cols, 0); err != nil {
			return err
		}
		return w.take(b.Cols, 0, true)
	})
}
