package torture

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/option"
)

// Shape of the input: rows are computed from their number.
const (
	splits      = 4
	rowsPerPoll = 20
)

// numbers is a table of rows made of their numbers, in four splits: k STRING
// (NULL at times), id BIGINT, other BIGINT, v INT, ts TIMESTAMP(3).
func numbers(w *world) *connector.Connector {
	return &connector.Connector{
		Name: "numbers", Doc: "Rows made of their numbers.", Options: []option.Option{},
		Bounded: func(option.Values) bool { return true },
		Source: func(s connector.SourceSpec) (connector.Source, error) {
			src := &source{w: w, splits: &data.Splits{}}
			for i := range splits {
				id := connector.SpreadID(s.Source.Table.Name+strconv.Itoa(i), i, splits)
				if connector.Owns(id, s.Subtask, s.Parallelism) {
					src.own = append(src.own, &part{id: id, number: i})
					src.splits.IDs = append(src.splits.IDs, id)
					src.splits.Ended = append(src.splits.Ended, false)
				}
			}
			for _, p := range s.Source.Output {
				src.columns = append(src.columns, p.Column)
			}
			return src, nil
		},
	}
}

// keys are long, so that what is kept of a few hundred rows is a file of its own and
// not a part of the list of files.
var keys = func() (all [37]string) {
	for i := range all {
		all[i] = "key number " + strconv.Itoa(i) + strings.Repeat(" and more", 25+i%3)
	}
	return all
}()

type source struct {
	w       *world
	own     []*part
	turn    int
	columns []int
	splits  *data.Splits
}

type part struct {
	id         string
	number, at int
}

func (s *source) rows() int { return s.w.Rows / splits }

func (s *source) Restore(old []connector.Split) error {
	for _, o := range old {
		for _, p := range s.own {
			if p.id == o.ID {
				var err error
				if p.at, err = strconv.Atoi(string(o.Position)); err != nil {
					return fmt.Errorf("position of %s: %w", o.ID, err)
				}
			}
		}
	}
	return nil
}

func (s *source) Tracked() *data.Splits { return s.splits }

// Poll gives a few rows, and not too soon: the job must live for some checkpoints.
func (s *source) Poll(_ context.Context, b *data.Batch) (connector.Status, error) {
	time.Sleep(500 * time.Microsecond)
	s.w.strike()
	for range s.own {
		i := s.turn % len(s.own)
		s.turn++
		p := s.own[i]
		if p.at == s.rows() {
			s.splits.Ended[i] = true
			continue
		}
		b.Splits, b.Split = s.splits, i
		for n := 0; n < rowsPerPoll && p.at < s.rows(); n++ {
			s.give(p.at*splits+p.number, b)
			p.at++
		}
		return connector.More, nil
	}
	return connector.Ended, nil
}

func (s *source) give(n int, b *data.Batch) {
	for i, c := range s.columns {
		v := b.Cols[i]
		v.Resize(b.N + 1)
		mixed := int64(uint64(n) * 0x9e3779b97f4a7c15 >> 33)
		switch c {
		case 0:
			if mixed%13 == 0 {
				v.SetNull(b.N)
			}
			v.SetString(b.N, keys[mixed%37])
		case 1:
			v.I64[b.N] = int64(n)
		case 2:
			v.I64[b.N] = mixed % int64(s.w.Rows)
		case 3:
			v.I32[b.N] = int32(mixed % 1000)
		default:
			v.I64[b.N] = 1_700_000_000_000 + int64(n)*10
		}
	}
	b.N++
}

func (s *source) Splits() []connector.Split {
	var out []connector.Split
	for _, p := range s.own {
		out = append(out, connector.Split{ID: p.id, Position: []byte(strconv.Itoa(p.at)), Done: p.at == s.rows()})
	}
	return out
}

func (s *source) Close() error { return nil }
