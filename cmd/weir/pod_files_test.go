package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	storage "github.com/weir-streams/weir/artifact"
	"github.com/weir-streams/weir/cluster"
)

func TestPodsFetchTheirFiles(t *testing.T) {
	store, err := storage.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Put(t.Context(), "default", "orders.jar", strings.NewReader("the jar")); err != nil {
		t.Fatal(err)
	}
	var files *podFiles
	fails := atomic.Int32{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fails.Add(-1) >= 0 {
			http.Error(w, "starting", http.StatusServiceUnavailable)
			return
		}
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	config := configuration{values: map[string]string{"pod-url": s.URL}}
	dir := t.TempDir()
	first := newPodFiles(config, []byte("key"), store, dir)
	local, err := storage.Local(t.Context(), store, dir, "default", "orders.jar")
	if err != nil {
		t.Fatal(err)
	}
	address, token, sum, err := first.Offer(cluster.Ref{JobID: "j1"}, local)
	if err != nil {
		t.Fatal(err)
	}

	// Another server with the same key and a folder of its own has it too.
	files = newPodFiles(config, []byte("key"), store, t.TempDir())
	fails.Store(1)
	var log bytes.Buffer
	to := filepath.Join(t.TempDir(), "lib", "orders.jar")
	if err := (fetch{url: address, sum: sum, token: token, to: to, log: &log}).run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(to); err != nil || string(b) != "the jar" {
		t.Errorf("%q, %v", b, err)
	}
	if !strings.Contains(log.String(), "again in") {
		t.Errorf("nobody was told of the first failure: %q", log.String())
	}

	for name, f := range map[string]fetch{
		"no token":            {url: address, sum: sum},
		"another job":         {url: strings.Replace(address, "job=j1", "job=j2", 1), sum: sum, token: token},
		"another file":        {url: strings.Replace(address, "orders.jar", "../../x", 2), sum: sum, token: token},
		"a token of this key": {url: address, sum: sum, token: newPodFiles(config, []byte("other"), store, dir).token("j1", sum, "default")},
	} {
		f.to, f.log = filepath.Join(t.TempDir(), "x"), &log
		if err := f.run(t.Context()); err == nil || !strings.Contains(err.Error(), "403") {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := os.ReadDir(filepath.Dir(f.to)); len(left) > 0 {
			t.Errorf("%s: left %v", name, left)
		}
	}

	// A file of this machine that changes under the job is not given to it.
	own := filepath.Join(t.TempDir(), "own.jar")
	write(t, own, "first")
	address, token, sum, err = files.Offer(cluster.Ref{JobID: "j1"}, own)
	if err != nil {
		t.Fatal(err)
	}
	write(t, own, "another")
	err = fetch{url: address, sum: sum, token: token, to: to, log: &log}.run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "has changed") {
		t.Error(err)
	}
}
