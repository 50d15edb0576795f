package main

import (
	"path/filepath"
	"testing"
)

func TestRunPlacesWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "bad.csv"), "x\n")
	for _, tt := range []struct{ name, options, want string }{
		{"an unknown option", "'connector' = 'datagen',\n  'rows' = '1'", "script.sql:4:3: "},
		{"an option's value", "'connector' = 'datagen',\n  'rows-per-second' = 'abc'", "script.sql:4:3: "},
		{"a format", "'connector' = 'filesystem', 'path' = 'bad.csv',\n  'format' = 'cvs'", "script.sql:4:3: "},
		{"a row, the task being named once", "'connector' = 'filesystem', 'path' = 'bad.csv', 'format' = 'csv'", "Source: s (1/1): file "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(dir, "script.sql")
			write(t, file, "SET 'a' = 'b';\nCREATE TABLE s (a INT) WITH (\n  "+tt.options+");\n\nSELECT * FROM s;\n")
			run(t, t.Context(), nil, "", "run", file).exits(1).complains(tt.want)
		})
	}
}
