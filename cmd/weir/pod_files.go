package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	storage "github.com/weir-streams/weir/artifact"
	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/server"
)

// podFiles hands files of this machine to pods: the program of a job and what
// it needs. A pod has a token for each file, which says nothing else than that
// this server wants that job to have that file; so any server with the same key
// can answer, also after a restart.
type podFiles struct {
	base  string // URL under which pods reach this server; empty: they cannot
	key   []byte
	store storage.Store
	dir   string // where artifacts are brought to

	mu   sync.Mutex
	sums map[string]fileSum // by path
}

type fileSum struct {
	size     int64
	modified time.Time
	sum      string
}

// maxFileSums bounds what is remembered.
const maxFileSums = 10_000

func newPodFiles(config configuration, secret []byte, store storage.Store, dir string) *podFiles {
	mac := hmac.New(sha256.New, secret)
	_, _ = mac.Write([]byte("files of pods")) // never fails
	return &podFiles{base: strings.TrimRight(config.get("pod-url"), "/"), key: mac.Sum(nil), store: store, dir: dir, sums: map[string]fileSum{}}
}

// fileSecret is what tokens of files are made with: the first key that seals
// secret values, which all servers of a database share.
func fileSecret(config configuration, data string) ([]byte, error) {
	path := config.get("secret-key-file")
	if path == "" {
		path = filepath.Join(data, "secret.key")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("secret key file: %w", err)
	}
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return line, nil
		}
	}
	return nil, fmt.Errorf("secret key file %s: it has no key", path)
}

// Offer tells where a pod of a cluster gets a file of this machine.
func (f *podFiles) Offer(ref cluster.Ref, path string) (address, token, sum string, err error) {
	if f.base == "" {
		return "", "", "", fmt.Errorf("%w: pods cannot fetch %s: tell this server by --pod-url under which address they reach it", cluster.ErrRefused, filepath.Base(path))
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", "", "", err
	}
	file, err := os.Open(path)
	if err != nil {
		return "", "", "", fmt.Errorf("file for pods: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	if sum, err = f.sumOf(file); err != nil {
		return "", "", "", fmt.Errorf("file for pods: %w", err)
	}
	if below, err := filepath.Rel(f.dir, path); err == nil && filepath.IsLocal(below) {
		path = filepath.ToSlash(below) // so that another server finds it in its own folder
	}
	id := ref.Incarnation()
	q := url.Values{"name": {filepath.Base(path)}, "job": {id}, "path": {path}}
	return f.base + server.FilesPath + sum + "?" + q.Encode(), f.token(id, sum, path), sum, nil
}

func (f *podFiles) token(job, sum, path string) string {
	mac := hmac.New(sha256.New, f.key)
	_, _ = mac.Write([]byte(job + "\n" + sum + "\n" + path)) // never fails
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// sumOf reads a file to know its checksum, unless it is known already.
func (f *podFiles) sumOf(file *os.File) (string, error) {
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is no file", file.Name())
	}
	f.mu.Lock()
	known := f.sums[file.Name()]
	f.mu.Unlock()
	if known.sum != "" && known.size == info.Size() && known.modified.Equal(info.ModTime()) {
		return known.sum, nil
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	sum := hex.EncodeToString(hash.Sum(nil))
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.sums) >= maxFileSums {
		clear(f.sums)
	}
	f.sums[file.Name()] = fileSum{info.Size(), info.ModTime(), sum}
	return sum, nil
}

// ServeHTTP gives a file to who has its token.
func (f *podFiles) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sum, q := strings.TrimPrefix(r.URL.Path, server.FilesPath), r.URL.Query()
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	path := q.Get("path")
	if !hmac.Equal([]byte(token), []byte(f.token(q.Get("job"), sum, path))) {
		http.Error(w, "this token is not for this file", http.StatusForbidden)
		return
	}
	file, err := f.open(r.Context(), path)
	if errors.Is(err, fs.ErrNotExist) {
		http.Error(w, fmt.Sprintf("%s is not there any more", filepath.Base(path)), http.StatusNotFound)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer func() { _ = file.Close() }() // only read
	has, err := f.sumOf(file)
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	case has != sum:
		http.Error(w, fmt.Sprintf("%s has changed since the job was started", filepath.Base(path)), http.StatusGone)
		return
	}
	w.Header().Set("ETag", `"`+sum+`"`)
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", time.Time{}, file)
}

// open opens a file; an artifact that another server brought to its machine is
// brought here.
func (f *podFiles) open(ctx context.Context, path string) (*os.File, error) {
	if filepath.IsAbs(path) {
		return os.Open(path)
	}
	if !filepath.IsLocal(path) {
		return nil, fs.ErrNotExist
	}
	file, err := os.Open(filepath.Join(f.dir, filepath.FromSlash(path)))
	parts := strings.Split(path, "/") // NAMESPACE/VERSION/NAME
	if !errors.Is(err, fs.ErrNotExist) || len(parts) != 3 || f.store == nil {
		return file, err
	}
	at, err := storage.Local(ctx, f.store, f.dir, parts[0], parts[2])
	if err != nil {
		return nil, err
	}
	return os.Open(at)
}
