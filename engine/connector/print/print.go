// Package print is a sink that shows its rows, as Flink's print connector
// does: +I[1, x], one line a row.
package print

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/option"
)

// Connector is the entry of the print connector.
var Connector = &connector.Connector{
	Name:           "print",
	Doc:            "Shows every row with its kind of change. Rows are shown as they come, not exactly once.",
	AcceptsUpdates: true,
	Options: []option.Option{
		{Key: "print-identifier", Doc: "A text before every row, to tell sinks apart.", Example: "orders"},
		{Key: "standard-error", Type: option.Bool, Default: "false", Doc: "Print to the standard error instead of the standard output, where rows go to the process's own."},
		{Key: "sink.parallelism", Type: option.Int, Doc: "Parallelism of the sink; without it that of its input."},
	},
	Sink: func(s connector.SinkSpec) (connector.Sink, error) { return newSink(s), nil },
}

type sink struct {
	table, prefix string
	show          func(rows []connector.Printed)
	out           *bufio.Writer // nil if show is given
	scratch       []byte
}

func newSink(s connector.SinkSpec) *sink {
	p := &sink{table: s.Sink.Table.Name, prefix: s.Options.String("print-identifier"), show: s.Print}
	if s.Parallelism > 1 {
		if p.prefix != "" {
			p.prefix += ":"
		}
		p.prefix += strconv.Itoa(s.Subtask + 1)
	}
	if p.prefix != "" {
		p.prefix += "> "
	}
	if p.show == nil {
		var w io.Writer = os.Stdout
		if s.Options.Bool("standard-error") {
			w = os.Stderr
		}
		p.out = bufio.NewWriterSize(w, 64<<10)
	}
	return p
}

// Write shows the rows at once.
func (s *sink) Write(b *data.Batch) error {
	rows := make([]connector.Printed, b.Len())
	values := make([]*string, b.Len()*len(b.Cols))
	for i := range rows {
		r := b.Row(i)
		rows[i] = connector.Printed{Table: s.table, Prefix: s.prefix, Op: b.Op(r), Values: values[:len(b.Cols):len(b.Cols)]}
		values = values[len(b.Cols):]
		for k, v := range b.Cols {
			if v.IsNull(r) || v.Type.Kind == data.Null {
				continue
			}
			s.scratch = appendValue(s.scratch[:0], v, r)
			t := string(s.scratch)
			rows[i].Values[k] = &t
		}
	}
	if s.show != nil {
		s.show(rows)
		return nil
	}
	for i := range rows {
		if _, err := s.out.WriteString(rows[i].String() + "\n"); err != nil {
			return fmt.Errorf("print: %w", err)
		}
	}
	if err := s.out.Flush(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

func (s *sink) Prepare(int64) ([][]byte, error) { return nil, nil }
func (s *sink) Commit([][]byte) error           { return nil }
func (s *sink) Abort() error                    { return nil }
func (s *sink) Close() error                    { return nil }
