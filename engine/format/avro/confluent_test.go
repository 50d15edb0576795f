package avro

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/format/formattest"
)

// schemas is a schema registry in process.
type schemas struct {
	mu     sync.Mutex
	texts  []string // schema n is at n-1
	under  map[string][]int
	asked  int
	wanted string // Authorization
	ill    int    // requests to fail
}

func (s *schemas) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	answer := func(code int, x any) {
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(x)
	}
	if s.ill > 0 {
		s.ill--
		answer(503, map[string]any{"message": "starting"})
		return
	}
	if s.wanted != "" && r.Header.Get("Authorization") != s.wanted {
		answer(401, map[string]any{"error_code": 401, "message": "User cannot access the resource."})
		return
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case r.Method == "GET" && len(parts) == 3 && parts[0] == "schemas":
		var id int
		_, _ = fmt.Sscan(parts[2], &id)
		if id < 1 || id > len(s.texts) {
			answer(404, map[string]any{"error_code": 40403, "message": "Schema not found"})
			return
		}
		answer(200, map[string]any{"schema": s.texts[id-1]})
	case r.Method == "POST" && parts[0] == "subjects":
		var body struct{ Schema string }
		_ = json.NewDecoder(r.Body).Decode(&body)
		for i, t := range s.texts {
			if t == body.Schema {
				answer(200, map[string]any{"id": i + 1})
				return
			}
		}
		if len(parts) == 2 {
			answer(404, map[string]any{"error_code": 40403, "message": "Schema not found"})
			return
		}
		s.texts = append(s.texts, body.Schema)
		s.under[parts[1]] = append(s.under[parts[1]], len(s.texts))
		answer(200, map[string]any{"id": len(s.texts)})
	default:
		answer(405, map[string]any{})
	}
}

func newSchemas(t *testing.T, texts ...string) (*schemas, string) {
	s := &schemas{texts: texts, under: map[string][]int{}}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	return s, h.URL
}

func people() []data.Column {
	return []data.Column{
		{Name: "id", Type: data.Of(data.BigInt).NotNull()},
		{Name: "name", Type: data.String()},
		{Name: "at", Type: data.Type{Kind: data.Timestamp, Nullable: true, Precision: 3}},
	}
}

func readRegistered(t *testing.T, o []string, messages ...string) ([]string, error) {
	t.Helper()
	paths, types := formattest.All(people())
	d, err := Confluent.Decoder(format.DecoderSpec{Columns: people(), Output: paths, Types: types, Options: formattest.Options(t, Confluent, o...)})
	if err != nil {
		return nil, err
	}
	var ends []int
	for k := range messages {
		ends = append(ends, len(strings.Join(messages[:k+1], "")))
	}
	buf := data.WrapBuffer([]byte(strings.Join(messages, "")))
	b := data.MakeBatch(types, 0)
	_, err = d.(format.Messages).DecodeMessages(buf.B, ends, buf, b, make([]int32, len(ends)))
	return formattest.Rows(b), err
}

func TestConfluentRoundTrip(t *testing.T) {
	s, url := newSchemas(t)
	s.ill = 1 // it is asked again
	e, err := Confluent.Encoder(format.EncoderSpec{Columns: people(), Subject: "people-value", Options: formattest.Options(t, Confluent, "url", url)})
	if err != nil {
		t.Fatal(err)
	}
	_, types := formattest.All(people())
	b := data.MakeBatch(types, 2)
	b.N = 2
	b.Cols[0].I64[0], b.Cols[0].I64[1] = 7, -8
	b.Cols[1].SetString(0, "a name that is somewhat longer")
	b.Cols[1].SetNull(1)
	b.Cols[2].I64[0], b.Cols[2].I64[1] = 1_709_210_096_789, 0
	var messages []string
	for r := range 2 {
		m, err := e.Encode(nil, b, r)
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, string(m[:len(m)-1]))
	}
	if !strings.HasPrefix(messages[0], "\x00\x00\x00\x00\x01\x0e") {
		t.Errorf("the message begins with %q", messages[0])
	}
	if s.asked != 2 || len(s.under["people-value"]) != 1 {
		t.Errorf("asked %d times; registered %v", s.asked, s.under)
	}
	rows, err := readRegistered(t, []string{"url", url}, messages...)
	if want := "7|a name that is somewhat longer|2024-02-29 12:34:56.789\n-8|\\N|1970-01-01 00:00:00.000"; err != nil || strings.Join(rows, "\n") != want {
		t.Errorf("%q, %v; want %q", rows, err, want)
	}
	if s.asked != 3 {
		t.Errorf("asked %d times: a schema is asked for once", s.asked)
	}
}

// TestConfluentEvolution: each message is read by the schema it was written with.
func TestConfluentEvolution(t *testing.T) {
	_, url := newSchemas(t,
		`{"type":"record","name":"p","fields":[{"name":"id","type":"long"},{"name":"name","type":"string"}]}`,
		`{"type":"record","name":"p","fields":[{"name":"extra","type":"string"},{"name":"at","type":["null",{"type":"long","logicalType":"timestamp-micros"}]},{"name":"id","type":"int"}]}`,
		`{"type":"record","name":"p","fields":[{"name":"name","type":"string"}]}`,
		`"string"`)
	first, second := "\x00\x00\x00\x00\x01\x02\x02a", "\x00\x00\x00\x00\x02\x04xx\x02\x80\x89\x7a\x06"
	rows, err := readRegistered(t, []string{"url", url}, first, second, first)
	if want := "1|a|\\N\n3|\\N|1970-01-01 00:00:01.000\n1|a|\\N"; err != nil || strings.Join(rows, "\n") != want {
		t.Errorf("%q, %v; want %q", rows, err, want)
	}
	for _, c := range []struct{ message, want string }{
		{"\x01\x00\x00\x00\x01\x02\x02a", "Magic number does not match"},
		{"\x00\x00\x00", "cut off"},
		{"\x00\x00\x00\x00\x01\x02", "cut off"},
		{"\x00\x00\x00\x00\x01\x02\x02aX", "1 bytes are left"},
		{"\x00\x00\x00\x00\x09\x02\x02a", "schema 9 of the registry: "},
		{"\x00\x00\x00\x00\x03\x02\x02a", `field "id" is missing, and the column is NOT NULL`},
		{"\x00\x00\x00\x00\x04\x02\x02a", "a record with the table's columns as fields is needed"},
	} {
		if rows, err := readRegistered(t, []string{"url", url}, first, c.message); err == nil || !strings.Contains(err.Error(), c.want) || len(rows) != 1 {
			t.Errorf("%q: %q, %v; want %s", c.message, rows, err, c.want)
		}
	}
}

func TestConfluentAccess(t *testing.T) {
	s, url := newSchemas(t, `{"type":"record","name":"p","fields":[{"name":"id","type":"long"}]}`)
	host := strings.TrimPrefix(url, "http://")
	message := "\x00\x00\x00\x00\x01\x02"
	for _, c := range []struct {
		wanted  string
		options []string
		err     string
	}{
		{"Basic dXNlcjpwYXNz", []string{"url", url}, "401 Unauthorized: User cannot access the resource."},
		{"Basic dXNlcjpwYXNz", []string{"url", url, "basic-auth.credentials-source", "USER_INFO", "basic-auth.user-info", "user:pass"}, ""},
		{"Basic dXNlcjpwYXNz", []string{"url", "http://user:pass@" + host}, ""},
		{"Bearer abc", []string{"url", url, "bearer-auth.credentials-source", "STATIC_TOKEN", "bearer-auth.token", "abc"}, ""},
		{"", []string{"url", "http://127.0.0.1:1, " + url}, ""},
		{"", []string{"url", "localhost"}, "is not the address of a schema registry"},
		{"", []string{"url", url, "basic-auth.credentials-source", "SASL_INHERIT"}, "not supported"},
		{"", []string{"url", url, "ssl.truststore.location", "/nowhere.pem"}, "no such file"},
		{"", []string{"url", url, "properties.max.schemas.per.subject", "1"}, "is not supported"},
		{"", []string{"url", url, "schema", `{"type":"record","name":"p","fields":[{"name":"id","type":"int"}]}`}, "does not fit the table"},
	} {
		s.mu.Lock()
		s.wanted = c.wanted
		s.mu.Unlock()
		_, err := readRegistered(t, c.options, message)
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%q: %v, want %q", c.options, err, c.err)
		}
	}
}

func TestConfluentWriting(t *testing.T) {
	_, url := newSchemas(t)
	if _, err := Confluent.Encoder(format.EncoderSpec{Columns: people(), Options: formattest.Options(t, Confluent, "url", url)}); err == nil || !strings.Contains(err.Error(), "'avro-confluent.subject' is needed") {
		t.Error(err)
	}
	e, err := Confluent.Encoder(format.EncoderSpec{Columns: people(), Options: formattest.Options(t, Confluent, "url", url, "subject", "s", "properties.auto.register.schemas", "false")})
	if err != nil {
		t.Fatal(err)
	}
	_, types := formattest.All(people())
	b := data.MakeBatch(types, 1)
	if _, err := e.Encode(nil, b, 0); err == nil || !strings.Contains(err.Error(), "Schema not found") {
		t.Error(err)
	}
}
