package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func checkpointIn(t *testing.T, dir string, at time.Time) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, metadataFile)
	write(t, path, "x")
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestLocalState(t *testing.T) {
	root := t.TempDir()
	start := time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)
	checkpointIn(t, filepath.Join(root, "jobs", "j1", "chk-9"), start.Add(time.Hour)) // copied later
	checkpointIn(t, filepath.Join(root, "jobs", "j1", "chk-10"), start)
	write(t, filepath.Join(root, "jobs", "j1", "half"), "")
	newest, err := stateStorage{}.NewestCheckpoint(t.Context(), "file:"+filepath.Join(root, "jobs"))
	if err != nil || newest.ID != 10 || newest.Location != "file:"+filepath.Join(root, "jobs", "j1", "chk-10") {
		t.Errorf("%+v, %v", newest, err)
	}
	none, err := stateStorage{}.NewestCheckpoint(t.Context(), filepath.Join(root, "nothing"))
	if err != nil || none.Location != "" {
		t.Errorf("%+v, %v", none, err)
	}
	checkpointIn(t, filepath.Join(root, "sp", "savepoint-a-1"), start)
	checkpointIn(t, filepath.Join(root, "sp", "savepoint-a-2"), start.Add(time.Second))
	location, err := stateStorage{}.Savepoint(t.Context(), "file://"+filepath.Join(root, "sp"))
	if err != nil || !strings.HasSuffix(location, "/savepoint-a-2") {
		t.Errorf("%q, %v", location, err)
	}
	itself, err := stateStorage{}.Savepoint(t.Context(), location)
	if err != nil || itself != location {
		t.Errorf("%q, %v", itself, err)
	}
	if _, err := (stateStorage{}).Savepoint(t.Context(), "gs://bucket/x"); err == nil {
		t.Error("what cannot be looked into was taken for absent")
	}
}

// lessor gives the lease as told; an error as well.
type lessor struct {
	mu  sync.Mutex
	has bool
	err error
}

func (l *lessor) Lease(_ context.Context, _, _ string, ttl time.Duration) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.has && ttl == leaseTime, l.err
}

func (l *lessor) will(has bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.has, l.err = has, err
}

func TestOnlyTheLeaderRunsTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &lessor{}
		var running atomic.Int32
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- whileLeading(ctx, db, slog.New(slog.DiscardHandler), func(ctx context.Context) error {
				running.Add(1)
				<-ctx.Done()
				running.Add(-1)
				return nil
			})
		}()
		pass := func(d time.Duration, want int32, when string) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			if got := running.Load(); got != want {
				t.Errorf("%s: %d loops run, want %d", when, got, want)
			}
		}
		pass(time.Minute, 0, "another server leads")
		db.will(true, nil)
		pass(leaseTime, 1, "the lease is ours")
		db.will(false, errors.New("the database is away"))
		pass(leaseTime/5, 1, "one renewal failed")
		pass(leaseTime, 0, "the lease may have passed to another")
		db.will(true, nil)
		pass(leaseTime, 1, "it is ours again")
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if running.Load() != 0 {
			t.Error("the loop outlives its leader")
		}
	})
}

func TestRemovingState(t *testing.T) {
	base := t.TempDir()
	place := filepath.Join(base, "sp", "savepoint-1")
	if err := os.MkdirAll(filepath.Join(place, "shared"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(place, metadataFile), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(base, "sp", "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"/", "/tmp", "relative/path/x", "gs://bucket/a/b", file} {
		if err := (stateStorage{}).Remove(t.Context(), wrong); err == nil {
			t.Errorf("%s was removed", wrong)
		}
	}
	for range 2 { // the second time it is gone already
		if err := (stateStorage{}).Remove(t.Context(), fileURI(place)); err != nil {
			t.Fatal(err)
		}
	}
	left, err := os.ReadDir(filepath.Join(base, "sp"))
	if err != nil || len(left) != 1 || left[0].Name() != "file" {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestWhatCanBeAdopted(t *testing.T) {
	base := t.TempDir()
	for name, text := range map[string]string{"flink": "\x49\x60\x67\x2d\x00\x00", "damaged": "nothing of ours", "empty": ""} {
		if err := os.Mkdir(filepath.Join(base, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(base, name, metadataFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ at, want string }{
		{fileURI(filepath.Join(base, "flink")), ""},
		{filepath.Join(base, "flink", metadataFile), ""},
		{"gs://bucket/savepoint", ""},
		{filepath.Join(base, "damaged"), "it cannot be read"},
		{filepath.Join(base, "empty"), "it cannot be read"},
		{filepath.Join(base, "none"), "there is no savepoint at"},
		{"somewhere", "is no whole path"},
	} {
		err := stateStorage{}.Readable(t.Context(), tt.at)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.at, err, tt.want)
		}
	}
}
