package savepoint

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// corpus is a folder with many snapshots, such as the resources of Flink's own tests.
var corpus = flag.String("corpus", "", "folder with _metadata files to read as well")

func TestRealSnapshots(t *testing.T) {
	for _, tt := range []struct {
		name    string
		version int
		kind    Kind
	}{
		{"flink-2.3.0-canonical-savepoint", 6, CanonicalSavepoint},
		{"flink-2.3.0-checkpoint", 6, Checkpoint},
	} {
		dir := t.TempDir()
		b, err := os.ReadFile(filepath.Join("testdata", tt.name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, MetadataFile), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		s, err := Open("file:" + dir)
		if err != nil || s.Version != tt.version || s.Kind != tt.kind || s.CheckpointID < 1 {
			t.Fatalf("%s: %+v, %v", tt.name, s, err)
		}
		names, keyed := "", false
		for _, o := range s.Operators {
			names += o.Name + " "
			keyed = keyed || o.Keyed
			if len(o.ID) != 32 || o.Parallelism < 1 || o.MaxParallelism < o.Parallelism {
				t.Errorf("%s: %+v", tt.name, o)
			}
		}
		if !keyed || !strings.Contains(names, "GroupAggregate") {
			t.Errorf("%s: operators %s, keyed state %v", tt.name, names, keyed)
		}
		missing, err := s.Missing()
		if err != nil || len(missing) != len(s.Files) {
			t.Errorf("%s: %d of %d files are missing, %v", tt.name, len(missing), len(s.Files), err)
		}
		// Cut anywhere in its operators it is refused, and never read past its end.
		for n := range b {
			if _, err := Parse(b[:n]); err == nil && n < len(b)/3 {
				t.Fatalf("%s: %d bytes of %d were read as a whole", tt.name, n, len(b))
			}
		}
	}
}

func TestWhatIsNoSnapshot(t *testing.T) {
	if _, err := Open("s3://bucket/savepoint"); err == nil || !strings.Contains(err.Error(), "this machine") {
		t.Errorf("%v", err)
	}
	if _, err := Open(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	for _, b := range []string{"", "WEIRCKPT", "\x49\x60\x67\x2d\x00\x00\x00\x01", "\x49\x60\x67\x2d\x00\x00\x00\x07", "\x49\x60\x67\x2d\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x01\x7f\xff\xff\xff"} {
		if _, err := Parse([]byte(b)); err == nil {
			t.Errorf("%q was read", b)
		}
	}
}

func TestModifiedUTF8(t *testing.T) {
	r := &reader{b: []byte("\x00\x0aa\xc0\x80\xc3\xa4\xed\xa0\xbd\xed")}
	r.b = append([]byte{0, 11}, "a\xc0\x80\xc3\xa4\xed\xa0\xbd\xed\xb8\x80"...)
	if s := r.text(); s != "a\x00ä😀" || r.err != nil {
		t.Errorf("%q, %v", s, r.err)
	}
}

func TestCorpus(t *testing.T) {
	if *corpus == "" {
		t.Skip("no -corpus")
	}
	n := map[int]int{}
	err := filepath.WalkDir(*corpus, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, MetadataFile) {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		s, err := Parse(b)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return nil
		}
		n[s.Version]++
		return nil
	})
	t.Logf("read, by version: %v, %v", n, err)
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/flink-*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = Parse(b) })
}
