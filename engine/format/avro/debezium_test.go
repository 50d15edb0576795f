package avro

import (
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/format/formattest"
)

func readChanges(t *testing.T, url string, outputs [][]int, types []data.Type, messages ...string) ([]string, error) {
	t.Helper()
	d, err := Debezium.Decoder(format.DecoderSpec{Columns: people(), Output: outputs, Types: types, Options: formattest.Options(t, Debezium, "url", url)})
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

func TestDebeziumMessages(t *testing.T) {
	row := `{"type":"record","name":"Value","fields":[{"name":"id","type":"long"},{"name":"name","type":["null","string"]}]}`
	_, url := newSchemas(t, `{"type":"record","name":"Envelope","fields":[{"name":"before","type":["null",`+row+`]},{"name":"after","type":["null","Value"]},{"name":"op","type":"string"},{"name":"ts_ms","type":["null","long"]}]}`)
	const front = "\x00\x00\x00\x00\x01"
	a, b := "\x02\x02\x02\x04aa", "\x02\x04\x02\x02b" // 1, aa and 2, b
	insert, read, update, remove := front+"\x00"+a+"\x02c\x00", front+"\x00"+b+"\x02r\x02\x08", front+a+b+"\x02u\x00", front+b+"\x00\x02d\x00"
	paths, types := formattest.All(people())
	rows, err := readChanges(t, url, paths, types, insert, read, update, remove)
	if want := "1|aa|\\N\n2|b|\\N\n-U 1|aa|\\N\n+U 2|b|\\N\n-D 2|b|\\N"; err != nil || strings.Join(rows, "\n") != want {
		t.Errorf("%q, %v; want %q", rows, err, want)
	}
	rows, err = readChanges(t, url, [][]int{{1}}, []data.Type{data.String()}, update)
	if want := "-U aa\n+U b"; err != nil || strings.Join(rows, "\n") != want {
		t.Errorf("%q, %v; want %q", rows, err, want)
	}
	for _, c := range []struct{ message, want string }{
		{front + "\x00" + b + "\x02u\x00", "REPLICA IDENTITY"},
		{front + "\x00\x00\x02d\x00", "REPLICA IDENTITY"},
		{front + b + "\x00\x02c\x00", `the "after" field of a message of op "c" is null`},
		{front + b + a + "\x02x\x00", `unknown "op" value "x"`},
		{front + b, "cut off"},
	} {
		if rows, err := readChanges(t, url, paths, types, insert, c.message); err == nil || !strings.Contains(err.Error(), c.want) || len(rows) != 1 {
			t.Errorf("%q: %q, %v; want %s", c.message, rows, err, c.want)
		}
	}
}

func TestDebeziumRoundTrip(t *testing.T) {
	_, url := newSchemas(t)
	e, err := Debezium.Encoder(format.EncoderSpec{Columns: people(), Subject: "people-value", Options: formattest.Options(t, Debezium, "url", url)})
	if err != nil {
		t.Fatal(err)
	}
	paths, types := formattest.All(people())
	b := data.MakeBatch(types, 4)
	b.N, b.Ops = 4, []data.Op{data.Insert, data.UpdateBefore, data.UpdateAfter, data.Delete}
	var messages []string
	for r := range 4 {
		b.Cols[0].I64[r], b.Cols[2].I64[r] = int64(r), 0
		b.Cols[1].SetString(r, "a name that is somewhat longer")
	}
	for r := range 4 {
		m, err := e.Encode(nil, b, r)
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, string(m[:len(m)-1]))
	}
	rows, err := readChanges(t, url, paths, types, messages...)
	const rest = "|a name that is somewhat longer|1970-01-01 00:00:00.000"
	if want := "0" + rest + "\n-D 1" + rest + "\n2" + rest + "\n-D 3" + rest; err != nil || strings.Join(rows, "\n") != want {
		t.Errorf("%q, %v; want %q", rows, err, want)
	}
}
