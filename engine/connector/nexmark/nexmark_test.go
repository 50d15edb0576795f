package nexmark

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/connector/connectortest"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/format/formattest"
	"github.com/weir-streams/weir/engine/format/json"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/option"
)

func rowType(kind int) data.Type {
	t := data.Type{Kind: data.Row, Nullable: true}
	for i, name := range kinds[kind].fields {
		f := data.String()
		switch kinds[kind].types[i] {
		case number:
			f = data.Of(data.BigInt)
		case moment:
			f = data.Type{Kind: data.Timestamp, Nullable: true, Precision: 3}
		}
		t.Names = append(t.Names, name)
		t.Args = append(t.Args, f)
	}
	return t
}

func events() graph.Table {
	return graph.Table{Name: "events", Columns: []data.Column{
		{Name: "event_type", Type: data.Of(data.Int)},
		{Name: "person", Type: rowType(kindPerson)},
		{Name: "auction", Type: rowType(kindAuction)},
		{Name: "bid", Type: rowType(kindBid)},
	}}
}

func spec(t testing.TB, paths []graph.Path, given ...string) connector.SourceSpec {
	t.Helper()
	m := map[string]string{}
	for i := 0; i < len(given); i += 2 {
		m[given[i]] = given[i+1]
	}
	o, err := option.Check(Connector.Options, m)
	if err != nil {
		t.Fatal(err)
	}
	s := connector.SourceSpec{Source: graph.Source{Table: events(), Output: paths}, Options: o, Parallelism: 1}
	if err := check(s.Source.Table, o); err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		c := s.Source.Table.Columns[p.Column]
		for _, f := range p.Fields {
			c = data.Column{Name: c.Type.Names[f], Type: c.Type.Args[f]}
		}
		s.Schema = append(s.Schema, c)
	}
	return s
}

func whole(cols ...int) (paths []graph.Path) {
	for _, c := range cols {
		paths = append(paths, graph.Path{Column: c, Metadata: -1})
	}
	return paths
}

func open(t testing.TB, s connector.SourceSpec) connector.Source {
	t.Helper()
	src, err := newSource(s)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func poll(t testing.TB, src connector.Source, s connector.SourceSpec) (*data.Batch, connector.Status) {
	t.Helper()
	b := data.NewBatch(len(s.Schema))
	for _, c := range s.Schema {
		b.Cols = append(b.Cols, data.NewVector(c.Type, 0))
	}
	status, err := src.Poll(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	return b, status
}

// The front of the stream recorded from the published generator, seeded.
func TestPublishedStream(t *testing.T) {
	f, err := os.Open("testdata/events.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	s := spec(t, whole(0, 1, 2, 3), "events.num", "20000", "seed", "42", "next-event.rate", "200", "base-time", "2024-02-28 23:59:10")
	src := open(t, s)
	enc, err := json.Format.Encoder(format.EncoderSpec{Columns: s.Schema, Options: formattest.Options(t, json.Format)})
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	n := 0
	for {
		b, status := poll(t, src, s)
		for r := range b.N {
			if !lines.Scan() {
				if n < 2500 {
					t.Fatal("no events recorded")
				}
				return // the recording holds the front only
			}
			n++
			got, err := enc.Encode(nil, b, r)
			if err != nil {
				t.Fatal(err)
			}
			// The recording writes three digits of every fraction of a second.
			if want := shortTimes(lines.Text()); string(bytes.TrimSpace(got)) != want {
				t.Fatalf("event %d:\ngot  %s\nwant %s", n, got, want)
			}
		}
		b.Release()
		if status == connector.Ended {
			break
		}
	}
	if n != 20000 || lines.Scan() {
		t.Errorf("%d events", n)
	}
}

func shortTimes(s string) string {
	for _, key := range []string{`"dateTime":"`, `"expires":"`} {
		if i := strings.Index(s, key); i >= 0 {
			from := i + len(key) + len("2024-02-28 23:59:10")
			s = s[:from] + strings.TrimSuffix(strings.TrimRight(s[from:from+4], "0"), ".") + s[from+4:]
		}
	}
	return s
}

func TestPrice(t *testing.T) {
	r := &random{7}
	for range 300_000 {
		u := r.double()
		if got, want := price(u), int64(math.Floor(math.Pow(10, u*6)*100+0.5)); got != want {
			t.Fatalf("price(%v) = %d, want %d", u, got, want)
		}
	}
	for _, u := range []float64{0, math.Nextafter(1, 0)} {
		if got, want := price(u), int64(math.Floor(math.Pow(10, u*6)*100+0.5)); got != want {
			t.Errorf("price(%v) = %d, want %d", u, got, want)
		}
	}
}

// The filter's hint and the columns read change nothing about the rows there are.
func TestFilterAndColumns(t *testing.T) {
	for _, gen := range []string{"published", "fast"} {
		t.Run(gen, func(t *testing.T) {
			read := func(s connector.SourceSpec, keep func(row string) bool) []string {
				src := open(t, s)
				var rows []string
				for {
					b, status := poll(t, src, s)
					for _, row := range formattest.Rows(b) {
						if keep(row) {
							rows = append(rows, row)
						}
					}
					b.Release()
					if status == connector.Ended {
						return rows
					}
				}
			}
			paths := []graph.Path{{Column: 0, Metadata: -1}, {Column: 3, Fields: []int{0}, Metadata: -1}, {Column: 3, Metadata: -1}, {Column: 3, Fields: []int{6}, Metadata: -1}, {Column: 0, Metadata: -1}}
			given := []string{"events.num", "5000", "generator", gen}
			all := spec(t, append(whole(1, 2), paths...), given...)
			some := spec(t, paths, given...)
			f := expr.Call("=", data.Of(data.Boolean), expr.Column(0, data.Of(data.Int)), expr.Literal(data.Value{I: 2}, data.Of(data.Int)))
			some.Source.Filter = &f
			got := read(some, func(string) bool { return true })
			var want []string
			for _, row := range read(all, func(row string) bool { return strings.HasSuffix(row, "|2") }) {
				want = append(want, strings.TrimPrefix(row, `\N|\N|`))
			}
			if len(want) != 4600 || strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("%d rows with a filter, %d without", len(got), len(want))
			}
		})
	}
}

func TestShape(t *testing.T) {
	bad := events()
	bad.Columns[0].Type = data.String()
	flat := graph.Table{Name: "bid", Columns: []data.Column{{Name: "price", Type: data.Of(data.BigInt)}}}
	for _, tt := range []struct {
		name  string
		table graph.Table
		given map[string]string
		want  string
	}{
		{"events", events(), nil, ""},
		{"wrong type", bad, nil, "must be INT"},
		{"flat without table", flat, nil, "set the option 'table'"},
		{"flat", flat, map[string]string{"table": "bid"}, ""},
		{"rates", events(), map[string]string{"first-event.rate": "1", "next-event.rate": "2"}, "must be equal"},
		{"no people", events(), map[string]string{"person.proportion": "0"}, "must be from 1"},
		{"time", events(), map[string]string{"base-time": "noon"}, "base-time"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, err := option.Check(Connector.Options, tt.given)
			if err != nil {
				t.Fatal(err)
			}
			err = check(tt.table, o)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func bench(b *testing.B, cols []int, filter bool, given ...string) {
	var paths []graph.Path
	for _, c := range cols {
		paths = append(paths, graph.Path{Column: 3, Fields: []int{c}, Metadata: -1})
	}
	paths = append(paths, graph.Path{Column: 0, Metadata: -1})
	s := spec(b, paths, given...)
	if filter {
		f := expr.Call("=", data.Of(data.Boolean), expr.Column(len(paths)-1, data.Of(data.Int)), expr.Literal(data.Value{I: 2}, data.Of(data.Int)))
		s.Source.Filter = &f
	}
	src := open(b, s)
	rows := 0
	b.ResetTimer()
	for range b.N {
		x, _ := poll(b, src, s)
		rows += x.N
		x.Release()
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

func BenchmarkPublishedBid5(b *testing.B) { bench(b, []int{0, 1, 2, 5, 6}, true) }
func BenchmarkPublishedBid7(b *testing.B) { bench(b, []int{0, 1, 2, 3, 4, 5, 6}, true) }
func BenchmarkFastBid2(b *testing.B)      { bench(b, []int{0, 2}, true, "generator", "fast") }
func BenchmarkFastBid5(b *testing.B)      { bench(b, []int{0, 1, 2, 5, 6}, true, "generator", "fast") }

func BenchmarkFastBid7(b *testing.B) {
	bench(b, []int{0, 1, 2, 3, 4, 5, 6}, true, "generator", "fast")
}

func BenchmarkFastAll(b *testing.B) {
	bench(b, []int{0, 1, 2, 3, 4, 5, 6}, false, "generator", "fast")
}

func TestContract(t *testing.T) {
	for _, given := range [][]string{
		{"events.num", "3000"},
		{"events.num", "3000", "generators", "5"},
		{"events.num", "20000", "generator", "fast"},
		{"events.num", "3000", "scan.rate-limit", "2000000"},
		{"events.num", "7000", "generator", "fast", "person.proportion", "1000", "auction.proportion", "900", "bid.proportion", "800"},
	} {
		t.Run(strings.Join(given, " "), func(t *testing.T) {
			schema := spec(t, whole(0, 1, 2, 3), given...).Schema
			connectortest.RunSource(t, schema, func(t testing.TB, subtask, parallelism int) connector.Source {
				s := spec(t, whole(0, 1, 2, 3), given...)
				s.Subtask, s.Parallelism = subtask, parallelism
				return open(t, s)
			})
		})
	}
}
