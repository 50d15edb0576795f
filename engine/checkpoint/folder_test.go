package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
	"github.com/weir-streams/weir/engine/storage"
)

const groups = 128

var schema = []data.Column{{Name: "k", Type: data.Of(data.BigInt)}, {Name: "v", Type: data.String()}}

// parts makes the state of an operator of some parallelism. size is bytes of a
// row; small ones lie in _metadata, large ones in a file.
func parts(parallelism, rows, size int) []Part {
	random := rand.New(rand.NewPCG(7, uint64(size)))
	var out []Part
	for s := range parallelism {
		var w state.Writer
		k := w.Keyed("values", 1, 0, schema)
		from, to := data.GroupRange(s, parallelism, groups)
		for i := range rows {
			row := make([]byte, size)
			for b := range row {
				row[b] = byte(random.IntN(4))
			}
			copy(row, fmt.Sprintf("%d-%d", s, i))
			k.Put(from+i%(to-from), row)
		}
		w.List("offsets", state.Union, [][]byte{fmt.Appendf(nil, "part %d", s)})
		w.List("pending", state.Split, [][]byte{fmt.Appendf(nil, "a%d", s), fmt.Appendf(nil, "b%d", s), {}})
		w.List("none", state.Split, nil)
		out = append(out, Part{UID: "agg", Name: "Aggregate", Subtask: s, Parallelism: parallelism, State: w.Snapshot})
	}
	return out
}

func history(t *testing.T) *History {
	t.Helper()
	h, err := NewHistory(strings.Repeat("ab", 16), "test", groups, Config{Dir: t.TempDir(), Savepoints: t.TempDir()}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func write(t *testing.T, d draft, parts []Part) State {
	t.Helper()
	for _, p := range parts {
		if err := d.add(p); err != nil {
			t.Fatal(err)
		}
	}
	s, n, err := d.finish()
	if err != nil {
		t.Fatal(err)
	}
	if n <= 0 {
		t.Errorf("%d bytes written", n)
	}
	return s
}

// content is all rows and items of a state, as dealt out to parallelism subtasks.
func content(t *testing.T, s State, parallelism int) (rows, split []string) {
	t.Helper()
	for sub := range parallelism {
		r, err := s.Reader("agg", sub, parallelism)
		if err != nil {
			t.Fatal(err)
		}
		from, to := data.GroupRange(sub, parallelism, groups)
		err = r.EachRow("values", func(cols []data.Column, g int, row []byte) error {
			if g < from || g >= to {
				return fmt.Errorf("group %d came to subtask %d of %d", g, sub, parallelism)
			}
			if len(cols) != 2 || !cols[1].Type.Equal(schema[1].Type) {
				return fmt.Errorf("schema is %v", cols)
			}
			rows = append(rows, fmt.Sprint(g, " ", string(row)))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range r.Items("pending") {
			split = append(split, string(p))
		}
		if u := r.Items("offsets"); len(u) != 2 || string(u[0]) != "part 0" || string(u[1]) != "part 1" {
			t.Errorf("union list is %q", u)
		}
	}
	slices.Sort(rows)
	slices.Sort(split)
	return rows, split
}

func TestStateIsDealtOutAtAnyParallelism(t *testing.T) {
	for _, size := range []int{20, 5000} {
		p := parts(2, 300, size)
		h := history(t)
		d := h.folderDraft(3)
		folder := write(t, d, p)
		m := &memoryDraft{m: newMemory(3, groups)}
		inMemory := write(t, m, p)
		opened, err := Open(folder.Path())
		if err != nil {
			t.Fatal(err)
		}
		rows, split := content(t, inMemory, 1)
		if len(rows) != 600 || len(split) != 6 {
			t.Fatalf("%d rows, %d items", len(rows), len(split))
		}
		for _, parallelism := range []int{1, 2, 3, 7, groups} {
			for _, s := range []State{inMemory, folder, opened} {
				r, i := content(t, s, parallelism)
				if !slices.Equal(r, rows) || !slices.Equal(i, split) {
					t.Fatalf("size %d, parallelism %d: %d rows, %d items", size, parallelism, len(r), len(i))
				}
			}
		}
		if opened.ID() != 3 || opened.Savepoint() || opened.MaxParallelism() != groups {
			t.Errorf("opened %+v", opened.m)
		}
		if ops := opened.Operators(); len(ops) != 1 || ops[0].UID != "agg" || ops[0].Rows != 600 || ops[0].Items != 8 || ops[0].Parallelism != 2 {
			t.Errorf("operators %+v", ops)
		}
		if r, err := opened.Reader("other", 0, 1); r != nil || err != nil {
			t.Errorf("state of an unknown operator: %v, %v", r, err)
		}
	}
}

// A file cut short or changed anywhere is never taken for a checkpoint.
func TestDamageIsNoticed(t *testing.T) {
	for _, size := range []int{20, 900} {
		h := history(t)
		d, err := h.savepointDraft(Request{}, 9)
		if err != nil {
			t.Fatal(err)
		}
		s := write(t, d, parts(2, 130, size))
		dir, err := LocalPath(s.Path())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Open(filepath.Join(dir, MetadataFile)); err != nil || !got.Savepoint() || got.Verify() != nil {
			t.Fatalf("undamaged: %v", err)
		}
		files, err := os.ReadDir(dir)
		if err != nil || len(files) != map[int]int{20: 1, 900: 2}[size] {
			t.Fatalf("files %v, %v", files, err)
		}
		for _, f := range files {
			path := filepath.Join(dir, f.Name())
			whole, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			bad := func(what string, content []byte) {
				if err := os.WriteFile(path, content, 0o644); err != nil {
					t.Fatal(err)
				}
				got, err := Open(dir)
				if err == nil {
					err = got.Verify()
				}
				if err == nil {
					t.Fatalf("%s with %s is accepted", f.Name(), what)
				}
			}
			step := max(1, len(whole)/400)
			for n := 0; n < len(whole); n += step {
				bad(fmt.Sprintf("%d of %d bytes", n, len(whole)), whole[:n])
				flipped := bytes.Clone(whole)
				flipped[n] ^= 1 << (n % 8)
				bad(fmt.Sprintf("byte %d changed", n), flipped)
			}
			bad("a byte more", append(bytes.Clone(whole), 0))
			if err := os.WriteFile(path, whole, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if len(files) == 2 {
			if err := os.Remove(filepath.Join(dir, "state")); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "is missing") {
				t.Errorf("without data: %v", err)
			}
		}
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	newer := append([]byte(magic), 9, 0, 0, 0)
	newer = append(newer, make([]byte, 100)...)
	for _, tt := range []struct{ name, path, content, want string }{
		{"missing", dir + "/no", "", "does not exist"},
		{"a folder that is none", dir, "", "has no _metadata"},
		{"of Flink", dir + "/flink", "\x49\x60\xf1\x4d\x00\x00\x00\x03 and so on and on", "not one of weir's"},
		{"newer", dir + "/newer", string(newer), "format version 9 is newer"},
		{"elsewhere", "gs://bucket/x", "", `storage "gs" is not supported`},
		{"host", "file://server/x", "", `names the host "server"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.content != "" {
				if err := os.Mkdir(tt.path, 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(tt.path, MetadataFile), []byte(tt.content), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Open(tt.path)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if strings.Contains(tt.want, "exist") != errors.Is(err, ErrMissing) && tt.name == "missing" {
				t.Errorf("%v is not ErrMissing", err)
			}
		})
	}
}

// A draft that was given up leaves nothing and never appears, not even when its
// writers go on.
func TestDiscardedDraftNeverAppears(t *testing.T) {
	h := history(t)
	for _, when := range []string{"before", "between", "after"} {
		d := h.folderDraft(h.nextID)
		h.nextID++
		p := parts(2, 200, 1000)
		if when == "before" {
			d.discard()
		}
		if err := d.add(p[0]); (err != nil) != (when == "before") {
			t.Fatal(err)
		}
		if when == "between" {
			d.discard()
		}
		_ = d.add(p[1])
		if when == "after" {
			d.discard()
		}
		if _, _, err := d.finish(); err == nil {
			t.Errorf("discarded %s: it finished", when)
		}
	}
	var left []string
	err := filepath.WalkDir(filepath.Join(h.cfg.Dir, h.jobID), func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			left = append(left, path)
		}
		return err
	})
	if err != nil || len(left) > 0 {
		t.Errorf("%v left, %v", left, err)
	}
}

func TestPaths(t *testing.T) {
	for in, want := range map[string]string{
		"/a/b": "/a/b", "file:/a/b": "/a/b", "file:///a/b": "/a/b", "file://localhost/a": "/a", "FILE:/a%20b": "/a b", "/a/../b/": "/b",
	} {
		if got, err := LocalPath(in); got != want || err != nil {
			t.Errorf("%s: %s, %v; want %s", in, got, err, want)
		}
	}
	if u := URI("/tmp/a b/c"); u != "file:/tmp/a%20b/c" {
		t.Errorf("uri %s", u)
	}
}

// Numbers of checkpoints that lie in the folder already are not used again.
func TestNumbersGoOn(t *testing.T) {
	h := history(t)
	for range 2 {
		d := h.folderDraft(h.nextID)
		write(t, d, parts(1, 1, 10)[:0])
		h.nextID++
	}
	again, err := NewHistory(h.jobID, "", groups, h.cfg, h.log)
	if err != nil || again.nextID != 3 {
		t.Errorf("next id %d, %v", again.nextID, err)
	}
}

// What only a removed checkpoint referred to goes with it.
func TestSweep(t *testing.T) {
	h := history(t)
	h.cfg.Incremental, h.cfg.Retained = true, 3
	dir := filepath.Join(h.cfg.Dir, h.jobID)
	var folders []string
	for n := range 3 {
		info := h.begin(Request{}, 1, time.Now())
		s := write(t, h.folderDraft(info.ID), parts(2, 100+n, 5000))
		h.complete(info, s)
		folders = append(folders, filepath.Join(dir, prefix+fmt.Sprint(info.ID)))
	}
	shared := func() int {
		files, err := filepath.Glob(filepath.Join(dir, sharedFolder, "*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(files)
	}
	if n := shared(); n != 3 {
		t.Fatalf("%d shared files", n)
	}
	for i, f := range []int{1, 2, 0} {
		if err := os.RemoveAll(folders[f]); err != nil {
			t.Fatal(err)
		}
		if err := Sweep("file:"+folders[f], storage.Config{}); err != nil {
			t.Fatal(err)
		}
		if n := shared(); n != 2-i {
			t.Errorf("%d shared files after %d were removed", n, i+1)
		}
	}
}

// A state that a snapshot does not name is gone, whatever it builds on.
func TestUnnamedStateIsGone(t *testing.T) {
	h := history(t)
	h.cfg.Incremental = true
	var durable int64
	for n, slices := range [][]string{{"a", "b"}, {"b"}, {}, {"c"}, {}} {
		info := h.begin(Request{}, 1, time.Now())
		d := h.folderDraft(info.ID)
		p := Part{UID: "agg", Name: "Aggregate", Parallelism: 1}
		w, s := Barrier{ID: info.ID, draft: d}.Writer(p, durable, nil)
		for _, slice := range slices {
			k := w.Slice("values", slice, 1, 1, schema)
			if k.Whole() || slice == "c" {
				k.Put(3, encodeRow(7, slice))
			}
		}
		w.Flush()
		w.List("offsets", state.Union, nil)
		p.State, p.Stream = w.Snapshot, s
		h.complete(info, write(t, d, []Part{p}))
		durable = info.ID
		r, err := h.Latest().Reader("agg", 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		if err := r.EachRow("values", func([]data.Column, int, []byte) error { got++; return nil }); err != nil || got != len(slices) {
			t.Errorf("after snapshot %d: %d rows, %v; want %d", n, got, err, len(slices))
		}
	}
}

// TestLargeIndexIsFound reads a file whose index is as large as a block, and so
// begins at a whole page.
func TestLargeIndexIsFound(t *testing.T) {
	p := parts(2, 150, 5000)
	name := make([]byte, 200<<10)
	random := rand.New(rand.NewPCG(1, 1))
	for i := range name {
		name[i] = 'a' + byte(random.IntN(26))
	}
	p[0].State.Lists = append(p[0].State.Lists, state.List{Name: string(name), Mode: state.Union, Items: [][]byte{{1}}})
	s := write(t, history(t).folderDraft(3), p)
	opened, err := Open(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	if err := opened.Verify(); err != nil {
		t.Fatal(err)
	}
	if rows, _ := content(t, opened, 2); len(rows) != 300 {
		t.Errorf("%d rows", len(rows))
	}
}
