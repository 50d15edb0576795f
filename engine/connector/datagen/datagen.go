// Package datagen is a source of made-up rows: random values and sequences.
//
// The rule: a value depends on the seed, the column and the row's number
// alone, so that a restored source goes on where it was, at any parallelism.
package datagen

import (
	"fmt"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/option"
)

// Connector is the entry of the datagen connector.
var Connector = &connector.Connector{
	Name: "datagen",
	Doc:  "Makes rows of random values and sequences. DATE, TIME and timestamps are those of the clock, minus up to max-past; everything else is the same for the same seed.",
	Options: []option.Option{
		{Key: "rows-per-second", Type: option.Int, Default: "10000", Doc: "Rows a second, over all subtasks; 0 is as many as possible."},
		{Key: "number-of-rows", Type: option.Int, Doc: "End after this many rows. Without it the source has an end only if a column is a sequence.", Example: "1000"},
		{Key: "scan.parallelism", Type: option.Int, Doc: "Parallelism of the source; without it that of the job."},
		{Key: "scan.rate-limit", Type: option.Int, Doc: "Another name of rows-per-second, as other sources of weir call it."},
		{Key: "seed", Type: option.Int, Default: "1", Doc: "Another seed, other values. An option of weir's own."},
		{Key: "fields.", Prefix: true, Doc: "fields.NAME.kind is random (default) or sequence. Sequences have start and end. Random values have min and max (numbers), length and var-len (strings, bytes, arrays, maps), " +
			"max-past (timestamps), null-rate (share of NULLs from 0 to 1). Within rows NAME is column.field, of arrays column.element, of maps column.key and column.value.", Example: "'fields.price.max' = '100'"},
	},
	Bounded: bounded,
	Source:  newSource,
	Check: func(t graph.Table, o option.Values) error {
		_, _, err := newColumns(t, o)
		return err
	},
}

func bounded(o option.Values) bool {
	if o.Has("number-of-rows") {
		return true
	}
	for k, v := range o.Under("fields.") {
		if len(k) > 5 && k[len(k)-5:] == ".kind" && v == "sequence" {
			return true
		}
	}
	return false
}

// newColumns makes the generators of the columns and says how many rows there
// are, -1 for no end.
func newColumns(t graph.Table, o option.Values) ([]*gen, int64, error) {
	if len(t.Metadata) > 0 {
		return nil, 0, fmt.Errorf("table %s: datagen has no metadata columns", t.Name)
	}
	for _, key := range []string{"rows-per-second", "number-of-rows", "scan.rate-limit"} {
		if o.Int(key) < 0 {
			return nil, 0, fmt.Errorf("option '%s' must not be negative, got %d", key, o.Int(key))
		}
	}
	given := newFields(o.Under("fields."))
	gens := make([]*gen, len(t.Columns))
	rows := int64(-1)
	if o.Has("number-of-rows") {
		rows = o.Int("number-of-rows")
	}
	for i, c := range t.Columns {
		g, err := newGen(given, c.Name, c.Type, seedOf(o.Int("seed"), t.Name))
		if err != nil {
			return nil, 0, err
		}
		gens[i] = g
		if g.sequence {
			if n := g.length(); rows < 0 || n < rows {
				rows = n
			}
		}
	}
	return gens, rows, given.unused()
}
