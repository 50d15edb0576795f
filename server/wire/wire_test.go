package wire

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/weir-streams/weir/resource"
)

func TestYAMLToJSON(t *testing.T) {
	for _, tt := range []struct{ name, in, want, wantErr string }{
		{name: "number keeps its text", in: "flinkVersion: 1.10", want: `{"flinkVersion":1.10}`},
		{name: "quoted number is text", in: `v: "1.10"`, want: `{"v":"1.10"}`},
		{name: "hexadecimal is text", in: "v: 0x1F", want: `{"v":"0x1F"}`},
		{name: "leading zero is text", in: "v: 007", want: `{"v":"007"}`},
		{name: "infinity is text", in: "v: .inf", want: `{"v":".inf"}`},
		{name: "booleans and null", in: "a: true\nb: False\nc: ~\nd:", want: `{"a":true,"b":false,"c":null,"d":null}`},
		{name: "date is text", in: "v: 2022-01-23", want: `{"v":"2022-01-23"}`},
		{name: "literal block", in: "sql: |\n  SELECT 1;\n  SELECT 2;\n", want: `{"sql":"SELECT 1;\nSELECT 2;\n"}`},
		{name: "empty key is the root logger", in: `l: {"": INFO}`, want: `{"l":{"":"INFO"}}`},
		{name: "anchor and merge", in: "a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  q: 3\n", want: `{"a":{"p":1,"q":2},"b":{"q":3,"p":1}}`},
		{name: "JSON is YAML", in: `{"a": ["<b>", 1e3]}`, want: `{"a":["<b>",1e3]}`},
		{name: "key twice", in: "a: 1\na: 2", wantErr: "line 2"},
		{name: "two documents", in: "a: 1\n---\nb: 2", wantErr: "2 YAML documents"},
		{name: "key that is a list", in: "? [a]\n: 1", wantErr: "must be text"},
		{name: "laughs", in: laughs(), wantErr: "more than"},
		{name: "too deep", in: strings.Repeat("[", 300) + strings.Repeat("]", 300), wantErr: "deeper"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := YAMLToJSON([]byte(tt.in))
			switch {
			case tt.wantErr != "":
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Fatalf("error %v, want one with %q", err, tt.wantErr)
				}
			case err != nil:
				t.Fatal(err)
			case string(got) != tt.want:
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func laughs() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for _, n := range []string{"1", "2", "3", "4", "5", "6", "7", "8"} {
		prev := string(n[0] - 1)
		b.WriteString("a" + n + ": &a" + n + " [" + strings.TrimSuffix(strings.Repeat("*a"+prev+",", 10), ",") + "]\n")
	}
	return b.String()
}

func TestLenient(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"strict is left alone", "{\n\"a\":\"b\\n\"\n}", "{\n\"a\":\"b\\n\"\n}"},
		{"line breaks in text", "{\n\"a\":\"SELECT 1,\n\t2;\r\n\"}\n", "{\n\"a\":\"SELECT 1,\\n\\t2;\\r\\n\"}\n"},
		{"escaped quote", "{\"a\":\"x\\\"\ny\"}", "{\"a\":\"x\\\"\\ny\"}"},
		{"other control characters", "\"\x01\n\"", "\"\\u0001\\n\""},
		{"unfinished", "\"a\n\\", "\"a\\n\\"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(Lenient([]byte(tt.in))); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestReadBody(t *testing.T) {
	for _, tt := range []struct {
		name, contentType, body, want string
		status                        int
	}{
		{name: "json", contentType: "application/json; charset=utf-8", body: `{"a":1}`, want: `{"a":1}`},
		{name: "merge patch", contentType: "application/merge-patch+json", body: `{"a":1}`, want: `{"a":1}`},
		{name: "yaml", contentType: "application/yaml", body: "a: 1", want: `{"a":1}`},
		{name: "x-yaml", contentType: "application/x-yaml", body: "a: 1", want: `{"a":1}`},
		{name: "no type, json", body: `{"a":1}`, want: `{"a":1}`},
		{name: "no type, yaml", body: "a: 1", want: `{"a":1}`},
		{name: "form", contentType: "application/x-www-form-urlencoded", body: `{"a":1}`, status: 415},
		{name: "plain text", contentType: "text/plain", body: `{"a":1}`, status: 415},
		{name: "empty", contentType: "application/json", body: "  ", status: 400},
		{name: "broken", contentType: "application/json", body: "{\n  \"a\": x}", status: 400},
		{name: "too large", contentType: "application/json", body: `"` + strings.Repeat("a", 100) + `"`, status: 413},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(tt.body))
			r.Header.Set("Content-Type", tt.contentType)
			if tt.contentType == "" {
				r.Header.Del("Content-Type")
			}
			got, err := ReadBody(httptest.NewRecorder(), r, 64)
			if tt.status != 0 {
				var body *BodyError
				if e, ok := err.(*BodyError); ok {
					body = e
				}
				if body == nil || body.Status != tt.status {
					t.Fatalf("error %v, want status %d", err, tt.status)
				}
				return
			}
			if err != nil || string(got) != tt.want {
				t.Errorf("got %s, %v; want %s", got, err, tt.want)
			}
		})
	}
}

func TestWriteNegotiates(t *testing.T) {
	for accept, want := range map[string]string{
		"":                                    "application/json",
		"*/*":                                 "application/json",
		"application/yaml":                    "application/yaml",
		"text/yaml, */*":                      "application/yaml",
		"application/json, application/yaml":  "application/json",
		"application/yaml;q=0, */*":           "application/json",
		"text/html,application/xhtml+xml,*/*": "application/json",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		Write(w, r, 200, map[string]string{"a": "1.10"})
		if got := w.Header().Get("Content-Type"); got != want {
			t.Errorf("Accept %q: %s, want %s", accept, got, want)
		}
	}
}

func TestFailShapes(t *testing.T) {
	err := resource.Invalidf("spec.template.spec.parallelism", "must be at least 1, got 0")
	for path, want := range map[string]string{
		"/api/v1/namespaces/default/deployments": `{"statusCode":400,"message":"spec.template.spec.parallelism: must be at least 1, got 0","reason":"Invalid",` +
			`"errors":[{"attribute":"spec.template.spec.parallelism","message":"must be at least 1, got 0","reason":"isNonPositive"}]}`,
		"/namespaces/v1/namespaces": `{"code":"INVALID_ARGUMENT","description":"spec.template.spec.parallelism: must be at least 1, got 0","cause":null,"ok":false}`,
	} {
		w := httptest.NewRecorder()
		Fail(w, httptest.NewRequest(http.MethodPost, path, nil), err)
		if got := strings.TrimSpace(w.Body.String()); got != want || w.Code != 400 {
			t.Errorf("%s: %d %s\nwant %s", path, w.Code, got, want)
		}
	}
}

func FuzzYAMLRoundTrip(f *testing.F) {
	for _, s := range []string{"plain", "1.10", "true", "~", "", " lead", "a: b", "x\ny\n", "x\n\n y ", "tab\there", "\"q\"", "é\u2028", "- a", "# no", "<<", "2022-01-01", "\x01", "\n", "|", "0x1F"} {
		f.Add(s, "key")
		f.Add("value", s)
	}
	f.Fuzz(func(t *testing.T, value, key string) {
		src, err := json.Marshal(map[string]any{key: value, "list": []any{value, json.Number("1.10"), nil, true}})
		if err != nil {
			t.Skip()
		}
		text, err := JSONToYAML(src)
		if err != nil {
			t.Fatal(err)
		}
		back, err := YAMLToJSON(text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		var a, b any
		if json.Unmarshal(src, &a) != nil || json.Unmarshal(back, &b) != nil || !reflect.DeepEqual(a, b) {
			t.Fatalf("%s\nbecame\n%s\nbecame\n%s", src, text, back)
		}
	})
}
