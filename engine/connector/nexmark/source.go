package nexmark

import (
	"context"
	"fmt"
	"strconv"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
)

// generator makes the events of one split.
type generator interface {
	// next is the number of the next event on a timeline that all splits share,
	// and whether there is one.
	next() (int64, bool)
	// fill makes at most most events, as many as make a batch, and returns how many.
	fill(w *writer, most int) int
	position() []byte
	restore(p []byte) error
}

type source struct {
	writer  *writer
	splits  []connector.Split // ids of those owned
	gens    []generator
	byID    map[string]generator
	bounded bool
	limit   *connector.Limiter
	rated   *connector.Limiter
}

func newSource(s connector.SourceSpec) (connector.Source, error) {
	c, err := newConfig(s.Options)
	if err != nil {
		return nil, err
	}
	sh, err := newShape(s.Source.Table, s.Options.String("table"))
	if err != nil {
		return nil, err
	}
	src := &source{
		byID: map[string]generator{}, bounded: c.events > 0,
		limit: connector.NewLimiter(s.Options.Int("scan.rate-limit"), s.Parallelism, s.Waited),
	}
	if s.Options.Bool("rate.limited") {
		src.rated = connector.NewLimiter(int64(c.rate), s.Parallelism, s.Waited)
	}
	if src.writer, err = newWriter(sh, s.Source, poolsOf(c.seed)); err != nil {
		return nil, err
	}
	n := c.generators
	if c.fast {
		n = fastSplits
	}
	for i := range n {
		id := connector.SpreadID("generator-"+strconv.Itoa(i), i, n)
		if !connector.Owns(id, s.Subtask, s.Parallelism) {
			continue
		}
		var g generator
		if c.fast {
			g = newFast(&c, i)
		} else {
			g = newPublished(&c, i)
		}
		src.splits = append(src.splits, connector.Split{ID: id})
		src.gens = append(src.gens, g)
		src.byID[id] = g
	}
	return src, nil
}

// Restore takes over this subtask's share.
func (s *source) Restore(splits []connector.Split) error {
	for _, x := range splits {
		if g := s.byID[x.ID]; g != nil && len(x.Position) > 0 {
			if err := g.restore(x.Position); err != nil {
				return fmt.Errorf("split %s: %w", x.ID, err)
			}
		}
	}
	return nil
}

func (s *source) Splits() []connector.Split {
	out := make([]connector.Split, len(s.splits))
	for i, x := range s.splits {
		_, more := s.gens[i].next()
		out[i] = connector.Split{ID: x.ID, Position: s.gens[i].position(), Done: !more}
	}
	return out
}

func (s *source) Close() error { return nil }

// Poll makes the next events of the split that is behind the others.
func (s *source) Poll(ctx context.Context, b *data.Batch) (connector.Status, error) {
	var g generator
	first := int64(0)
	for _, x := range s.gens {
		if n, more := x.next(); more && (g == nil || n < first) {
			g, first = x, n
		}
	}
	if g == nil {
		if s.bounded {
			return connector.Ended, nil
		}
		return connector.Idle, nil
	}
	const events = 1 << 20 // a batch of a rare kind takes many
	most := s.limit.Take(ctx, events)
	if n := s.rated.Take(ctx, most); n < most {
		s.limit.GiveBack(most - n)
		most = n
	}
	if most == 0 {
		return connector.More, nil
	}
	s.writer.begin(b)
	n := g.fill(s.writer, min(most, 64<<10))
	s.writer.end(b)
	s.limit.GiveBack(most - n)
	s.rated.GiveBack(most - n)
	return connector.More, nil
}
