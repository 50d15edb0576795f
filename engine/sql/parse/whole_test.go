package parse_test

import (
	"testing"

	"github.com/weir-streams/weir/engine/sql/parse"
)

func TestWhole(t *testing.T) {
	for _, c := range []struct {
		src   string
		whole []string
		rest  string
	}{
		{"", nil, ""},
		{"SELECT 1", nil, "SELECT 1"},
		{"SELECT 1;", []string{"SELECT 1"}, ""},
		{"; ;SELECT 1;SELECT\n2; SELECT", []string{"SELECT 1", "SELECT\n2"}, " SELECT"},
		{"SELECT ';", nil, "SELECT ';"},
		{"SELECT ';';", []string{"SELECT ';'"}, ""},
		{"SELECT 1 -- ;\n", nil, "SELECT 1 -- ;\n"},
		{"SELECT 1 /* ; */;\n", []string{"SELECT 1"}, "\n"},
		{"EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1;", nil, "EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1;"},
		{"EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; END;", []string{"EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; END"}, ""},
	} {
		whole, rest := parse.Whole(c.src)
		var texts []string
		for _, f := range whole {
			texts = append(texts, f.Text)
		}
		if len(texts) != len(c.whole) || rest != c.rest {
			t.Errorf("Whole(%q) = %q, rest %q; want %q, rest %q", c.src, texts, rest, c.whole, c.rest)
			continue
		}
		for i := range texts {
			if texts[i] != c.whole[i] {
				t.Errorf("Whole(%q): statement %d is %q, want %q", c.src, i, texts[i], c.whole[i])
			}
		}
	}
}
