package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/weir-streams/weir/engine/storage"
)

// statePlace is a folder of state, in a local folder or in a bucket.
type statePlace struct {
	store storage.Store // of what is above it
	above string        // where that is
	name  string        // of the folder in it

	scheme string // of a bucket, as it was written
}

// found is a folder that holds a whole checkpoint or savepoint.
type found struct {
	location string
	name     string
	written  time.Time // its metadata
}

// errNoPlace is for places that this server cannot look into.
var errNoPlace = errors.New("only local folders and buckets of S3 (s3://…) can be looked into")

// open finds the folder that a location names.
func (s stateStorage) open(location string) (statePlace, error) {
	place, err := storage.Clean(location)
	if err != nil {
		return statePlace{}, fmt.Errorf("state at %s: %w", location, errNoPlace)
	}
	above, name := storage.Parent(place)
	if name == metadataFile {
		above, name = storage.Parent(above)
	}
	if name == "" || name == string(filepath.Separator) {
		return statePlace{}, fmt.Errorf("state at %s: want a folder below it", location)
	}
	store, err := storage.Open(above, s.config)
	if err != nil {
		return statePlace{}, fmt.Errorf("state at %s: %w", location, err)
	}
	return statePlace{store, above, name, scheme(location)}, nil
}

// scheme is how a location in a bucket begins: Flink has more than one name for
// the same, and answers with the one it was told.
func scheme(location string) string {
	if !storage.IsS3(location) {
		return ""
	}
	s, _, _ := strings.Cut(strings.TrimSpace(location), "://")
	return s
}

func (p statePlace) uri(folder string) string {
	uri := p.store.URI(folder)
	if rest, ok := strings.CutPrefix(uri, "s3://"); ok {
		return p.scheme + "://" + rest
	}
	return uri
}

// complete lists the folders at or a little below a place that hold a whole
// checkpoint or savepoint, oldest first.
func (s stateStorage) complete(ctx context.Context, location string) ([]found, error) {
	place, err := s.open(location)
	if err != nil {
		return nil, err
	}
	const depth = 3 // <job id>/chk-7 below what was configured
	all, err := place.walk(ctx, place.name, depth)
	if err != nil {
		return nil, fmt.Errorf("look for state in %s: %w", storage.Join(place.above, place.name), err)
	}
	slices.SortStableFunc(all, func(a, b found) int { return a.written.Compare(b.written) })
	return all, nil
}

func (p statePlace) walk(ctx context.Context, folder string, depth int) ([]found, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	names, err := p.store.List(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // never there, or removed while we looked
	}
	if err != nil {
		return nil, err
	}
	var all []found
	for _, name := range names {
		below, isFolder := strings.CutSuffix(name, "/")
		switch {
		case isFolder && depth > 0 && fs.ValidPath(below):
			more, err := p.walk(ctx, folder+"/"+below, depth-1)
			if err != nil {
				return nil, err
			}
			all = append(all, more...)
		case name == metadataFile:
			written, whole, err := p.metadata(folder)
			if err != nil {
				return nil, err
			}
			if whole {
				all = append(all, found{p.uri(folder), folder[strings.LastIndexByte(folder, '/')+1:], written})
			}
		}
	}
	return all, nil
}

// metadata looks at what makes a folder a checkpoint.
func (p statePlace) metadata(folder string) (written time.Time, whole bool, err error) {
	c, err := p.store.Open(folder + "/" + metadataFile)
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, false, nil // removed while we looked
	}
	if err != nil {
		return time.Time{}, false, err
	}
	return storage.Written(c), c.Size() > 0, c.Close()
}

// removeObjects removes a folder of a bucket. It stops being a savepoint before
// anything in it goes.
func (p statePlace) removeObjects() error {
	at := storage.Join(p.above, p.name)
	if strings.Count(strings.TrimPrefix(at, "s3://"), "/") < 2 { // what lies in a bucket itself is one only if it looks like one
		if _, whole, err := p.metadata(p.name); err != nil || !whole {
			return errors.Join(fmt.Errorf("remove %s: that is no folder of a savepoint", at), err)
		}
	}
	if err := p.store.Remove(p.name + "/" + metadataFile); err != nil {
		return fmt.Errorf("remove state: %w", err)
	}
	if err := p.store.RemoveFolder(p.name); err != nil {
		return fmt.Errorf("remove state: %w", err)
	}
	return nil
}

// removeFolder removes a local folder, with one step that makes it none.
func removeFolder(dir string) error {
	dir = filepath.Clean(dir)
	if !filepath.IsAbs(dir) || strings.Count(dir, string(filepath.Separator)) < 2 {
		return fmt.Errorf("remove %s: that is no folder of a savepoint", dir)
	}
	info, err := os.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("remove state: %w", err)
	case !info.IsDir():
		return fmt.Errorf("remove %s: it is no folder", dir)
	}
	gone := filepath.Join(filepath.Dir(dir), "."+filepath.Base(dir)+".removed")
	if err := os.RemoveAll(gone); err != nil {
		return fmt.Errorf("remove state: %w", err)
	}
	if err := os.Rename(dir, gone); err != nil {
		return fmt.Errorf("remove state: %w", err)
	}
	if err := os.RemoveAll(gone); err != nil {
		return fmt.Errorf("remove state: %w", err)
	}
	return nil
}
