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

	"github.com/twmb/franz-go/pkg/kgo"

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

// TestRegistryThatIsSlow: while the registry does not answer a source has nothing to
// give, and can be closed.
func TestRegistryThatIsSlow(t *testing.T) {
	answer := make(chan struct{})
	asked := make(chan struct{}, 10)
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		select {
		case <-answer:
		case <-r.Context().Done():
		}
		if r.URL.Path != "/schemas/ids/1" {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"message":"Schema not found"}`)
			return
		}
		fmt.Fprint(w, `{"schema":"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"v\",\"type\":\"string\"}]}"}`)
	}))
	defer registry.Close()
	b := newBroker(t, map[string]int{"in": 1})
	columns := []data.Column{{Name: "v", Type: text}}
	open := func() connector.Source {
		from, schema := table(Connector, columns)
		o, err := option.Check(avro.Confluent.Options, map[string]string{"url": registry.URL})
		if err != nil {
			t.Fatal(err)
		}
		s, err := Connector.Source(connector.SourceSpec{
			Source: from, Schema: schema, Format: avro.Confluent, FormatOptions: o, Parallelism: 1,
			Options: options(t, Connector, map[string]string{"topic": "in", "properties.bootstrap.servers": b.addrs, "scan.startup.mode": "earliest-offset"}),
		})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	// poll goes on until there is something, or until what is signalled.
	poll := func(s connector.Source, until <-chan struct{}) (string, error) {
		for {
			batch := data.MakeBatch([]data.Type{text}, 0)
			if _, err := s.Poll(t.Context(), batch); err != nil {
				return "", err
			}
			if batch.N > 0 {
				return batch.Cols[0].Str(0), nil
			}
			select {
			case <-until:
				return "", nil
			default:
			}
		}
	}
	b.produce(t, &kgo.Record{Topic: "in", Value: []byte("\x00\x00\x00\x00\x01\x02a")})
	s := open()
	if got, err := poll(s, asked); got != "" || err != nil {
		t.Fatalf("%q, %v without a schema", got, err)
	}
	if err := s.Close(); err != nil { // it does not wait for the answer
		t.Fatal(err)
	}
	s = open()
	if got, err := poll(s, asked); got != "" || err != nil {
		t.Fatalf("%q, %v without a schema", got, err)
	}
	close(answer)
	if got, err := poll(s, nil); got != "a" || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
	b.produce(t, &kgo.Record{Topic: "in", Value: []byte("\x00\x00\x00\x00\x07\x02a")})
	_, err := poll(s, nil)
	if err == nil || !strings.Contains(err.Error(), "topic in, partition 0: schema 7 of the registry, for subject in-value: ") || !strings.Contains(err.Error(), "Schema not found") {
		t.Errorf("%v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
