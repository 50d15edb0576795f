package print

import (
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format/formattest"
	"github.com/weir-streams/weir/engine/option"
)

func TestLines(t *testing.T) {
	typ := func(k data.Kind, precision, scale int) data.Type {
		return data.Type{Kind: k, Nullable: true, Precision: precision, Scale: scale}
	}
	columns := []data.Column{
		{Name: "a", Type: data.Of(data.Int)},
		{Name: "b", Type: data.String()},
		{Name: "c", Type: data.Of(data.Boolean)},
		{Name: "d", Type: typ(data.Timestamp, 3, 0)},
		{Name: "e", Type: typ(data.VarBinary, 9, 0)},
		{Name: "f", Type: data.Type{Kind: data.Row, Nullable: true, Names: []string{"x"}, Args: []data.Type{data.Of(data.Double)}}},
		{Name: "g", Type: typ(data.TimestampLTZ, 6, 0)},
		{Name: "h", Type: data.Type{Kind: data.Map, Nullable: true, Args: []data.Type{data.String(), data.Of(data.Int)}}},
		{Name: "i", Type: typ(data.Decimal, 5, 2)},
		{Name: "j", Type: typ(data.Time, 0, 0)},
	}
	b := formattest.Batch(columns,
		[]data.Value{{I: 1}, {S: "x"}, {I: 1}, {I: 1709208000000}, {S: "\x01\xff"}, {Elems: []data.Value{{F: 1}}}, {I: 1709208000001, Nano: 2000}, {Elems: []data.Value{{S: "k"}, {I: 7}}}, {I: 150}, {I: 3600000}},
		[]data.Value{{I: 2}, data.NullValue(), {}, data.NullValue(), data.NullValue(), data.NullValue(), data.NullValue(), data.NullValue(), data.NullValue(), data.NullValue()},
	)
	b.Ops = []data.Op{data.UpdateAfter, data.Delete}
	o, err := option.Check(Connector.Options, map[string]string{"print-identifier": "orders"})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	s, err := Connector.Sink(connector.SinkSpec{Options: o, Subtask: 1, Parallelism: 2, Schema: columns, Print: func(rows []connector.Printed) {
		for _, r := range rows {
			lines = append(lines, r.String())
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Write(b); err != nil {
		t.Fatal(err)
	}
	want := "orders:2> +U[1, x, true, 2024-02-29T12:00, [1, -1], +I[1.0], 2024-02-29T12:00:00.001002Z, {k=7}, 1.50, 01:00]\n" +
		"orders:2> -D[2, null, false, null, null, null, null, null, null, null]"
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
