package kafka

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/format/avro"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/option"
)

// TestSubjectsOfATopic: schemas of keys and values are registered under the
// topic's name where the options do not say otherwise.
func TestSubjectsOfATopic(t *testing.T) {
	var mu sync.Mutex
	var registered []string
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		registered = append(registered, r.URL.Path+" "+fmt.Sprint(strings.Contains(string(body), `\"v\"`)))
		fmt.Fprintf(w, `{"id":%d}`, len(registered))
	}))
	defer registry.Close()
	b := newBroker(t, map[string]int{"out": 1})
	columns := []data.Column{{Name: "id", Type: text.NotNull()}, {Name: "v", Type: text}}
	s, _ := table(Upsert, columns)
	s.Table.PrimaryKey = []string{"id"}
	s.Table.Options["key.format"], s.Table.Options["value.format"] = "avro-confluent", "avro-confluent"
	of := func(f *format.Format) option.Values {
		v, err := option.Check(f.Options, map[string]string{"url": registry.URL})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	k, err := Upsert.Sink(connector.SinkSpec{
		Sink: graph.Sink{Table: s.Table}, Schema: columns, Format: avro.Confluent, FormatOptions: of(avro.Confluent), KeyFormat: avro.Confluent, KeyFormatOptions: of(avro.Confluent),
		Parallelism: 1, Options: options(t, Upsert, map[string]string{"topic": "out", "properties.bootstrap.servers": b.addrs, "value.fields-include": "EXCEPT_KEY"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	id, v := data.NewVector(text, 1), data.NewVector(text, 1)
	id.SetString(0, "k")
	v.SetString(0, "x")
	if err := k.Write(&data.Batch{N: 1, Cols: []*data.Vector{id, v}}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Prepare(1); err != nil {
		t.Fatal(err)
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(registered)
	if want := "/subjects/out-key/versions false|/subjects/out-value/versions true"; strings.Join(registered, "|") != want {
		t.Errorf("registered %q, want %s", registered, want)
	}
	got := b.read(t, "out")
	if len(got) != 1 || !strings.Contains(got[0], "\x02k=") || !strings.HasSuffix(got[0], "\x02\x02x") {
		t.Errorf("wrote %q", got)
	}
}
