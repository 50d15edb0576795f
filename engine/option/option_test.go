package option

import (
	"testing"
	"time"
)

var sample = []Option{
	{Key: "path", Required: true, Example: "/tmp/in"},
	{Key: "scan.rate-limit", Type: Int, Aliases: []string{"rate"}},
	{Key: "interval", Type: Duration, Default: "1 min"},
	{Key: "size", Type: Bytes, Default: "128 mb"},
	{Key: "mode", Type: Enum, Enum: []string{"SQL", "ISO-8601"}, Default: "SQL"},
	{Key: "strict", Type: Bool, Default: "true"},
	{Key: "fields.", Prefix: true},
}

func TestCheckRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, key, value, want string
	}{
		{"misspelt", "scan.rate-limt", "1", `unknown option "scan.rate-limt" of connector datagen; did you mean "scan.rate-limit"?`},
		{"unknown", "zzzzzzzz", "1", `unknown option "zzzzzzzz" of connector datagen; it has: interval, mode, path, scan.rate-limit, size, strict`},
		{"number", "rate", "x", `option "rate" of connector datagen: a whole number expected, got "x"`},
		{"enum", "mode", "x", `option "mode" of connector datagen: one of 'SQL', 'ISO-8601' expected, got "x"`},
		{"bool", "strict", "yes", `option "strict" of connector datagen: 'true' or 'false' expected, got "yes"`},
		{"bare prefix", "fields.", "yes", `unknown option "fields." of connector datagen; it has: interval, mode, path, scan.rate-limit, size, strict`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := CheckOf("connector datagen", sample, map[string]string{"path": "p", tt.key: tt.value})
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
	_, err := Check(sample, nil)
	if want := `required option "path" is missing, for example 'path' = '/tmp/in'`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestValues(t *testing.T) {
	v, err := Check(sample, map[string]string{"path": "p", "rate": "7", "mode": "iso-8601", "fields.a.kind": "random"})
	if err != nil {
		t.Fatal(err)
	}
	if v.Int("scan.rate-limit") != 7 || !v.Has("scan.rate-limit") || v.Has("interval") {
		t.Error("alias not taken for its key")
	}
	if v.String("mode") != "ISO-8601" {
		t.Error("an enum answers in its declared case")
	}
	if v.Duration("interval") != time.Minute || v.Bytes("size") != 128<<20 || !v.Bool("strict") {
		t.Error("defaults")
	}
	if u := v.Under("fields."); len(u) != 1 || u["a.kind"] != "random" || v.String("fields.a.kind") != "random" {
		t.Error("prefix", u)
	}
	if (Values{}).Int("x") != 0 || (Values{}).Has("x") {
		t.Error("zero Values must answer")
	}
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"10 s": 10 * time.Second, "1 min": time.Minute, "500ms": 500 * time.Millisecond, "7": 7 * time.Millisecond,
		"PT5S": 5 * time.Second, "P1DT2H": 26 * time.Hour, "PT0.5S": 500 * time.Millisecond, "2 days": 48 * time.Hour, "0 ms": 0,
	} {
		if d, err := ParseDuration(text); err != nil || d != want {
			t.Errorf("%q: %v %v, want %v", text, d, err, want)
		}
	}
	for _, text := range []string{"", "s", "5 parsecs", "-5 s", "P", "PT", "PTT5S", "PT5", "P5S", "99999999999999 d", "PT9e9S", "1.5 s"} {
		if d, err := ParseDuration(text); err == nil {
			t.Errorf("%q gave %v", text, d)
		}
	}
}

func TestParseBytes(t *testing.T) {
	for text, want := range map[string]int64{"128mb": 128 << 20, "1 kb": 1024, "1024": 1024, "2 g": 2 << 30, "5bytes": 5} {
		if n, err := ParseBytes(text); err != nil || n != want {
			t.Errorf("%q: %v %v, want %v", text, n, err, want)
		}
	}
	for _, text := range []string{"", "mb", "1 pb", "99999999999 tb", "-1"} {
		if n, err := ParseBytes(text); err == nil {
			t.Errorf("%q gave %v", text, n)
		}
	}
}
