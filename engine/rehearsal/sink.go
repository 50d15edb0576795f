package rehearsal

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/option"
)

// record is the connector of a sink in a rehearsal: rows count when the
// checkpoint after them is complete.
func record(w *world, zone *time.Location) *connector.Connector {
	return &connector.Connector{
		Name: recordName, Doc: "What a job writes in a rehearsal.", AcceptsUpdates: true,
		Options: []option.Option{{Key: "name", Type: option.String, Required: true, Doc: "The sink."}},
		Sink: func(s connector.SinkSpec) (connector.Sink, error) {
			name := s.Options.String("name")
			return &recorder{world: w, zone: zone, sink: name, id: fmt.Sprintf("%s/%s/%d/%d", name, s.JobID, s.Attempt, s.Subtask)}, nil
		},
	}
}

const recordName = "rehearsal-record"

type recorder struct {
	world    *world
	zone     *time.Location
	sink, id string
	rows     []Change
}

// committable is what a recorder wrote between two checkpoints.
type committable struct {
	Sink, ID string
	Rows     []Change
}

func (s *recorder) Write(b *data.Batch) error {
	for i := range b.Len() {
		r := b.Row(i)
		c := Change{Op: b.Op(r), Cells: make([]*string, len(b.Cols))}
		for k, v := range b.Cols {
			if !v.IsNull(r) {
				text := string(data.AppendDisplay(nil, v, r, s.zone))
				c.Cells[k] = &text
			}
		}
		s.rows = append(s.rows, c)
	}
	return nil
}

// Text is the row between bars: NULL is null, ” is empty.
func (c Change) Text() string {
	var b strings.Builder
	for i, v := range c.Cells {
		if i > 0 {
			b.WriteString(" | ")
		}
		switch {
		case v == nil:
			b.WriteString("NULL")
		case *v == "":
			b.WriteString("''")
		default:
			b.WriteString(*v)
		}
	}
	return b.String()
}

func (s *recorder) Prepare(checkpoint int64) ([][]byte, error) {
	if len(s.rows) == 0 {
		return nil, nil
	}
	c, err := json.Marshal(committable{Sink: s.sink, ID: fmt.Sprintf("%s/%d", s.id, checkpoint), Rows: s.rows})
	s.rows = nil
	return [][]byte{c}, err
}

func (s *recorder) Commit(list [][]byte) error {
	for _, p := range list {
		var c committable
		if err := json.Unmarshal(p, &c); err != nil {
			return fmt.Errorf("read a committable: %w", err)
		}
		s.world.commit(c.Sink, c.ID, c.Rows)
	}
	return nil
}

func (s *recorder) Abort() error { s.rows = nil; return nil }
func (s *recorder) Close() error { return nil }
