package enginetest

import (
	"context"
	"fmt"
	"strconv"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/option"
)

// feedConnector reads the feeds of a world.
func feedConnector(w *world) *connector.Connector {
	return &connector.Connector{
		Name: "feed", Doc: "Rows of a test script.",
		Options: []option.Option{{Key: "name", Type: option.String, Required: true, Doc: "The feed."}},
		Formats: true,
		Bounded: func(option.Values) bool { return true },
		Source: func(s connector.SourceSpec) (connector.Source, error) {
			f := w.feeds[s.Options.String("name")]
			if f == nil {
				return nil, fmt.Errorf("no feed %q", s.Options.String("name"))
			}
			src := &feedSource{world: w, feed: f}
			for i := range f.splits {
				id := f.name + "/" + strconv.Itoa(i)
				if connector.Owns(id, s.Subtask, s.Parallelism) {
					src.splits = append(src.splits, &feedSplit{id: id, number: i})
				}
			}
			spec := format.DecoderSpec{Columns: s.Source.Table.Columns, Options: s.FormatOptions, Zone: "UTC"}
			for i, p := range s.Source.Output {
				if p.Metadata >= 0 {
					return nil, fmt.Errorf("a feed has no metadata")
				}
				spec.Output = append(spec.Output, append([]int{p.Column}, p.Fields...))
				spec.Types = append(spec.Types, s.Schema[i].Type)
			}
			var err error
			src.decoder, err = s.Format.Decoder(spec)
			return src, err
		},
	}
}

type feedSource struct {
	world   *world
	feed    *feed
	splits  []*feedSplit
	decoder format.Decoder
}

// feedSplit is every nth row of a feed. at counts the rows given.
type feedSplit struct {
	id      string
	number  int
	at      int
	arrived int // the last gate
}

// rowsPerPoll is small, so that a few rows make several batches.
const rowsPerPoll = 3

func (s *feedSource) Restore(splits []connector.Split) error {
	for _, old := range splits {
		for _, own := range s.splits {
			if own.id != old.ID {
				continue
			}
			at, err := strconv.Atoi(string(old.Position))
			if err != nil {
				return fmt.Errorf("position of split %s: %w", old.ID, err)
			}
			own.at = at
		}
	}
	return nil
}

func (s *feedSource) Poll(_ context.Context, b *data.Batch) (connector.Status, error) {
	ended := true
	for _, sp := range s.splits {
		total := splitLen(s.feed, sp.number)
		if sp.at == total && !s.gated(sp, total) {
			continue
		}
		upTo, err := s.world.allow(s.feed, sp.number, sp.at)
		if err != nil {
			return connector.Ended, err
		}
		if sp.at >= upTo {
			ended = false
			sp.arrived = s.world.arrive(s.feed.name, sp.arrived)
			continue
		}
		for n := 0; n < rowsPerPoll && sp.at < upTo; n++ {
			if err := s.give(sp, b); err != nil {
				return connector.Ended, err
			}
		}
		return connector.More, nil
	}
	if ended {
		return connector.Ended, nil
	}
	return connector.Idle, nil
}

// gated tells whether a split stands at a gate after its last row.
func (s *feedSource) gated(sp *feedSplit, total int) bool {
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	gate, ok := s.world.gates[s.feed.name]
	return ok && gate <= total
}

func (s *feedSource) give(sp *feedSplit, b *data.Batch) error {
	line := s.feed.rows[sp.number+sp.at*s.feed.splits]
	buf := data.NewBuffer(len(line))
	buf.B = append(buf.B, line...)
	defer buf.Release()
	before := b.N
	n, err := s.decoder.Decode(buf.B, buf, true, b)
	if err != nil {
		return fmt.Errorf("row %d of feed %s: %w", sp.at+1, s.feed.name, err)
	}
	if n != len(line) || b.N != before+1 {
		return fmt.Errorf("row %d of feed %s: decoded %d rows from %d of %d bytes: %s", sp.at+1, s.feed.name, b.N-before, n, len(line), line)
	}
	sp.at++
	return nil
}

func (s *feedSource) Splits() []connector.Split {
	var out []connector.Split
	for _, sp := range s.splits {
		out = append(out, connector.Split{ID: sp.id, Position: []byte(strconv.Itoa(sp.at)), Done: sp.at == splitLen(s.feed, sp.number)})
	}
	return out
}

func (s *feedSource) Close() error { return nil }
