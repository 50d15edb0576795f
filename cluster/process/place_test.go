package process

import (
	"sync"
	"testing"
)

func TestFoldersHaveNamesOfTheirOwn(t *testing.T) {
	dir := t.TempDir()
	places := make([]string, 8)
	var all sync.WaitGroup
	for i := range places {
		all.Go(func() {
			l, err := New(Config{Dir: dir, Command: []string{"weir", "engine"}})
			if err != nil {
				t.Error(err)
				return
			}
			places[i] = l.Place()
		})
	}
	all.Wait()
	for _, p := range places {
		if p == "" || p != places[0] {
			t.Errorf("launchers of one folder call it %q and %q", places[0], p)
		}
	}
	other, err := New(Config{Dir: t.TempDir(), Command: []string{"weir", "engine"}})
	if err != nil {
		t.Fatal(err)
	}
	if other.Place() == places[0] {
		t.Error("another folder has the same name")
	}
}
