package main

import (
	"bytes"
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

// TestTheEditorKnowsTheWords holds the words that the web interface colours to the parser's.
func TestTheEditorKnowsTheWords(t *testing.T) {
	want, err := wordsOfSQL()
	if err != nil {
		t.Fatal(err)
	}
	committed, err := os.ReadFile("../../web/src/components/editor/words.json")
	if err != nil || !bytes.Equal(committed, want) {
		t.Errorf("web/src/components/editor/words.json is not what the code says (%v): run make generate and commit it", err)
	}
}
