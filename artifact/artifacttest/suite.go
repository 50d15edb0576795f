// Package artifacttest is the suite that every artifact.Store passes.
package artifacttest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/artifact"
	"github.com/weir-streams/weir/resource"
)

// Run checks an empty store.
func Run(t *testing.T, s artifact.Store) {
	ctx := t.Context()
	if all, err := s.List(ctx, "team", 10); err != nil || len(all) != 0 {
		t.Fatalf("an empty store lists %v, %v", all, err)
	}
	missing(ctx, t, s, "x.jar")

	names := []string{"Z.jar", "a b+c&d=%2F.jar", "a.jar", "ü.jar"}
	for i, name := range names {
		put(ctx, t, s, name, strings.Repeat(name, 1+i*100))
	}
	put(ctx, t, s, "a.jar", "replaced")
	all, err := s.List(ctx, "team", 10)
	if err != nil || len(all) != len(names) {
		t.Fatalf("lists %v, %v", all, err)
	}
	for i, f := range all {
		if f.Filename != names[i] {
			t.Errorf("file %d is %q, want %q", i, f.Filename, names[i])
		}
		if time.Since(f.CreateTime).Abs() > time.Hour {
			t.Errorf("%s was made at %s", f.Filename, f.CreateTime)
		}
		ns, name, ok := artifact.Split(s, f.URI)
		if !ok || ns != "team" || name != f.Filename {
			t.Errorf("%s is of %q, %q, %v", f.URI, ns, name, ok)
		}
		if exists, ours, err := artifact.Exists(ctx, s, f.URI); !exists || !ours || err != nil {
			t.Errorf("%s exists %v, is ours %v, %v", f.URI, exists, ours, err)
		}
	}
	if first, err := s.List(ctx, "team", 2); err != nil || len(first) != 2 || first[1].Filename != names[1] {
		t.Errorf("the first two are %v, %v", first, err)
	}
	if other, err := s.List(ctx, "tea", 10); err != nil || len(other) != 0 {
		t.Errorf("another namespace has %v, %v", other, err)
	}
	if got := read(ctx, t, s, "a.jar"); got != "replaced" {
		t.Errorf("reads %q", got)
	}

	// What breaks off changes nothing.
	_, err = s.Put(ctx, "team", "a.jar", io.MultiReader(strings.NewReader("half"), broken{}))
	if !errors.Is(err, errBroken) {
		t.Errorf("an upload that breaks off: %v", err)
	}
	if got := read(ctx, t, s, "a.jar"); got != "replaced" {
		t.Errorf("reads %q after an upload broke off", got)
	}
	if all, err := s.List(ctx, "team", 10); err != nil || len(all) != len(names) {
		t.Errorf("lists %v, %v", all, err)
	}

	large := bytes.Repeat([]byte("0123456789abcdef"), 40<<20/16) // more than a part of S3's
	sum := sha256.Sum256(large)
	f, err := s.Put(ctx, "team", "large.jar", bytes.NewReader(large))
	if err != nil || f.SHA256 != hex.EncodeToString(sum[:]) || f.Size != int64(len(large)) {
		t.Errorf("a large file: %+v, %v", f, err)
	}

	if err := s.Delete(ctx, "team", "large.jar"); err != nil {
		t.Error(err)
	}
	missing(ctx, t, s, "large.jar")
	if exists, ours, err := artifact.Exists(ctx, s, f.URI); exists || !ours || err != nil {
		t.Errorf("after its removal %s exists %v, is ours %v, %v", f.URI, exists, ours, err)
	}
	for _, foreign := range []string{"https://example.com/a.jar", s.Base() + "x/artifacts/namespaces/team/a.jar", "", "local:///a.jar"} {
		if exists, ours, err := artifact.Exists(ctx, s, foreign); exists || ours || err != nil {
			t.Errorf("%s exists %v, is ours %v, %v", foreign, exists, ours, err)
		}
	}
	escaping := s.Base() + "/artifacts/namespaces/team/..%2Fteam%2Fa.jar"
	if exists, _, err := artifact.Exists(ctx, s, escaping); exists || err != nil {
		t.Errorf("%s exists %v, %v", escaping, exists, err)
	}
	if n, err := artifact.RemoveAll(ctx, s, "team"); err != nil || n != len(names) {
		t.Errorf("removes %d, %v", n, err)
	}
	if all, err := s.List(ctx, "team", 10); err != nil || len(all) != 0 {
		t.Errorf("after that lists %v, %v", all, err)
	}
}

func put(ctx context.Context, t *testing.T, s artifact.Store, name, content string) {
	t.Helper()
	f, err := s.Put(ctx, "team", name, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(content))
	want := hex.EncodeToString(sum[:])
	if f.Filename != name || f.Size != int64(len(content)) || f.SHA256 != want {
		t.Errorf("put %s: %+v", name, f)
	}
	if f, err = s.Stat(ctx, "team", name); err != nil || f.Size != int64(len(content)) || f.SHA256 != want {
		t.Errorf("stat %s: %+v, %v", name, f, err)
	}
}

func read(ctx context.Context, t *testing.T, s artifact.Store, name string) string {
	t.Helper()
	r, err := s.Open(ctx, "team", name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }() // only read
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func missing(ctx context.Context, t *testing.T, s artifact.Store, name string) {
	t.Helper()
	if _, err := s.Stat(ctx, "team", name); !errors.Is(err, resource.ErrNotFound) {
		t.Errorf("stat of nothing: %v", err)
	}
	if _, err := s.Open(ctx, "team", name); !errors.Is(err, resource.ErrNotFound) {
		t.Errorf("open of nothing: %v", err)
	}
	if err := s.Delete(ctx, "team", name); !errors.Is(err, resource.ErrNotFound) {
		t.Errorf("delete of nothing: %v", err)
	}
}

var errBroken = errors.New("broken off")

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errBroken }
