package datagen

import (
	"slices"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/connector/connectortest"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/option"
)

func spec(t testing.TB, columns []data.Column, given ...string) connector.SourceSpec {
	t.Helper()
	m := map[string]string{}
	for i := 0; i < len(given); i += 2 {
		m[given[i]] = given[i+1]
	}
	o, err := option.CheckOf("connector datagen", Connector.Options, m)
	if err != nil {
		t.Fatal(err)
	}
	s := connector.SourceSpec{Options: o, Schema: columns, Parallelism: 1}
	s.Source.Table = graph.Table{Name: "t", Columns: columns}
	for i := range columns {
		s.Source.Output = append(s.Source.Output, graph.Path{Column: i, Metadata: -1})
	}
	return s
}

func typ(k data.Kind, precision, scale int) data.Type {
	return data.Type{Kind: k, Nullable: true, Precision: precision, Scale: scale}
}

var every = []data.Column{
	{Name: "id", Type: data.Of(data.BigInt)},
	{Name: "b", Type: data.Of(data.Boolean)},
	{Name: "ti", Type: data.Of(data.TinyInt)},
	{Name: "i", Type: data.Of(data.Int)},
	{Name: "f", Type: data.Of(data.Float)},
	{Name: "d", Type: data.Of(data.Double)},
	{Name: "m", Type: typ(data.Decimal, 10, 2)},
	{Name: "w", Type: typ(data.Decimal, 38, 2)},
	{Name: "c", Type: typ(data.Char, 5, 0)},
	{Name: "s", Type: data.String()},
	{Name: "y", Type: typ(data.VarBinary, data.MaxLength, 0)},
	{Name: "iv", Type: typ(data.IntervalDayTime, 2, 3)},
	{Name: "a", Type: data.Type{Kind: data.Array, Nullable: true, Args: []data.Type{data.String()}}},
	{Name: "mp", Type: data.Type{Kind: data.Map, Nullable: true, Args: []data.Type{data.String(), data.Of(data.Int)}}},
	{Name: "r", Type: data.Type{Kind: data.Row, Nullable: true, Names: []string{"x", "y"}, Args: []data.Type{data.Of(data.Int), data.String()}}},
}

func TestContract(t *testing.T) {
	connectortest.RunSource(t, every, func(t testing.TB, subtask, parallelism int) connector.Source {
		s := spec(t, every, "number-of-rows", "2500", "rows-per-second", "0", "fields.id.kind", "sequence", "fields.id.start", "10", "fields.id.end", "100000",
			"fields.s.length", "20", "fields.s.var-len", "true", "fields.d.null-rate", "0.5", "fields.y.length", "3")
		s.Subtask, s.Parallelism = subtask, parallelism
		src, err := newSource(s)
		if err != nil {
			t.Fatal(err)
		}
		return src
	})
}

func TestLimitedContract(t *testing.T) {
	columns := every[:4]
	connectortest.RunSource(t, columns, func(t testing.TB, subtask, parallelism int) connector.Source {
		s := spec(t, columns, "number-of-rows", "300", "rows-per-second", "200000")
		s.Subtask, s.Parallelism = subtask, parallelism
		src, err := newSource(s)
		if err != nil {
			t.Fatal(err)
		}
		return src
	})
}

func TestSequencesAndRanges(t *testing.T) {
	columns := []data.Column{{Name: "a", Type: data.Of(data.Int)}, {Name: "b", Type: data.String()}, {Name: "c", Type: typ(data.Decimal, 4, 1)}}
	s := spec(t, columns, "fields.a.kind", "sequence", "fields.a.start", "1", "fields.a.end", "5", "fields.b.kind", "sequence", "fields.b.start", "10", "fields.b.end", "13", "fields.c.min", "1.5", "fields.c.max", "1.5")
	src, err := newSource(s)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(connectortest.Read(t, src, columns, 0), " "); got != "1|10|1.5 2|11|1.5 3|12|1.5 4|13|1.5" {
		t.Errorf("got %s", got)
	}
	if !Connector.Bounded(s.Options) || Connector.Bounded(spec(t, columns).Options) {
		t.Error("a sequence has an end, random values have none")
	}
	columns = []data.Column{{Name: "i", Type: data.Of(data.Int)}, {Name: "s", Type: data.String()}}
	s = spec(t, columns, "number-of-rows", "2000", "rows-per-second", "0", "fields.i.min", "0", "fields.i.max", "9", "fields.s.length", "7")
	if src, err = newSource(s); err != nil {
		t.Fatal(err)
	}
	rows := connectortest.Read(t, src, columns, 0)
	slices.Sort(rows)
	if len(rows) != 2000 || !strings.HasPrefix(rows[0], "0|") || !strings.HasPrefix(rows[1999], "9|") || len(rows[0]) != 9 {
		t.Errorf("%d rows from %s to %s", len(rows), rows[0], rows[len(rows)-1])
	}
}

func TestRefuses(t *testing.T) {
	columns := []data.Column{{Name: "a", Type: data.Of(data.Int)}, {Name: "s", Type: data.String()}, {Name: "n", Type: data.Of(data.Int).NotNull()}}
	for _, tt := range []struct{ key, value, want string }{
		{"fields.z.min", "1", "'fields.z.min' is for no column"},
		{"fields.a.mni", "1", "did you mean 'fields.a.min'?"},
		{"fields.a.length", "1", "not for one of its type"},
		{"fields.a.min", "x", "a value of INT expected"},
		{"fields.a.max", "-3000000000", "a value of INT expected"},
		{"fields.a.kind", "row", "'random' or 'sequence' expected"},
		{"fields.a.kind", "sequence", "'fields.a.start' is missing"},
		{"fields.s.length", "0", "from 1 to"},
		{"fields.a.null-rate", "2", "a number from 0 to 1"},
		{"fields.n.null-rate", "0.5", "NOT NULL"},
		{"rows-per-second", "-1", "must not be negative"},
	} {
		s := spec(t, columns, tt.key, tt.value)
		if err := Connector.Check(s.Source.Table, s.Options); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s=%s: got %v, want %q", tt.key, tt.value, err, tt.want)
		}
	}
}
