package jsonpath

import (
	"strings"
	"testing"
)

const shop = `{"store": {"book": [{"t": "A", "p": 8.95, "c": "x"}, {"t": "B", "p": 12.99}, {"t": "C", "p": 8.99, "c": "y"}], "bike": {"p": 19.95}}, "max": 10, "e": []}`

func TestPaths(t *testing.T) {
	for _, x := range []struct{ path, want string }{
		{"$.max", "10"},
		{"max", "10"},
		{"$['max']", "10"},
		{"strict $.store.book[0].t", `"A"`},
		{"$.store.book[-1].t", `"C"`},
		{"$.store.book[0,2].t", `["A","C"]`},
		{"$.store.book[1:].t", `["B","C"]`},
		{"$.store.book[:-1].t", `["A","B"]`},
		{"$.store.book[*].c", `["x","y"]`},
		{"$..p", `[8.95,12.99,8.99,19.95]`},
		{"$..book[0].t", `["A"]`},
		{"$.store.book[0]['t','p']", `{"p":8.95,"t":"A"}`},
		{"$.store.book[?(@.p < 10)].t", `["A","C"]`},
		{"$.store.book[?(@.p < $.max && !(@.t == 'A'))].t", `["C"]`},
		{"$.store.book[?(@.t == 'A' || @.p > 12.98)].t", `["A","B"]`},
		{"$.store.book[?(@.c)].t", `["A","C"]`},
		{"$.store.book[?(!@.c)].t", `["B"]`},
		{"$.store.book[?(@.t in ['A', \"C\"])].t", `["A","C"]`},
		{"$.store.book[?(@.t nin ['A'])].t", `["B","C"]`},
		{"$.store.book[?(@.t =~ /[ab]/i)].t", `["A","B"]`},
		{"$[?(@.e empty true)].max", `[10]`},
		{"$.store.book[5]", "error: No results for path: $['store']['book'][5]"},
		{"$.none", "error: No results for path: $['none']"},
		{"$.none.x", "error: Missing property"},
		{"$.max.x", "error: Missing property"},
		{"$.none[*].x", "error: Missing property"},
		{"lax $.none", "nothing"},
		{"lax $.none[*].x", "[]"},
		{"LAX $.max.x", "nothing"},
		{"$.a.", "error: "},
		{"$.a b", "error: "},
		{"$[", "error: "},
		{"$[x]", "error: "},
		{"$[?(@.a ==)]", "error: "},
		{"$[?(@.a =~ /(/)]", "error: "},
		{"$[?(1)]", "error: "},
		{"", "error: "},
		{"$[?(" + strings.Repeat("(", 1000) + ")]", "error: "},
	} {
		doc, err := parse(shop)
		if err != nil {
			t.Fatal(err)
		}
		got := "nothing"
		p, err := parsePath(x.path)
		if err == nil {
			var v *value
			if v, err = p.find(doc); v != nil {
				got = string(v.append(nil))
			}
		}
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != x.want && !(strings.HasPrefix(x.want, "error: ") && strings.HasPrefix(got, x.want)) {
			t.Errorf("%s finds %s, want %s", x.path, got, x.want)
		}
	}
}

func TestVariantNumbers(t *testing.T) {
	for in, want := range map[string]string{
		"1.50": "1.5", "1.0": "1", "-0.0": "0", "1e3": "1000.0", "100": "100", "-0.25": "-0.25",
		"12345678901234567890": "12345678901234567890", "1234567890123456789012345678901234567890": "1.2345678901234568E39",
	} {
		v, err := parse(in)
		if err != nil {
			t.Fatal(err)
		}
		plainNumbers(v)
		if v.text != want {
			t.Errorf("%s is %s, want %s", in, v.text, want)
		}
	}
}

// A path whose filters multiply is given up instead of taking for ever.
func TestFiltersWithinFiltersAreBounded(t *testing.T) {
	doc, err := parse("[" + strings.Repeat("[1,2,3,4,5,6,7,8],", 200) + "0]")
	if err != nil {
		t.Fatal(err)
	}
	text := "$"
	for range 4 {
		text = "lax $..[?(" + strings.TrimPrefix(text, "lax ") + "..[0])]"
	}
	p, err := parsePath(text)
	if err != nil {
		t.Skip(err)
	}
	if _, err := p.find(doc); err == nil {
		t.Error("it was not given up")
	}
}

func FuzzPath(f *testing.F) {
	f.Add("$.store.book[?(@.p < $.max)].t")
	f.Add("lax $..a['b',\"c\"][1:-2][0,1].*")
	doc, err := parse(shop)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		if p, err := parsePath(text); err == nil && len(p.steps) < 6 {
			_, _ = p.find(doc)
		}
	})
}
