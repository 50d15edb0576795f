package savepoint

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// corpus is a folder with many snapshots, such as the resources of Flink's own tests.
var corpus = flag.String("corpus", "", "folder with _metadata files to read as well")

// TestRealSnapshots reads what Flink has written, of each version, state backend
// and kind; see test/flink for how it was recorded.
func TestRealSnapshots(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "flink-*"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			want := Checkpoint
			switch {
			case strings.HasSuffix(name, "-canonical-savepoint"):
				want = CanonicalSavepoint
			case strings.HasSuffix(name, "-native-savepoint"):
				want = NativeSavepoint
			}
			version := 6
			if strings.HasPrefix(name, "flink-1.20.") {
				version = 4
			}
			seen[fmt.Sprint(version, " ", want)]++
			dir := t.TempDir()
			b, err := os.ReadFile(file)
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, MetadataFile), b, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			s, err := Open("file:" + dir)
			if err != nil || s.Version != version || s.Kind != want || s.CheckpointID < 1 {
				t.Fatalf("%+v, %v", s, err)
			}
			names, keyed, inFlight := "", false, false
			for _, o := range s.Operators {
				names += o.Name + " "
				keyed, inFlight = keyed || o.Keyed, inFlight || o.InFlight
				if len(o.ID) != 32 || o.Parallelism != 2 || o.MaxParallelism != 128 || o.Bytes < 0 {
					t.Errorf("%+v", o)
				}
			}
			if !keyed || inFlight != strings.Contains(name, "-unaligned-") || version == 6 && !strings.Contains(names, "GroupAggregate") {
				t.Errorf("operators %s, keyed state %v, rows on their way %v", names, keyed, inFlight)
			}
			missing, err := s.Missing()
			if err != nil || len(s.Files) == 0 || len(missing) != len(s.Files) {
				t.Errorf("%d of %d files are missing, %v", len(missing), len(s.Files), err)
			}
			// Cut anywhere in its operators it is refused, and never read past its end.
			for n := 0; n < len(b); n += 1 + len(b)/5000 {
				if _, err := Parse(b[:n]); err == nil && n < len(b)/3 {
					t.Fatalf("%d bytes of %d were read as a whole", n, len(b))
				}
			}
		})
	}
	for _, version := range []string{"4", "6"} {
		for _, kind := range []Kind{Checkpoint, CanonicalSavepoint, NativeSavepoint} {
			if seen[version+" "+string(kind)] < 2 {
				t.Errorf("no samples of version %s, %s: %v", version, kind, seen)
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
