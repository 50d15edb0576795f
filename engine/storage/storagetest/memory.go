package storagetest

import (
	"bytes"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/weir-streams/weir/engine/storage"
)

// Memory is a store in memory.
type Memory struct {
	mu    sync.Mutex
	files map[string][]byte
}

// NewMemory makes an empty store.
func NewMemory() *Memory { return &Memory{files: map[string][]byte{}} }

// Create begins a file.
func (m *Memory) Create(name string) (storage.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !fs.ValidPath(name) || name == "." {
		return nil, fs.ErrInvalid
	}
	if _, ok := m.files[name]; ok {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	return &memoryFile{m: m, name: name}, nil
}

type memoryFile struct {
	m    *Memory
	name string
	data []byte
	over bool
}

func (f *memoryFile) Write(p []byte) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.over {
		return 0, storage.ErrAborted
	}
	f.data = append(f.data, p...)
	return len(p), nil
}

func (f *memoryFile) Sync() error { return nil }

func (f *memoryFile) Commit() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.over {
		return storage.ErrAborted
	}
	f.over = true
	f.m.files[f.name] = f.data
	return nil
}

func (f *memoryFile) Abort() {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	f.over = true
}

type memoryContent struct{ *bytes.Reader }

func (memoryContent) Close() error { return nil }

// Open opens a file as it is now.
func (m *Memory) Open(name string) (storage.Content, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.files[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return memoryContent{bytes.NewReader(b)}, nil
}

// List names what lies in a folder.
func (m *Memory) List(folder string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var names []string
	for name := range m.files {
		if folder != "" {
			var ok bool
			if name, ok = strings.CutPrefix(name, folder+"/"); !ok {
				continue
			}
		}
		if i := strings.IndexByte(name, '/'); i >= 0 {
			name = name[:i+1]
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// Remove removes a file.
func (m *Memory) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.files, name)
	return nil
}

// RemoveFolder removes a folder.
func (m *Memory) RemoveFolder(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for n := range m.files {
		if name != "" && strings.HasPrefix(n, name+"/") {
			delete(m.files, n)
		}
	}
	return nil
}

// Change changes the content of a file.
func (m *Memory) Change(name string, f func(b []byte) []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[name] = f(bytes.Clone(m.files[name]))
}

// URI is memory:/NAME.
func (m *Memory) URI(name string) string { return "memory:/" + name }
