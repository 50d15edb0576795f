package api

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-streams/weir/test/postgres"
)

// databases are where a server can keep its record; every session runs on each.
var databases = []struct {
	name string
	args func(t *testing.T) []string
}{
	{"sqlite", func(*testing.T) []string { return nil }},
	{"postgres", func(t *testing.T) []string { return []string{"--database", postgres.URL(t)} }},
}

// TestSession plays the scripts of testdata/session to the real binary.
func TestSession(t *testing.T) {
	files := scripts(t, "session", 150)
	for _, db := range databases {
		t.Run(db.name, func(t *testing.T) {
			p := launch(t, db.args(t)...)
			for _, file := range files {
				t.Run(strings.TrimSuffix(filepath.Base(file), ".http"), func(t *testing.T) {
					p.run(t, readScript(t, file), map[string]string{"data": p.data, "url": p.url})
				})
			}
		})
	}
}

// scripts lists the files of a folder that have at least so many checks.
func scripts(t *testing.T, folder string, atLeast int) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.http"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, file := range files {
		n += len(readScript(t, file))
	}
	if n < atLeast {
		t.Errorf("testdata/%s has %d checks, want at least %d", folder, n, atLeast)
	}
	return files
}

// TestMalformed sends what must be refused: every request of
// testdata/malformed is answered with a 4xx, whose message names the fault,
// and leaves nothing behind.
func TestMalformed(t *testing.T) {
	files := scripts(t, "malformed", 100)
	for _, db := range databases {
		t.Run(db.name, func(t *testing.T) {
			p := launch(t, db.args(t)...)
			for _, file := range files {
				t.Run(strings.TrimSuffix(filepath.Base(file), ".http"), func(t *testing.T) {
					p.run(t, readScript(t, file), map[string]string{"data": p.data, "url": p.url})
				})
			}
			if strings.Contains(p.output(), "panicked") {
				t.Errorf("a request made a handler panic:\n%s", p.output())
			}
		})
	}
}

// TestRoles plays testdata/session-auth to a server that asks who sends a
// request.
func TestRoles(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("a-token-of-the-test-0123456789\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, db := range databases {
		t.Run(db.name, func(t *testing.T) {
			p := launch(t, append(db.args(t), "--auth", "--auth-bootstrap-token-file", token)...)
			for _, file := range scripts(t, "session-auth", 30) {
				p.run(t, readScript(t, file), map[string]string{"admin": "a-token-of-the-test-0123456789"})
			}
		})
	}
}
