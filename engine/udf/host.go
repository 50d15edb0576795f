package udf

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/option"
	"github.com/weir-streams/weir/engine/storage"
)

// Fetch reads a file that a URI names and that is not of this machine.
type Fetch func(uri string) ([]byte, error)

// Host keeps the modules that were loaded, by what is in them. It is safe for
// concurrent use.
type Host struct {
	dir   string // what relative paths are relative to
	fetch Fetch

	mu      sync.Mutex
	modules map[string]*module // by checksum, limits and use
	files   map[string]seen    // by path
	order   []string           // keys of modules, the one used last at the end
}

// seen is what a file was when it was last read.
type seen struct {
	size  int64
	mod   time.Time // of the file; when it was read, if it is not of this machine
	sum   string
	bytes []byte
}

// Bounds of what a Host takes.
const (
	maxModule  = 256 << 20 // bytes of a module
	maxModules = 64        // modules that no job uses
)

// fetchedFor is how long a file of elsewhere is taken to be what it was.
const fetchedFor = time.Minute

// NewHost makes a host. Relative paths are relative to dir; fetch reads what is
// no file of this machine; without it that is read from buckets.
func NewHost(dir string, fetch Fetch) *Host {
	if fetch == nil {
		fetch = fetchFromBucket
	}
	return &Host{dir: dir, fetch: fetch, modules: map[string]*module{}, files: map[string]seen{}}
}

// Options are the options of CREATE FUNCTION … WITH.
var Options = []option.Option{
	{Key: "memory", Type: option.Bytes, Default: "128 mb", Doc: "The memory of one instance of the module; each task has one."},
	{Key: "timeout", Type: option.Duration, Default: "10 s", Doc: "How long a call with one batch, of up to 2048 rows, may take."},
}

func limitsOf(options map[string]string) (Limits, error) {
	v, err := option.CheckOf("a function", Options, options)
	if err != nil {
		return Limits{}, err
	}
	l := Limits{Memory: v.Bytes("memory"), Call: v.Duration("timeout")}
	if l.Memory < pageSize || l.Memory > 4<<30 {
		return l, fmt.Errorf("option 'memory': 64 kb to 4 gb expected, got %q", v.String("memory"))
	}
	if l.Call <= 0 {
		return l, fmt.Errorf("option 'timeout': more than nothing expected, got %q", v.String("timeout"))
	}
	return l, nil
}

// Load loads the function that d declares and completes d with its kind and the
// checksum of its module. A checksum that d has already must be the module's.
func (h *Host) Load(d graph.Function) (graph.Function, function.User, error) {
	m, err := h.module(&d, false)
	if err != nil {
		return d, function.User{}, err
	}
	u, err := m.user(&d)
	return d, u, err
}

// Use loads the functions of a job and holds their modules until release.
func (h *Host) Use(all []graph.Function) (users []function.User, release func(), err error) {
	var held []*module
	release = func() { h.release(held) }
	for _, d := range all {
		m, err := h.module(&d, true)
		if err != nil {
			release()
			return nil, nil, fmt.Errorf("function %s: %w", d.Name, err)
		}
		held = append(held, m)
		u, err := m.user(&d)
		if err != nil {
			release()
			return nil, nil, fmt.Errorf("function %s: %w", d.Name, err)
		}
		users = append(users, u)
	}
	return users, release, nil
}

func (h *Host) release(held []*module) {
	h.mu.Lock()
	var idle []*module
	for _, m := range held {
		if m.users--; m.users == 0 {
			idle = append(idle, m)
		}
	}
	h.mu.Unlock()
	for _, m := range idle {
		m.rest()
	}
}

// user makes a function of a module.
func (m *module) user(d *graph.Function) (function.User, error) {
	forms := m.named(d.Export)
	if len(forms) == 0 {
		near := option.Nearest(d.Export, m.names())
		if near != "" {
			near = "; did you mean '" + near + "'?"
		}
		return function.User{}, fmt.Errorf("module %s has no function '%s'%s It has %s", m.name, d.Export, near, strings.Join(m.names(), ", "))
	}
	u := function.User{Deterministic: true}
	for _, f := range forms {
		if f.kind != forms[0].kind {
			return u, fmt.Errorf("module %s has functions of two kinds called '%s'", m.name, d.Export)
		}
		u.Deterministic = u.Deterministic && !f.Volatile
		u.Signatures = append(u.Signatures, f.text())
	}
	d.Kind, d.SHA256 = forms[0].kind, m.sum
	switch d.Kind {
	case graph.ScalarFunction:
		u.Scalar = m.scalar(d.Name, forms)
	case graph.TableFunction:
		u.Table = m.scalar(d.Name, forms)
	default:
		u.Aggregate = m.aggregate(d.Name, forms)
	}
	return u, nil
}

// module finds or makes the module of a declaration, to plan with or to run: then
// it stays until it is released.
func (h *Host) module(d *graph.Function, run bool) (*module, error) {
	limits, err := limitsOf(d.Options)
	if err != nil {
		return nil, err
	}
	path, here, err := h.path(d.Artifact)
	if err != nil {
		return nil, err
	}
	read := h.read
	if !here {
		read = h.readFetched
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	file, err := read(path, d.Artifact)
	if err != nil {
		return nil, err
	}
	if d.SHA256 != "" && d.SHA256 != file.sum {
		return nil, fmt.Errorf("artifact %s is not what it was when the job was planned: its SHA-256 is %s, not %s; plan the job again, or bring the file back", d.Artifact, file.sum, d.SHA256)
	}
	key := fmt.Sprintf("%s %d %d %v", file.sum, limits.Memory, limits.Call, run)
	m := h.modules[key]
	if m == nil {
		if file.bytes == nil { // it was read before, and may be another since
			delete(h.files, path)
			if file, err = read(path, d.Artifact); err != nil {
				return nil, err
			}
			if !strings.HasPrefix(key, file.sum) {
				return nil, fmt.Errorf("artifact %s changes while it is read", d.Artifact)
			}
		}
		if m, err = compile(filepath.Base(path), file.sum, file.bytes, limits, run); err != nil {
			return nil, err
		}
		h.modules[key] = m
		h.evict()
	}
	h.touch(key)
	if run {
		m.users++
	}
	return m, nil
}

func (h *Host) touch(key string) {
	for i, k := range h.order {
		if k == key {
			h.order = append(h.order[:i], h.order[i+1:]...)
			break
		}
	}
	h.order = append(h.order, key)
}

// evict closes the modules that were not used for longest, if there are many.
func (h *Host) evict() {
	for i := 0; i < len(h.order) && len(h.order) >= maxModules; {
		key := h.order[i]
		if m := h.modules[key]; m.users == 0 {
			m.close()
			delete(h.modules, key)
			h.order = append(h.order[:i], h.order[i+1:]...)
			continue
		}
		i++
	}
}

// path is where the file of an artifact is: on this machine, or by its URI.
func (h *Host) path(artifact string) (path string, here bool, err error) {
	if artifact == "" {
		return "", false, errors.New("no artifact is named: USING ARTIFACT 'path or URI' is missing")
	}
	u, err := url.Parse(artifact)
	if err != nil || len(u.Scheme) < 2 { // a plain path
		if filepath.IsAbs(artifact) || h.dir == "" {
			return artifact, true, nil
		}
		return filepath.Join(h.dir, artifact), true, nil
	}
	if u.Scheme == "file" && (u.Host == "" || u.Host == "localhost") {
		return u.Path, true, nil
	}
	return artifact, false, nil
}

// fetchFromBucket reads a file from S3, with the settings of the environment.
func fetchFromBucket(uri string) ([]byte, error) {
	if !storage.IsS3(uri) {
		return nil, errors.New("it cannot be reached from here: use a file on the machine of the engine, or s3://BUCKET/KEY")
	}
	folder, name := storage.Parent(uri)
	store, err := storage.Open(folder, storage.Config{S3: storage.S3FromEnvironment()})
	if err != nil {
		return nil, err
	}
	f, err := store.Open(name)
	if err != nil {
		return nil, err
	}
	size := f.Size()
	_ = f.Close()
	if size > maxModule {
		return nil, fmt.Errorf("it has %d bytes, more than %d", size, maxModule)
	}
	return storage.ReadFile(store, name)
}

// readFetched gives the checksum of a file that is not of this machine; its
// bytes only when it was read just now.
func (h *Host) readFetched(uri, artifact string) (seen, error) {
	if s, ok := h.files[uri]; ok && time.Since(s.mod) < fetchedFor {
		return s, nil
	}
	bytes, err := h.fetch(uri)
	if err == nil && len(bytes) > maxModule {
		err = fmt.Errorf("it has %d bytes, more than %d", len(bytes), maxModule)
	}
	if err != nil {
		return seen{}, fmt.Errorf("fetch artifact %s: %w", artifact, err)
	}
	return h.keep(uri, bytes, time.Now()), nil
}

// keep remembers what a file was.
func (h *Host) keep(path string, bytes []byte, mod time.Time) seen {
	sum := sha256.Sum256(bytes)
	s := seen{size: int64(len(bytes)), mod: mod, sum: hex.EncodeToString(sum[:])}
	if len(h.files) >= 1024 {
		clear(h.files)
	}
	h.files[path] = s
	s.bytes = bytes
	return s
}

// read gives the checksum of a file; its bytes only when it was read just now.
func (h *Host) read(path, artifact string) (seen, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return seen{}, fmt.Errorf("artifact %s is not there", artifact)
	}
	if err != nil {
		return seen{}, fmt.Errorf("open artifact %s: %w", artifact, err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return seen{}, fmt.Errorf("look at artifact %s: %w", artifact, err)
	case !info.Mode().IsRegular():
		return seen{}, fmt.Errorf("artifact %s is no file", artifact)
	case info.Size() > maxModule:
		return seen{}, fmt.Errorf("artifact %s has %d bytes, more than %d", artifact, info.Size(), maxModule)
	}
	if s, ok := h.files[path]; ok && s.size == info.Size() && s.mod.Equal(info.ModTime()) {
		return s, nil
	}
	bytes, err := io.ReadAll(io.LimitReader(f, maxModule))
	if err != nil {
		return seen{}, fmt.Errorf("read artifact %s: %w", artifact, err)
	}
	return h.keep(path, bytes, info.ModTime()), nil
}
