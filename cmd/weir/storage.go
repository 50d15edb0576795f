package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/engine/checkpoint"
	"github.com/weir-streams/weir/engine/storage"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

// metadataFile makes a folder a checkpoint or savepoint: Flink and our engine
// write it last.
const metadataFile = "_metadata"

// stateStorage finds checkpoints and savepoints in local folders and buckets,
// so that the controllers can tell what is there when the cluster that wrote it
// is gone.
type stateStorage struct{ config storage.Config }

// Savepoint finds a complete savepoint at or below a folder; "" if there is none.
func (s stateStorage) Savepoint(ctx context.Context, dir string) (string, error) {
	all, err := s.complete(ctx, dir)
	if err != nil || len(all) == 0 {
		return "", err
	}
	return all[len(all)-1].location, nil
}

// NewestCheckpoint finds the checkpoint with the highest number below a
// folder; zero if there is none.
func (s stateStorage) NewestCheckpoint(ctx context.Context, dir string) (resource.CheckpointRef, error) {
	all, err := s.complete(ctx, dir)
	var newest resource.CheckpointRef
	for _, f := range all {
		number, ok := strings.CutPrefix(f.name, "chk-")
		id, convErr := strconv.ParseInt(number, 10, 64)
		if !ok || convErr != nil || id <= newest.ID {
			continue
		}
		newest = resource.CheckpointRef{ID: id, Location: f.location, CompletedAt: resource.At(f.written)}
	}
	return newest, err
}

// flinkMagic begins the metadata of Flink's checkpoints and savepoints.
var flinkMagic = []byte{0x49, 0x60, 0x67, 0x2d}

// Readable tells what is wrong with a savepoint or checkpoint: of weir's engine
// all its files are looked at, of Flink's that it is one.
func (s stateStorage) Readable(_ context.Context, location string) error {
	place, err := s.open(location)
	if errors.Is(err, errNoPlace) {
		return nil // only its cluster can look there
	}
	if !storage.IsS3(location) && !filepath.IsAbs(strings.TrimPrefix(location, "file:")) {
		return fmt.Errorf("%s is no whole path; write file:///path", location)
	}
	if err != nil {
		return err
	}
	at := storage.Join(place.above, place.name)
	c, err := place.store.Open(place.name + "/" + metadataFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no savepoint at %s: it has no %s", at, metadataFile)
	case err != nil:
		return fmt.Errorf("savepoint at %s: %w", at, err)
	}
	head := make([]byte, len(flinkMagic))
	n, _ := c.ReadAt(head, 0) // what cannot be read is read again below
	if err := c.Close(); err != nil {
		return fmt.Errorf("savepoint at %s: %w", at, err)
	}
	if n == len(head) && bytes.Equal(head, flinkMagic) {
		return nil
	}
	if _, err := checkpoint.OpenIn(at, s.config); err != nil {
		return fmt.Errorf("it cannot be read: %w", err)
	}
	return nil
}

// Remove removes a folder with what is in it. It stops being a savepoint
// before anything in it goes.
func (s stateStorage) Remove(_ context.Context, dir string) error {
	if !storage.IsS3(dir) && !filepath.IsAbs(strings.TrimPrefix(dir, "file:")) {
		return fmt.Errorf("remove %s: that is no folder of a savepoint", dir)
	}
	place, err := s.open(dir)
	if err != nil {
		return fmt.Errorf("remove state: %w", err)
	}
	at := storage.Join(place.above, place.name)
	if storage.IsS3(at) {
		err = place.removeObjects()
	} else {
		err = removeFolder(at)
	}
	if err != nil {
		return err
	}
	if err := checkpoint.Sweep(at, s.config); err != nil {
		return fmt.Errorf("remove state: %w", err)
	}
	return nil
}

func fileURI(path string) string { return storage.URI(path) }

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
