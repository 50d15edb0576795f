package storagetest

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"slices"
	"testing"

	"github.com/weir-streams/weir/engine/storage"
)

// Run checks that a store, which is empty, does what package storage says.
func Run(t *testing.T, s storage.Store) {
	write := func(name string, b []byte) {
		t.Helper()
		f, err := s.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		for p := b; len(p) > 0; { // in odd pieces
			n := min(len(p), 700_001)
			if _, err := f.Write(p[:n]); err != nil {
				t.Fatal(err)
			}
			p = p[n:]
		}
		if _, err := s.Open(name); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("%s is seen before it is committed: %v", name, err)
		}
		if err := errors.Join(f.Sync(), f.Commit()); err != nil {
			t.Fatal(err)
		}
		f.Abort() // does nothing any more
	}
	if names, err := s.List(""); err != nil || len(names) > 0 {
		t.Fatalf("empty: %v, %v", names, err)
	}
	large := make([]byte, 20<<20)
	for i := range large {
		large[i] = byte(i * i >> 9)
	}
	files := map[string][]byte{"a/b/small": []byte("content"), "a/empty": nil, "a/large": large, "top": []byte("x")}
	for name, b := range files {
		write(name, b)
	}
	for name, want := range files {
		got, err := storage.ReadFile(s, name)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v; want %d", name, len(got), err, len(want))
		}
	}
	c, err := s.Open("a/large")
	if err != nil {
		t.Fatal(err)
	}
	part := make([]byte, 1000)
	if n, err := c.ReadAt(part, 12345); n != 1000 || err != nil || !bytes.Equal(part, large[12345:13345]) {
		t.Errorf("a range: %d, %v", n, err)
	}
	if n, err := c.ReadAt(part, int64(len(large)-10)); n != 10 || !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %d, %v", n, err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	for folder, want := range map[string][]string{"": {"a/", "top"}, "a": {"b/", "empty", "large"}, "a/b": {"small"}, "none": nil} {
		if got, err := s.List(folder); err != nil || !slices.Equal(got, want) {
			t.Errorf("list %q: %v, %v; want %v", folder, got, err, want)
		}
	}
	for _, size := range []int{10, 30 << 20} { // given up while it is written
		f, err := s.Create("a/gone")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		f.Abort()
		if _, err := f.Write([]byte("more")); err == nil {
			t.Error("a file that was given up is written to")
		}
		if err := f.Commit(); err == nil {
			t.Error("a file that was given up is committed")
		}
		if _, err := s.Open("a/gone"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a file that was given up is there: %v", err)
		}
	}
	for _, name := range []string{"", ".", "/x", "../x", "a/../../x"} {
		if f, err := s.Create(name); err == nil {
			f.Abort()
			t.Errorf("%q is taken for a name", name)
		}
	}
	if err := errors.Join(s.Remove("top"), s.Remove("top"), s.RemoveFolder("a/b"), s.RemoveFolder("none")); err != nil {
		t.Error(err)
	}
	if got, err := s.List(""); err != nil || !slices.Equal(got, []string{"a/"}) {
		t.Errorf("after removal: %v, %v", got, err)
	}
	if got, err := s.List("a"); err != nil || !slices.Equal(got, []string{"empty", "large"}) {
		t.Errorf("after removal: %v, %v", got, err)
	}
	if err := errors.Join(s.RemoveFolder("a"), s.RemoveFolder("")); err != nil {
		t.Error(err)
	}
	if got, err := s.List(""); err != nil || len(got) > 0 {
		t.Errorf("in the end: %v, %v", got, err)
	}
}
