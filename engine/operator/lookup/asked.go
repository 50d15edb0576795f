package lookup

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
	"unsafe"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/packed"
)

// Cache says how long answers are kept.
type Cache struct {
	MaxRows     int64         // 0: nothing is kept (lookup.cache = NONE)
	AfterWrite  time.Duration // 0: for ever
	AfterAccess time.Duration // 0: for ever
	Missing     bool          // also that there is no row
	Retries     int           // of a question that failed
}

// asked is a table that is asked by key. Answers lie in two stores: what is used
// is in the young one or moves there; when that has half of the rows allowed it
// becomes the old one, and what was not used since goes with the one before.
type asked struct {
	cache      Cache
	table      connector.Lookup
	keysLeft   []int
	young, old *store

	fresh   []int32
	recs    []unsafe.Pointer
	ask     []int32 // rows whose key is asked for
	askRecs []unsafe.Pointer
	owners  []unsafe.Pointer
}

// NewAsked makes the operator of a LookupJoin over a table that is asked by key.
func NewAsked(op graph.Op, input []data.Column, functions *function.Set, cache Cache, open func(c *operator.Context) (connector.Lookup, error)) (operator.Operator, error) {
	if op.LookupJoin == nil || len(op.Schema) < len(input) {
		return nil, errors.New("no lookup join")
	}
	types := columnTypes(op.Schema[len(input):])
	return newLookup(op, input, functions, func(c *operator.Context) (answers, error) {
		t, err := open(c)
		if err != nil {
			return nil, err
		}
		layout := packed.New(types)
		return &asked{
			cache: cache, table: t, keysLeft: op.LookupJoin.LeftKeys,
			young: newStore(layout, op.LookupJoin.RightKeys, c.Memory), old: newStore(layout, op.LookupJoin.RightKeys, c.Memory),
		}, nil
	})
}

// current tells whether an answer may still be used.
func (a *asked) current(key unsafe.Pointer, now int64) bool {
	wrote, used := *field(key, keyAsked), *field(key, keyUsed)
	switch {
	case wrote == 0:
	case a.cache.AfterWrite > 0 && now-wrote >= a.cache.AfterWrite.Milliseconds():
	case a.cache.AfterAccess > 0 && now-used >= a.cache.AfterAccess.Milliseconds():
	case !a.cache.Missing && *field(key, keyFirst) == 0:
	default:
		return true
	}
	return false
}

func (a *asked) find(ctx context.Context, b *data.Batch, rows []int32, first []unsafe.Pointer, now int64) error {
	now = max(now, 1)
	a.turn()
	if cap(a.recs) < len(rows) {
		a.recs = make([]unsafe.Pointer, max(len(rows), data.BatchSize))
	}
	recs := a.recs[:len(rows)]
	if _, err := a.young.table.Resolve(b, a.keysLeft, rows, recs); err != nil {
		return err
	}
	a.ask, a.askRecs = a.ask[:0], a.askRecs[:0]
	for i, key := range recs {
		if *field(key, keyUsed) == math.MaxInt64 { // it is asked for already
			continue
		}
		if *field(key, keyAsked) == 0 {
			if err := a.move(b, rows[i], key, now); err != nil {
				return err
			}
		}
		if a.current(key, now) {
			*field(key, keyUsed) = now
			continue
		}
		*field(key, keyFirst), *field(key, keyUsed) = 0, math.MaxInt64
		a.ask, a.askRecs = append(a.ask, rows[i]), append(a.askRecs, key)
	}
	if len(a.ask) > 0 {
		if err := a.question(ctx, b, now); err != nil {
			return err
		}
	}
	for i, key := range recs {
		first[i] = a.young.first(key)
	}
	return nil
}

// turn makes the young store the old one when it is full.
func (a *asked) turn() {
	if a.cache.MaxRows == 0 {
		a.young.clear()
		return
	}
	if n := max(int64(a.young.log.Len()), int64(a.young.table.Len())); n < max(a.cache.MaxRows/2, 1) {
		return
	}
	a.old.clear()
	a.old, a.young = a.young, a.old
}

// move takes over what the old store knows of a key.
func (a *asked) move(b *data.Batch, r int32, key unsafe.Pointer, now int64) error {
	old, err := a.old.lookup(b, a.keysLeft, r)
	if err != nil || old == nil || !a.current(old, now) {
		return err
	}
	*field(key, keyAsked), *field(key, keyUsed) = *field(old, keyAsked), now
	return a.young.copy(a.old, a.old.first(old), key)
}

// question asks the table for the keys of the rows in ask.
func (a *asked) question(ctx context.Context, b *data.Batch, now int64) error {
	keys := data.NewBatch(len(a.keysLeft))
	defer keys.Release()
	keys.N = len(a.ask)
	for _, k := range a.keysLeft {
		keys.Cols = append(keys.Cols, data.Gather(b.Cols[k], a.ask))
	}
	var rows *data.Batch
	var counts []int32
	var err error
	for range a.cache.Retries + 1 {
		if rows, counts, err = a.table.Find(ctx, keys); err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("look up %d keys: %w", keys.N, err)
	}
	defer rows.Release()
	if len(counts) != keys.N {
		return fmt.Errorf("the connector answered for %d keys of %d", len(counts), keys.N)
	}
	a.owners, a.fresh = a.owners[:0], a.fresh[:0]
	for i, n := range counts {
		*field(a.askRecs[i], keyAsked), *field(a.askRecs[i], keyUsed) = now, now
		for range n {
			a.owners = append(a.owners, a.askRecs[i])
			a.fresh = append(a.fresh, int32(len(a.fresh)))
		}
	}
	if len(a.owners) != rows.Len() || rows.Sel != nil {
		return fmt.Errorf("the connector answered with %d rows where it counts %d", rows.Len(), len(a.owners))
	}
	return a.young.put(rows, a.fresh, a.owners)
}

func (a *asked) store() *store { return a.young }
func (a *asked) bytes() int64  { return a.young.bytes() + a.old.bytes() }
func (a *asked) keys() int     { return a.young.table.Len() + a.old.table.Len() }

func (a *asked) close() error {
	a.young.free()
	a.old.free()
	return a.table.Close()
}
