package rehearsal

import (
	"context"
	"fmt"
	"strconv"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/option"
)

// PlayName is the connector of tables whose rows are the feed named by option
// 'name'; its formats are LinesName and ChangesName.
const PlayName = "rehearsal-feed"

// wholeName is that of tables that a lookup join reads whole.
const wholeName = "rehearsal-table"

// play is the connector of the sources of a rehearsal.
func play(w *world) *connector.Connector {
	return &connector.Connector{
		Name: PlayName, Doc: "Rows given to a rehearsal.",
		Options: []option.Option{{Key: "name", Type: option.String, Required: true, Doc: "The feed."}},
		Formats: true,
		Bounded: func(option.Values) bool { return true },
		Source:  w.open,
	}
}

// whole is the connector of the tables that lookup joins of a rehearsal read.
func whole(w *world) *connector.Connector {
	c := play(w)
	c.Name, c.Options = wholeName, append(c.Options, connector.FullCacheOptions()...)
	c.Source = func(s connector.SourceSpec) (connector.Source, error) {
		src, err := w.open(s)
		if err != nil {
			return nil, err
		}
		src.(*player).free = true
		return src, nil
	}
	return c
}

func (w *world) open(s connector.SourceSpec) (connector.Source, error) {
	f := w.feeds[s.Options.String("name")]
	if f == nil {
		return nil, fmt.Errorf("no feed %q", s.Options.String("name"))
	}
	src := &player{world: w, feed: f}
	for i := range f.splits() {
		id := f.Table + "/" + strconv.Itoa(i)
		if connector.Owns(id, s.Subtask, s.Parallelism) {
			src.splits = append(src.splits, &part{id: id, number: i})
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
}

type player struct {
	world   *world
	feed    *Feed
	splits  []*part
	decoder format.Decoder
	free    bool // knows no gates and does not fail
}

// part is every nth row of a feed. at counts the rows given.
type part struct {
	id      string
	number  int
	at      int
	arrived int // the last gate
}

// rowsPerPoll is small, so that a few rows make several batches.
const rowsPerPoll = 3

func (s *player) Restore(splits []connector.Split) error {
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

func (s *player) Poll(_ context.Context, b *data.Batch) (connector.Status, error) {
	ended := true
	for _, sp := range s.splits {
		total := splitLen(s.feed, sp.number)
		if sp.at == total && (s.free || !s.gated(total)) {
			continue
		}
		upTo := total
		if !s.free {
			var err error
			if upTo, err = s.world.allow(s.feed, sp.number, sp.at); err != nil {
				return connector.Ended, err
			}
		}
		if sp.at >= upTo {
			ended = false
			sp.arrived = s.world.arrive(s.feed.Table, sp.arrived)
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

// gated tells whether splits stand at a gate even after their last row.
func (s *player) gated(total int) bool {
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	gate, ok := s.world.gates[s.feed.Table]
	return ok && gate <= total
}

func (s *player) give(sp *part, b *data.Batch) error {
	line := s.feed.Rows[sp.number+sp.at*s.feed.splits()]
	buf := data.NewBuffer(len(line))
	buf.B = append(buf.B, line...)
	defer buf.Release()
	before := b.N
	n, err := s.decoder.Decode(buf.B, buf, true, b)
	if err != nil {
		return fmt.Errorf("row %d of feed %s: %w", sp.at+1, s.feed.Table, err)
	}
	if n != len(line) || b.N != before+1 {
		return fmt.Errorf("row %d of feed %s: decoded %d rows from %d of %d bytes: %s", sp.at+1, s.feed.Table, b.N-before, n, len(line), line)
	}
	sp.at++
	return nil
}

func (s *player) Splits() []connector.Split {
	var out []connector.Split
	for _, sp := range s.splits {
		out = append(out, connector.Split{ID: sp.id, Position: []byte(strconv.Itoa(sp.at)), Done: sp.at == splitLen(s.feed, sp.number)})
	}
	return out
}

func (s *player) Close() error { return nil }
