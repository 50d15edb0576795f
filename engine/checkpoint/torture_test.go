package checkpoint

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
	"github.com/weir-streams/weir/engine/storage"
	"github.com/weir-streams/weir/engine/storage/storagetest"
)

var tortures = flag.Int("tortures", 300, "random histories of TestNoDamageIsSilent")

// A history is one job that is checkpointed, fails, loses its process and starts
// again, on storage that goes wrong. What is restored is always what was there
// at that checkpoint, or the damage is noticed and an older one is taken.
func TestNoDamageIsSilent(t *testing.T) {
	hits := map[string]int{}
	var stats tortureStats
	for seed := range uint64(*tortures) {
		h := newTortured(t, seed, &stats)
		for range 40 {
			h.step()
		}
		for k, n := range h.disk.Hits() {
			hits[k] += n
		}
	}
	t.Logf("%d histories: %+v, faults %v", *tortures, stats, hits)
	if *tortures >= 100 {
		for _, what := range []string{"full", "broken", "torn", "flip", "gone", "unsure"} {
			if hits[what] == 0 {
				t.Errorf("no fault %q happened", what)
			}
		}
		if stats.Damaged == 0 || stats.Restored == 0 || stats.Older == 0 || stats.Chained == 0 {
			t.Errorf("not all was tried: %+v", stats)
		}
	}
}

type tortureStats struct{ Completed, Failed, Crashes, Restored, Damaged, Older, Chained, Lost int }

type tortured struct {
	t     *testing.T
	seed  uint64
	r     *rand.Rand
	disk  *storagetest.Faulty
	cfg   Config
	h     *History
	stats *tortureStats

	parallelism int
	width       int              // of values: with small ones all lies in _metadata
	now         map[int64]string // what there is
	changed     map[int64]bool   // since the last completed one, put or deleted
	durable     int64
	at          map[int64]map[int64]string // what there was at each checkpoint
}

func newTortured(t *testing.T, seed uint64, stats *tortureStats) *tortured {
	x := &tortured{t: t, seed: seed, r: rand.New(rand.NewPCG(seed, 4)), stats: stats, at: map[int64]map[int64]string{}}
	x.disk = storagetest.NewFaulty(seed)
	x.cfg = Config{Dir: "/torture", Retained: 1 + x.r.IntN(3), Incremental: true, Files: func(string) storage.Store { return x.disk }}
	x.parallelism, x.width = 1+x.r.IntN(3), []int{10, 300, 5000}[x.r.IntN(3)]
	x.start()
	return x
}

// start is a new process.
func (x *tortured) start() {
	h, err := NewHistory(strings.Repeat("cd", 16), "t", groups, x.cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		x.t.Fatal(err)
	}
	x.h = h
	x.now, x.changed, x.durable = map[int64]string{}, map[int64]bool{}, 0
}

func (x *tortured) fatal(format string, args ...any) {
	x.t.Helper()
	x.t.Fatalf("seed %d: %s", x.seed, fmt.Sprintf(format, args...))
}

func (x *tortured) step() {
	for range x.r.IntN(80) {
		k := int64(x.r.IntN(300))
		if x.r.IntN(4) == 0 {
			delete(x.now, k)
		} else {
			v := make([]byte, x.r.IntN(x.width))
			for i := range v {
				v[i] = byte(x.r.Uint32())
			}
			x.now[k] = string(v)
		}
		x.changed[k] = true
	}
	x.disk.Set(storagetest.Faults{})
	switch p := .15; x.r.IntN(12) {
	case 0:
		x.disk.Set(storagetest.Faults{Full: p})
	case 1:
		x.disk.Set(storagetest.Faults{Broken: p})
	case 2:
		x.disk.Set(storagetest.Faults{Torn: p})
	case 3:
		x.disk.Set(storagetest.Faults{Flip: p})
	case 4:
		x.disk.Set(storagetest.Faults{Gone: p})
	case 5:
		x.disk.Set(storagetest.Faults{Unsure: p})
	case 6:
		x.disk.Set(storagetest.Faults{Slow: 50 * time.Microsecond})
	}
	switch x.r.IntN(14) {
	case 0:
		x.crash()
	case 1, 2:
		x.fail()
	default:
		x.checkpoint(x.r.IntN(12) == 0)
	}
}

func group(k int64) int { return data.KeyGroup(data.HashInt(k), groups) }

// checkpoint writes one; when abandoned the process ends in the middle.
func (x *tortured) checkpoint(abandoned bool) {
	info := x.h.begin(Request{}, 1, time.Now())
	d := x.h.folderDraft(info.ID)
	b := Barrier{ID: info.ID, draft: d}
	var err error
	for sub := range x.parallelism {
		part := Part{UID: "agg", Name: "Aggregate", Subtask: sub, Parallelism: x.parallelism}
		w, s := b.Writer(part, x.durable, func() {})
		x.write(w, sub)
		w.Flush()
		w.List("offsets", state.Union, [][]byte{fmt.Append(nil, info.ID)})
		part.State, part.Stream = w.Snapshot, s
		if w.Incremental {
			x.stats.Chained++
		}
		if abandoned && x.r.IntN(x.parallelism) == sub {
			d.wg.Wait()
			x.stats.Crashes++
			x.restart()
			return
		}
		if err = d.add(part); err != nil {
			break
		}
	}
	var s State
	if err == nil {
		s, _, err = d.finish()
	}
	if err != nil {
		d.discard()
		info.Failure = err.Error()
		_ = x.h.fail(info, true)
		x.stats.Failed++
		return
	}
	x.stats.Completed++
	x.at[info.ID] = maps.Clone(x.now)
	x.h.complete(info, s)
	x.durable, x.changed = info.ID, map[int64]bool{}
}

func (x *tortured) write(w *state.Writer, sub int) {
	k := w.Keyed("values", 1, 1, schema)
	from, to := data.GroupRange(sub, x.parallelism, groups)
	which := x.changed
	if k.Whole() {
		which = map[int64]bool{}
		for key := range x.now {
			which[key] = true
		}
	}
	for key := range which {
		g := group(key)
		if g < from || g >= to {
			continue
		}
		v, ok := x.now[key]
		row := encodeRow(key, v)
		if !ok {
			k.Delete(g, encodeRow(key, "")[:len(encodeRow(key, ""))-2])
		} else {
			k.Put(g, row)
		}
	}
}

func encodeRow(key int64, v string) []byte {
	b := data.MakeBatch([]data.Type{schema[0].Type, schema[1].Type}, 1)
	defer b.Release()
	b.Cols[0].I64[0] = key
	b.Cols[1].SetBytes(0, []byte(v))
	return data.EncodeRow(nil, b.Cols, []int{0, 1}, 0)
}

// fail is a failure of the job: it goes back to the latest checkpoint that is good.
func (x *tortured) fail() {
	x.disk.Set(storagetest.Faults{})
	for s := x.h.Latest(); s != nil; {
		if x.restore(s) {
			x.h.Restored(s, time.Now())
			x.durable = s.ID()
			return
		}
		s = x.h.Condemn(s)
		x.stats.Older++
	}
	x.stats.Lost++
	x.now, x.changed, x.durable = map[int64]string{}, map[int64]bool{}, 0
}

func (x *tortured) crash() {
	x.stats.Crashes++
	x.restart()
}

// restart is a new process that takes the newest checkpoint it can.
func (x *tortured) restart() {
	x.disk.Set(storagetest.Faults{})
	x.start()
	names, err := x.disk.List("")
	if err != nil {
		x.fatal("%v", err)
	}
	var ids []int64
	for _, n := range names {
		var id int64
		if _, err := fmt.Sscanf(n, "chk-%d/", &id); err == nil {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range slices.Backward(ids) {
		s, err := openIn(x.disk, fmt.Sprint(prefix, id))
		if err != nil {
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrMissing) {
				x.fatal("open %d: %v", id, err)
			}
			x.stats.Damaged++
			continue
		}
		x.parallelism = 1 + x.r.IntN(3)
		if x.restore(s) {
			x.h.Restored(s, time.Now())
			return
		}
	}
}

// restore reads a checkpoint at a random parallelism. It returns false if it is
// damaged; what is read of one that is not must be what was there.
func (x *tortured) restore(s State) bool {
	got := map[int64]string{}
	damage := func(err error) bool {
		if !errors.Is(err, ErrDamaged) {
			x.fatal("restore %d: %v", s.ID(), err)
		}
		x.stats.Damaged++
		return false
	}
	for sub := range x.parallelism {
		r, err := s.Reader("agg", sub, x.parallelism)
		if err != nil {
			return damage(err)
		}
		if r == nil {
			x.fatal("checkpoint %d has no state", s.ID())
		}
		from, to := data.GroupRange(sub, x.parallelism, groups)
		into := data.MakeBatch([]data.Type{schema[0].Type, schema[1].Type}, 1)
		err = r.EachRow("values", func(_ []data.Column, g int, row []byte) error {
			if g < from || g >= to {
				x.fatal("group %d at subtask %d", g, sub)
			}
			if _, err := data.DecodeRow(row, into.Cols, 0); err != nil {
				x.fatal("restore %d: %v", s.ID(), err)
			}
			k := into.Cols[0].I64[0]
			if _, ok := got[k]; ok {
				x.fatal("checkpoint %d: key %d twice", s.ID(), k)
			}
			got[k] = string(into.Cols[1].Bytes(0))
			return nil
		})
		into.Release()
		if err != nil {
			return damage(err)
		}
		for _, item := range r.Items("offsets") {
			if !bytes.Equal(item, fmt.Append(nil, s.ID())) {
				x.fatal("checkpoint %d has offsets of %s", s.ID(), item)
			}
		}
	}
	want, ok := x.at[s.ID()]
	if !ok {
		x.fatal("checkpoint %d was restored, and had failed", s.ID())
	}
	if !maps.Equal(got, want) {
		x.fatal("checkpoint %d has %d rows, which differ from the %d that were there", s.ID(), len(got), len(want))
	}
	s.Release()
	x.stats.Restored++
	x.now, x.changed, x.durable = got, map[int64]bool{}, 0
	return true
}

// Shared files go with the last checkpoint that refers to them, and nothing else.
func TestSharedFilesAreCounted(t *testing.T) {
	var stats tortureStats
	for seed := range uint64(20) {
		x := newTortured(t, seed, &stats)
		for range 30 {
			for range 50 {
				k := int64(x.r.IntN(2000))
				x.now[k], x.changed[k] = strings.Repeat(fmt.Sprint(x.r.Uint64()), 20), true
			}
			x.checkpoint(false)
			needed := map[string]bool{}
			for _, s := range x.h.completed {
				maps.Copy(needed, s.(*Manifest).files())
			}
			files, err := x.disk.List(sharedFolder)
			if err != nil || len(files) != len(needed) {
				t.Fatalf("seed %d: files %v, needed %v, %v", seed, files, slices.Collect(maps.Keys(needed)), err)
			}
			folders, err := x.disk.List("")
			if want := len(x.h.completed); err != nil || len(folders) != want+min(1, len(files)) {
				t.Fatalf("seed %d: %v in the folder with %d checkpoints", seed, folders, want)
			}
		}
		// What a crash leaves goes at the next start.
		f, err := x.disk.Create(path.Join(sharedFolder, "7-left"))
		if err == nil {
			err = f.Commit()
		}
		if err != nil {
			t.Fatal(err)
		}
		before, _ := x.disk.List(sharedFolder)
		x.start()
		after, _ := x.disk.List(sharedFolder)
		if len(after) != len(before)-1 {
			t.Errorf("seed %d: %v before, %v after the start", seed, before, after)
		}
		x.h.End(true, false)
	}
}
