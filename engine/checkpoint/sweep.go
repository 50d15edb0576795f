package checkpoint

import (
	"errors"
	"path"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/engine/storage"
)

// Sweep removes the files that only a checkpoint referred to that somebody has
// removed. removed is where it was, and c how that is reached. Files of checkpoints
// after it may belong to a job that runs, and are left while there is any other;
// so is everything while a checkpoint beside it cannot be read.
func Sweep(removed string, c storage.Config) error {
	place, err := storage.Clean(removed)
	if err != nil {
		return err
	}
	root, folder := storage.Parent(place)
	number, ok := strings.CutPrefix(folder, prefix)
	last, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil {
		return nil // a savepoint has its files in its own folder
	}
	store, err := storage.Open(root, c)
	if err != nil {
		return err
	}
	names, err := store.List("")
	if err != nil {
		return err
	}
	needed, others := map[string]bool{}, false
	for _, n := range names {
		n, isFolder := strings.CutSuffix(n, "/")
		if !isFolder || !strings.HasPrefix(n, prefix) {
			continue
		}
		others = true
		m, err := openIn(store, n)
		if errors.Is(err, ErrMissing) {
			continue
		}
		if err != nil {
			return nil
		}
		for f := range m.files() {
			needed[f] = true
		}
	}
	if !others { // nobody is left, and what a crash cut short is nobody's
		return store.RemoveFolder(sharedFolder)
	}
	files, err := store.List(sharedFolder)
	if err != nil {
		return err
	}
	for _, f := range files {
		id, _, _ := strings.Cut(f, "-")
		if n, err := strconv.ParseInt(id, 10, 64); err != nil || n > last || needed[f] {
			continue
		}
		if err := store.Remove(path.Join(sharedFolder, f)); err != nil {
			return err
		}
	}
	return nil
}
