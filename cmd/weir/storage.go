package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/engine/checkpoint"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

// metadataFile makes a folder a checkpoint or savepoint: Flink and our engine
// write it last.
const metadataFile = "_metadata"

// localState finds checkpoints and savepoints in local folders, so that the
// controllers can tell what is there when the cluster that wrote it is gone.
type localState struct{}

// Savepoint finds a complete savepoint at or below a folder; "" if there is none.
func (localState) Savepoint(_ context.Context, dir string) (string, error) {
	found, err := complete(dir)
	if err != nil || len(found) == 0 {
		return "", err
	}
	return fileURI(found[len(found)-1].path), nil
}

// NewestCheckpoint finds the checkpoint with the highest number below a
// folder; zero if there is none.
func (localState) NewestCheckpoint(_ context.Context, dir string) (resource.CheckpointRef, error) {
	found, err := complete(dir)
	var newest resource.CheckpointRef
	for _, f := range found {
		number, ok := strings.CutPrefix(filepath.Base(f.path), "chk-")
		id, convErr := strconv.ParseInt(number, 10, 64)
		if !ok || convErr != nil || id <= newest.ID {
			continue
		}
		newest = resource.CheckpointRef{ID: id, Location: fileURI(f.path), CompletedAt: resource.At(f.info.ModTime())}
	}
	return newest, err
}

// flinkMagic begins the metadata of Flink's checkpoints and savepoints.
var flinkMagic = []byte{0x49, 0x60, 0x67, 0x2d}

// Readable tells what is wrong with a savepoint or checkpoint in a local
// folder: of weir's engine all its files are looked at, of Flink's that it is one.
func (localState) Readable(_ context.Context, location string) error {
	path, err := localPath(location)
	if err != nil {
		return nil // only its cluster can look there
	}
	if !filepath.IsAbs(path) {
		return fmt.Errorf("%s is no whole path; write file:///path", location)
	}
	if filepath.Base(path) == metadataFile {
		path = filepath.Dir(path)
	}
	f, err := os.Open(filepath.Join(path, metadataFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no savepoint at %s: it has no %s", path, metadataFile)
	case err != nil:
		return fmt.Errorf("savepoint at %s: %w", path, err)
	}
	defer f.Close()
	head := make([]byte, len(flinkMagic))
	if _, err := io.ReadFull(f, head); err == nil && bytes.Equal(head, flinkMagic) {
		return nil
	}
	if _, err := checkpoint.Open(path); err != nil {
		return fmt.Errorf("it cannot be read: %w", err)
	}
	return nil
}

// Remove removes a folder with what is in it. It stops being a savepoint
// before anything in it goes.
func (localState) Remove(_ context.Context, dir string) error {
	path, err := localPath(dir)
	if err != nil {
		return err
	}
	path = filepath.Clean(path)
	if !filepath.IsAbs(path) || strings.Count(path, string(filepath.Separator)) < 2 {
		return fmt.Errorf("remove %s: that is no folder of a savepoint", path)
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("remove state: %w", err)
	case !info.IsDir():
		return fmt.Errorf("remove %s: it is no folder", path)
	}
	gone := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".removed")
	if err := os.RemoveAll(gone); err != nil {
		return fmt.Errorf("remove state: %w", err)
	}
	if err := os.Rename(path, gone); err != nil {
		return fmt.Errorf("remove state: %w", err)
	}
	if err := os.RemoveAll(gone); err != nil {
		return fmt.Errorf("remove state: %w", err)
	}
	if err := checkpoint.Sweep(path); err != nil {
		return fmt.Errorf("remove state: %w", err)
	}
	return nil
}

type folder struct {
	path string
	info fs.FileInfo // of its metadata
}

// complete lists the folders at or a little below a place that hold a whole
// checkpoint or savepoint, oldest first.
func complete(place string) ([]folder, error) {
	root, err := localPath(place)
	if err != nil {
		return nil, err
	}
	const depth = 3 // <job id>/chk-7 below what was configured
	var found []folder
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // never there, or removed while we looked
		}
		if err != nil {
			return err
		}
		below, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if below != "." && strings.Count(below, string(filepath.Separator)) >= depth {
				return filepath.SkipDir
			}
			return nil
		}
		if entry.Name() != metadataFile {
			return nil
		}
		info, err := entry.Info()
		if err != nil || info.Size() == 0 {
			return nil // removed while we looked, or never completed
		}
		found = append(found, folder{filepath.Dir(path), info})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for state in %s: %w", root, err)
	}
	slices.SortStableFunc(found, func(a, b folder) int { return a.info.ModTime().Compare(b.info.ModTime()) })
	return found, nil
}

func localPath(place string) (string, error) {
	if !strings.Contains(place, ":") {
		return place, nil
	}
	u, err := url.Parse(place)
	if err != nil || u.Scheme != "file" || u.Host != "" && u.Host != "localhost" {
		return "", fmt.Errorf("state at %s: only local folders can be looked into", place)
	}
	if u.Path == "" {
		return u.Opaque, nil
	}
	return u.Path, nil
}

func fileURI(path string) string {
	return (&url.URL{Scheme: "file", Path: path, OmitHost: true}).String()
}

// flinkTransports reaches the clusters of jobs for the API's Flink proxy.
type flinkTransports struct{ clusters *control.Clusters }

// Transport leads requests, whatever their host, to the cluster of a job.
func (t flinkTransports) Transport(ctx context.Context, j resource.Job) (http.RoundTripper, error) {
	return transportOf(t.clusters.Client(ctx, j))
}

// SessionTransport leads requests, whatever their host, to a session cluster.
func (t flinkTransports) SessionTransport(ctx context.Context, s resource.SessionCluster) (http.RoundTripper, error) {
	return transportOf(t.clusters.SessionClient(ctx, s))
}

func transportOf(c *flink.Client, err error) (http.RoundTripper, error) {
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(c.BaseURL())
	if err != nil {
		return nil, fmt.Errorf("address of the cluster: %w", err)
	}
	return toHost{base, c.Transport()}, nil
}

type toHost struct {
	base *url.URL
	next http.RoundTripper
}

func (t toHost) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = t.base.Scheme, t.base.Host, ""
	r.URL.Path = strings.TrimRight(t.base.Path, "/") + r.URL.Path
	return t.next.RoundTrip(r)
}

// withoutPassword hides the password of a database URL.
func withoutPassword(database string) string {
	u, err := url.Parse(database)
	if err != nil || u.User == nil {
		return database
	}
	return u.Redacted()
}
