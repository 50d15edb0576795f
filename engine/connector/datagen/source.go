package datagen

import (
	"container/heap"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
)

// splits is how many splits share the rows: row i belongs to split i modulo
// splits, so any number of subtasks up to this has its share.
const splits = 128

// split is the rows n*splits+index, of which count have been made.
type split struct {
	id           string
	index, count int64
}

func (s *split) next() int64 { return s.count*splits + s.index }

// queue has the split with the next row first.
type queue []*split

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].next() < q[j].next() }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(*split)) }
func (q *queue) Pop() any {
	n := len(*q) - 1
	x := (*q)[n]
	*q = (*q)[:n]
	return x
}

type source struct {
	output  []graph.Path
	gens    []*gen
	rows    int64 // of all splits
	endless bool
	limit   *connector.Limiter
	owned   []*split // by index
	queue   queue
	batch   []int64 // scratch: numbers of the rows
}

func newSource(s connector.SourceSpec) (connector.Source, error) {
	gens, rows, err := newColumns(s.Source.Table, s.Options)
	if err != nil {
		return nil, err
	}
	rate := s.Options.Int("rows-per-second")
	if s.Options.Has("scan.rate-limit") {
		rate = s.Options.Int("scan.rate-limit")
	}
	src := &source{output: s.Source.Output, gens: gens, rows: rows, limit: connector.NewLimiter(rate, s.Parallelism, s.Waited)}
	if rows < 0 {
		src.rows, src.endless = math.MaxInt64/2, true
	}
	for i := range splits {
		id := connector.SpreadID("rows-"+strconv.Itoa(i), i, splits)
		if connector.Owns(id, s.Subtask, s.Parallelism) {
			src.owned = append(src.owned, &split{id: id, index: int64(i)})
		}
	}
	src.queue = append(src.queue, src.owned...)
	heap.Init(&src.queue)
	return src, nil
}

// Restore takes over this subtask's share.
func (s *source) Restore(given []connector.Split) error {
	for _, x := range given {
		for _, sp := range s.owned {
			if sp.id != x.ID || len(x.Position) == 0 {
				continue
			}
			count, n := binary.Uvarint(x.Position)
			if n <= 0 || count > 1<<55 {
				return fmt.Errorf("split %s: position is damaged", x.ID)
			}
			sp.count = int64(count)
		}
	}
	heap.Init(&s.queue)
	return nil
}

func (s *source) Splits() []connector.Split {
	out := make([]connector.Split, len(s.owned))
	for i, sp := range s.owned {
		out[i] = connector.Split{ID: sp.id, Position: binary.AppendUvarint(nil, uint64(sp.count)), Done: sp.next() >= s.rows}
	}
	return out
}

func (s *source) Close() error { return nil }

// Poll makes rows in the order of their numbers.
func (s *source) Poll(ctx context.Context, b *data.Batch) (connector.Status, error) {
	if len(s.queue) == 0 && s.endless {
		return connector.Idle, nil
	}
	if len(s.queue) == 0 || s.queue[0].next() >= s.rows {
		return connector.Ended, nil
	}
	most := s.limit.Take(ctx, data.BatchSize)
	s.batch = s.batch[:0]
	for len(s.batch) < most && s.queue[0].next() < s.rows {
		s.batch = append(s.batch, s.queue[0].next())
		s.queue[0].count++
		heap.Fix(&s.queue, 0)
	}
	s.limit.GiveBack(most - len(s.batch))
	now := time.Now().UnixMilli()
	for k, path := range s.output {
		b.Cols[k].Resize(len(s.batch))
		s.gens[path.Column].fill(b.Cols[k], s.batch, now, path.Fields)
	}
	b.N = len(s.batch)
	return connector.More, nil
}
