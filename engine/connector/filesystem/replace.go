package filesystem

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Committables of INSERT OVERWRITE, whose rows all come when the input has ended:
// the files of this checkpoint take the place of what is there; that was done at
// a checkpoint before.
const (
	replaceMark  = 3
	replacedMark = 4
)

// replace removes what the files among items replace, and gives those files: in a
// table without partitions all its files, else those of each partition written.
// What items name is kept, so that replacing twice is replacing once.
func (s *sink) replace(items [][]byte) ([][]byte, error) {
	is := func(mark byte) func(item []byte) bool {
		return func(item []byte) bool { return len(item) == 1 && item[0] == mark }
	}
	replaces := slices.ContainsFunc(items, is(replaceMark))
	if !replaces && !slices.ContainsFunc(items, is(replacedMark)) {
		return items, nil
	}
	s.replaced = true
	items = slices.DeleteFunc(slices.Clone(items), func(item []byte) bool { return is(replaceMark)(item) || is(replacedMark)(item) })
	if !replaces {
		return items, nil
	}
	keep := map[string]map[string]bool{} // names, by folder
	if len(s.inPath) == 0 {
		keep[""] = map[string]bool{}
	}
	for _, item := range items {
		if len(item) > 0 && item[0] == progressMark {
			continue
		}
		c, err := decodeCommittable(item)
		if err != nil {
			return nil, err
		}
		if keep[c.folder] == nil {
			keep[c.folder] = map[string]bool{}
		}
		keep[c.folder][c.name] = true
	}
	for folder, names := range keep {
		if err := emptied(filepath.Join(s.root, filepath.FromSlash(folder)), names); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// emptied removes the visible files of a folder but those named.
func emptied(dir string, but map[string]bool) error {
	all, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look for files to overwrite: %w", explain(err))
	}
	for _, e := range all {
		if name := e.Name(); !e.Type().IsRegular() || but[name] || name[0] == '.' || name[0] == '_' {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("overwrite: %w", explain(err))
		}
	}
	return nil
}
