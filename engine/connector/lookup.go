package connector

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/option"
)

// A lookup join asks a table for the rows of a key, or it reads the table whole
// through its Source and keeps it: option lookup.cache, with Flink's values.
const (
	CacheNone    = "NONE"    // every key is asked for
	CachePartial = "PARTIAL" // answers are kept for a while
	CacheFull    = "FULL"    // the table is read whole, before the first row and then at an interval
)

// LookupSpec is a table to be asked by one subtask, opened once for each start.
type LookupSpec struct {
	Table         graph.Table
	Output        []graph.Path  // what to read, as in graph.Source
	Schema        []data.Column // of Output
	Keys          []int         // places in Schema: the columns of the key
	Options       option.Values
	Format        *format.Format // nil without one
	FormatOptions option.Values
	Subtask       int
	Parallelism   int
	Dir           string // relative paths are relative to it
	Log           *slog.Logger
}

// Lookup answers questions by key. It is used by one goroutine and may ask in
// parallel itself, with a bound.
type Lookup interface {
	// Find gives the rows of many keys: keys has one column for each of Keys, no Sel,
	// no NULLs, and no key twice. rows has the columns of Schema; counts[i] of them,
	// in the order of the keys, are of key i. It blocks until the answers are there
	// or ctx ends. The caller releases rows, and asks again after an error if
	// lookup.max-retries allows it.
	Find(ctx context.Context, keys *data.Batch) (rows *data.Batch, counts []int32, err error)
	Close() error
}

// FullCacheOptions are those of connectors whose tables a lookup join can only
// read whole.
func FullCacheOptions() []option.Option {
	return []option.Option{
		{Key: "lookup.cache", Type: option.Enum, Enum: []string{CacheFull}, Default: CacheFull, Doc: "What a lookup join keeps of the table: FULL reads the whole table before the first row, and keeps it."},
		reloadOption,
	}
}

// LookupOptions are those of connectors whose tables can be asked: Flink's, of
// which each connector may declare others besides.
func LookupOptions() []option.Option {
	return []option.Option{
		{Key: "lookup.cache", Type: option.Enum, Enum: []string{CacheNone, CachePartial, CacheFull}, Default: CacheNone, Doc: "What a lookup join keeps of the table: NONE asks for the key of every row, PARTIAL keeps answers, FULL reads the whole table before the first row and keeps it."},
		{Key: "lookup.partial-cache.max-rows", Type: option.Int, Default: "10000", Doc: "PARTIAL: how many rows are kept at most; those asked for longest ago go first."},
		{Key: "lookup.partial-cache.expire-after-write", Type: option.Duration, Doc: "PARTIAL: an answer is asked for again when it is this old."},
		{Key: "lookup.partial-cache.expire-after-access", Type: option.Duration, Doc: "PARTIAL: an answer that was not used for this long is asked for again."},
		{Key: "lookup.partial-cache.cache-missing-key", Type: option.Bool, Default: "true", Doc: "PARTIAL: keep also that there is no row for a key."},
		{Key: "lookup.max-retries", Type: option.Int, Default: "3", Doc: "How often a question that failed is asked again before the job fails."},
		reloadOption,
	}
}

var reloadOption = option.Option{
	Key: "lookup.full-cache.periodic-reload.interval", Type: option.Duration, Example: "1 h",
	Doc: "FULL: read the table again this often; rows wait while it is read. Without it the table is read once, at the start.",
}

// LookupCaches lists the values of lookup.cache that a table of this connector
// can have: FULL where it can be read to an end, the others where it can be asked.
func (c *Connector) LookupCaches(o option.Values) []string {
	if !slices.ContainsFunc(c.Options, func(o option.Option) bool { return o.Key == "lookup.cache" }) {
		return nil
	}
	var out []string
	if c.Lookup != nil {
		out = append(out, CacheNone, CachePartial)
	}
	if c.Source != nil && c.Bounded != nil && c.Bounded(o) {
		out = append(out, CacheFull)
	}
	return out
}

// LookupError says why a table of this connector cannot be used in a lookup join
// as its options say, nil if it can. The planner asks it.
func (c *Connector) LookupError(t graph.Table, o option.Values) error {
	can := c.LookupCaches(o)
	if len(can) == 0 {
		return fmt.Errorf("table %s: connector %q cannot be used in a lookup join (FOR SYSTEM_TIME AS OF a processing time)", t.Name, c.Name)
	}
	if have := strings.ToUpper(o.String("lookup.cache")); !slices.Contains(can, have) {
		return fmt.Errorf("table %s: 'lookup.cache' is %s, but a table of connector %q with these options can only have %s", t.Name, have, c.Name, strings.Join(can, " or "))
	}
	return nil
}
