package process

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestALogBeginsAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	other, err := os.Create(filepath.Join(t.TempDir(), "other"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for i := range 4 {
		fmt.Fprintf(f, "line %d\n", i)
		fmt.Fprintf(other, "other %d\n", i)
		if err := rotate(path, 10, int(f.Fd()), int(other.Fd())); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Fprintln(f, "last")
	for name, want := range map[string]string{path: "last\n", path + ".1": "line 2\nline 3\n", other.Name(): "other 0\nother 1\nother 2\nother 3\n"} {
		if b, err := os.ReadFile(name); err != nil || string(b) != want {
			t.Errorf("%s: %q, %v, want %q", filepath.Base(name), b, err, want)
		}
	}
}
