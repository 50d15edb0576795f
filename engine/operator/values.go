package operator

import (
	"context"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
)

// values is literal rows as a source of one split.
type values struct {
	rows  [][]data.Value
	owner bool
	next  int
}

const valuesSplit = "values"

// NewValues makes the source of a Values; one subtask gives the rows.
func NewValues(spec graph.Values, subtask, parallelism int) connector.Source {
	return &values{rows: spec.Rows, owner: connector.Owns(valuesSplit, subtask, parallelism)}
}

func (v *values) Restore(splits []connector.Split) error {
	for _, s := range splits {
		if s.ID == valuesSplit && len(s.Position) > 0 {
			n, err := Int64Of(s.Position)
			if err != nil {
				return err
			}
			v.next = int(n)
		}
	}
	return nil
}

func (v *values) Poll(_ context.Context, b *data.Batch) (connector.Status, error) {
	if !v.owner {
		return connector.Ended, nil
	}
	n := min(len(v.rows)-v.next, data.BatchSize)
	for _, c := range b.Cols {
		c.Resize(n)
	}
	b.N = n
	for i, row := range v.rows[v.next : v.next+n] {
		for k, c := range b.Cols {
			c.SetValueAt(i, row[k])
		}
	}
	if v.next += n; v.next < len(v.rows) {
		return connector.More, nil
	}
	return connector.Ended, nil
}

func (v *values) Splits() []connector.Split {
	if !v.owner {
		return nil
	}
	return []connector.Split{{ID: valuesSplit, Position: Int64Item(int64(v.next)), Done: v.next == len(v.rows)}}
}

func (v *values) Close() error { return nil }
