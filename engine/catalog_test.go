package engine

import (
	"strings"
	"testing"
)

const things = "CREATE TABLE vvp.`default`.things (n INT) WITH ('connector' = 'datagen')"

func TestAScriptSeesTheCatalogOfThePlatform(t *testing.T) {
	e := New(Config{})
	script := "CREATE TEMPORARY TABLE res (n INT) WITH ('connector' = 'blackhole');\nINSERT INTO res SELECT n FROM things"
	for _, tt := range []struct {
		name    string
		catalog []string
		script  string
		want    string // in the error
	}{
		{"a table", []string{things}, script, ""},
		{"full names", []string{things}, strings.ReplaceAll(script, "FROM things", "FROM vvp.`default`.things"), ""},
		{"a view of a table", []string{things, "CREATE VIEW vvp.`default`.v AS SELECT n FROM vvp.`default`.things"}, strings.ReplaceAll(script, "FROM things", "FROM v"), ""},
		{"another catalog and database", []string{
			"CREATE CATALOG other WITH ('type' = 'generic_in_memory')", "CREATE DATABASE other.shop",
			"CREATE TABLE other.shop.things (n INT) WITH ('connector' = 'datagen')",
		}, strings.ReplaceAll(script, "FROM things", "FROM other.shop.things"), ""},
		{"a broken one beside it", []string{"CREATE TABLE (", "DROP TABLE x", things}, script, ""},
		{"its temporary table comes first", []string{things}, "CREATE TEMPORARY TABLE things (n INT, m INT) WITH ('connector' = 'datagen');\n" + strings.ReplaceAll(script, "SELECT n", "SELECT m"), ""},
		{"none", nil, script, "line 2, column 31: "},
		{"a broken one", []string{strings.Replace(things, "INT", "INTT", 1)}, script, "line 2, column 31: "},
		{"a broken one is named", []string{"CREATE TABLE (", things + "x"}, script, "statement 1 of the catalog: line 1, column 14"},
		{"no statement of a job", []string{"INSERT INTO a SELECT 1"}, script, "it makes no object of a catalog"},
		{"a wrong option of a table says so without a place", []string{strings.Replace(things, "'datagen'", "'datagne'", 1)}, script, "datagne"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := e.CompileIn(tt.catalog, tt.script, nil)
			switch {
			case tt.want == "" && err != nil:
				t.Fatal(err)
			case tt.want == "" && p.Sinks[0].Catalog != PlatformCatalog:
				t.Errorf("the sink is in catalog %q", p.Sinks[0].Catalog)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
