package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestReferenceIsCurrent holds docs/reference to what the code declares.
func TestReferenceIsCurrent(t *testing.T) {
	pages, err := referencePages()
	if err != nil {
		t.Fatal(err)
	}
	const dir = "../../docs/reference"
	known := map[string]bool{}
	for _, p := range pages {
		known[p.file] = true
		committed, err := os.ReadFile(filepath.Join(dir, p.file))
		if err != nil {
			t.Error(err)
			continue
		}
		if string(committed) != p.text {
			t.Errorf("docs/reference/%s is not what the code says: run make generate and commit it", p.file)
		}
	}
	known["differences.md"], known["metrics.md"] = true, true // written by hand
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !known[f.Name()] {
			t.Errorf("docs/reference/%s is not generated: it belongs to docs/guides", f.Name())
		}
	}
}
