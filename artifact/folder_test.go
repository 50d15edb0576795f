package artifact_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-streams/weir/artifact"
	"github.com/weir-streams/weir/artifact/artifacttest"
	"github.com/weir-streams/weir/resource"
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

func TestFilesAreBroughtHereOnce(t *testing.T) {
	s, err := artifact.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	put := func(text string) {
		if _, err := s.Put(t.Context(), "n", "a.jar", strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	local := func(want string) string {
		path, err := artifact.Local(t.Context(), s, dir, "n", "a.jar")
		if err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != want || filepath.Base(path) != "a.jar" {
			t.Errorf("%s has %q, %v; want %q", path, text, err, want)
		}
		return path
	}
	put("one")
	first := local("one")
	if again := local("one"); again != first {
		t.Errorf("brought twice: %s, %s", first, again)
	}
	put("two")
	if second := local("two"); second == first {
		t.Error("a running job's file is replaced under it")
	}
	if _, err := artifact.Local(t.Context(), s, dir, "n", "none.jar"); !errors.Is(err, resource.ErrNotFound) {
		t.Errorf("what is not there: %v", err)
	}
	if _, err := artifact.Local(t.Context(), s, dir, "n", "../n/a.jar"); err == nil {
		t.Error("a path is taken for a name")
	}
}
