package artifact_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-streams/weir/artifact"
	"github.com/weir-streams/weir/artifact/artifacttest"
)

func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not there yet")
	s, err := artifact.NewFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	artifacttest.Run(t, s)
	if left, err := os.ReadDir(filepath.Join(dir, "artifacts", "namespaces", "team")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestOneSlashIsAFileURIToo(t *testing.T) {
	s, err := artifact.NewFolder("/srv/weir")
	if err != nil {
		t.Fatal(err)
	}
	for _, uri := range []string{"file:///srv/weir/artifacts/namespaces/n/a.jar", "file:/srv/weir/artifacts/namespaces/n/a.jar"} {
		if ns, name, ok := artifact.Split(s, uri); ns != "n" || name != "a.jar" || !ok {
			t.Errorf("%s: %q %q %v", uri, ns, name, ok)
		}
	}
}

// A file that others replace has another checksum, however it got there.
func TestChecksumsOfReplacedFiles(t *testing.T) {
	dir := t.TempDir()
	s, err := artifact.NewFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	before, err := s.Put(t.Context(), "n", "a.jar", strings.NewReader("one"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "artifacts/namespaces/n/a.jar"), []byte("three"), 0o644); err != nil {
		t.Fatal(err)
	}
	after, err := s.Stat(t.Context(), "n", "a.jar")
	if err != nil || after.SHA256 == before.SHA256 || after.SHA256 == "" {
		t.Errorf("%+v, %v", after, err)
	}
}
