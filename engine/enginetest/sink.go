package enginetest

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/option"
)

// captureConnector writes into a world, exactly once: rows count when the
// checkpoint after them is complete.
func captureConnector(w *world, zone *time.Location) *connector.Connector {
	return &connector.Connector{
		Name: "capture", Doc: "The result of a test.", AcceptsUpdates: true,
		Options: []option.Option{},
		Sink: func(s connector.SinkSpec) (connector.Sink, error) {
			return &captureSink{world: w, zone: zone, id: fmt.Sprintf("%s/%d/%d", s.JobID, s.Attempt, s.Subtask)}, nil
		},
	}
}

type captureSink struct {
	world *world
	zone  *time.Location
	id    string
	rows  []captured
}

type captured struct {
	Op  byte
	Row string
}

type committable struct {
	ID   string
	Rows []captured
}

func (s *captureSink) Write(b *data.Batch) error {
	for i := range b.Len() {
		r := b.Row(i)
		s.rows = append(s.rows, captured{Op: byte(b.Op(r)), Row: rowText(b, r, s.zone)})
	}
	return nil
}

// rowText is a row as scripts show it.
func rowText(b *data.Batch, r int, zone *time.Location) string {
	var line []byte
	for c, v := range b.Cols {
		if c > 0 {
			line = append(line, " | "...)
		}
		before := len(line)
		line = data.AppendDisplay(line, v, r, zone)
		if len(line) == before {
			line = append(line, "''"...)
		}
	}
	return string(line)
}

func (s *captureSink) Prepare(checkpoint int64) ([][]byte, error) {
	if len(s.rows) == 0 {
		return nil, nil
	}
	c, err := json.Marshal(committable{ID: fmt.Sprintf("%s/%d", s.id, checkpoint), Rows: s.rows})
	s.rows = nil
	return [][]byte{c}, err
}

func (s *captureSink) Commit(list [][]byte) error {
	for _, p := range list {
		var c committable
		if err := json.Unmarshal(p, &c); err != nil {
			return fmt.Errorf("read a committable: %w", err)
		}
		rows := make([]change, len(c.Rows))
		for i, r := range c.Rows {
			rows[i] = change{op: r.Op, row: r.Row}
		}
		s.world.commit(c.ID, rows)
	}
	return nil
}

func (s *captureSink) Abort() error { s.rows = nil; return nil }
func (s *captureSink) Close() error { return nil }
