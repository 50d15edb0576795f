package standalone

import (
	"slices"
	"testing"
)

func TestStatements(t *testing.T) {
	for _, tt := range []struct {
		script string
		want   []string
	}{
		{"", nil},
		{" ; -- only a comment; \n;/* a ; b */", nil},
		{"SELECT 1; SELECT ';' ;", []string{"SELECT 1", "SELECT ';'"}},
		{"SELECT 'it''s; so' FROM `a;b` -- c;\n; x", []string{"SELECT 'it''s; so' FROM `a;b` -- c;", "x"}},
		{"EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; INSERT INTO b SELECT 2; END; c", []string{"EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; INSERT INTO b SELECT 2; END", "c"}},
		{"BEGIN STATEMENT SET; INSERT INTO a SELECT 1; END;", []string{"BEGIN STATEMENT SET; INSERT INTO a SELECT 1; END"}},
		{"begin statement set; insert", []string{"begin statement set; insert"}},
		{"unclosed 'quote ; here", []string{"unclosed 'quote ; here"}},
		{"unclosed /* comment ; here", []string{"unclosed /* comment ; here"}},
	} {
		if got := statements(tt.script); !slices.Equal(got, tt.want) {
			t.Errorf("%q:\n%q, want\n%q", tt.script, got, tt.want)
		}
	}
}

func TestProgramIsOneJob(t *testing.T) {
	const both = "EXECUTE STATEMENT SET BEGIN\nINSERT INTO a SELECT 1;\nINSERT INTO b SELECT 2;\nEND"
	for _, tt := range []struct {
		script string
		want   []string
	}{
		{"CREATE TABLE a (i INT); INSERT INTO a SELECT 1", []string{"CREATE TABLE c", "CREATE TABLE a (i INT)", "INSERT INTO a SELECT 1"}},
		{"INSERT INTO a SELECT 1; SET 'x' = 'y'; insert INTO b SELECT 2;", []string{"CREATE TABLE c", "SET 'x' = 'y'", "EXECUTE STATEMENT SET BEGIN\nINSERT INTO a SELECT 1;\ninsert INTO b SELECT 2;\nEND"}},
		{"EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; INSERT INTO b SELECT 2; END", []string{"CREATE TABLE c", both}},
		{"BEGIN STATEMENT SET; INSERT INTO a SELECT 1; INSERT INTO b SELECT 2; END;", []string{"CREATE TABLE c", both}},
		{"BEGIN STATEMENT SET; INSERT INTO a SELECT 1; END; INSERT INTO b SELECT 2", []string{"CREATE TABLE c", both}},
		{"EXECUTE INSERT INTO a SELECT 1", []string{"CREATE TABLE c", "INSERT INTO a SELECT 1"}},
		{"SELECT 1", []string{"CREATE TABLE c", "SELECT 1"}},
	} {
		if got := program([]string{" CREATE TABLE c; "}, tt.script); !slices.Equal(got, tt.want) {
			t.Errorf("%q:\n%q, want\n%q", tt.script, got, tt.want)
		}
	}
}

func TestSetting(t *testing.T) {
	for text, want := range map[string][2]string{
		"SET 'a.b' = 'c'": {"a.b", "c"}, "set a.b=c": {"a.b", "c"}, "SET'a'='it''s = so'": {"a", "it's = so"}, "-- why\nSET 'a' = 'b' -- because": {"a", "b"},
	} {
		if k, v, ok := setting(text); !ok || k != want[0] || v != want[1] {
			t.Errorf("%q: %q %q %v", text, k, v, ok)
		}
	}
	for _, text := range []string{"SET", "SETTING 'a' = 'b'", "SELECT 1", "SET 'a'"} {
		if k, v, ok := setting(text); ok {
			t.Errorf("%q: %q %q", text, k, v)
		}
	}
}

func FuzzProgram(f *testing.F) {
	f.Add("BEGIN STATEMENT SET; INSERT INTO a SELECT '/*'; END; -- x")
	f.Fuzz(func(t *testing.T, script string) {
		for _, s := range program(nil, script) {
			_, _, _ = setting(s)
		}
	})
}
