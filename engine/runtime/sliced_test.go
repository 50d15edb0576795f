package runtime

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine/checkpoint"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// slicedSum is a sum whose snapshots are incremental and written a key at a time.
type slicedSum struct {
	sum
	epoch   int64
	changed map[int64]int64 // key -> epoch of its last change
	durable int64           // newest epoch that a completed checkpoint has
	to      *state.KeyedWriter
	left    map[int64][2]int64 // to be written, as it was at Begin
	begun   int64              // epoch of the snapshot
}

func (s *slicedSum) Process(input int, b *data.Batch, out operator.Output) error {
	for i := range b.Len() {
		s.changed[b.Cols[1].I64[b.Row(i)]] = s.epoch
	}
	return s.sum.Process(input, b, out)
}

func (s *slicedSum) Snapshot(w *state.Writer) error { return operator.SnapshotWhole(s, w) }

func (s *slicedSum) Begin(w *state.Writer) error {
	if s.to != nil {
		return fmt.Errorf("begun twice")
	}
	s.to = w.Keyed("sums", 1, 1, rowSchema)
	s.begun = s.epoch
	s.epoch++
	s.left = map[int64][2]int64{}
	for k, a := range s.by {
		if !w.Incremental || s.changed[k] > s.durable {
			s.left[k] = *a
		}
	}
	if w.Incremental {
		s.w.deltas.Add(1)
	}
	return nil
}

func (s *slicedSum) Continue() (bool, error) {
	for k, a := range s.left {
		row := []byte{}
		for _, x := range []int64{k, a[0], a[1]} {
			row = binary.AppendVarint(append(row, 1), x)
		}
		s.to.Put(data.KeyGroup(data.HashInt(k), s.c.MaxParallelism), row)
		delete(s.left, k)
		break
	}
	return len(s.left) == 0, nil
}

func (s *slicedSum) End(_ int64, completed bool) {
	if completed {
		s.durable = s.begun
	}
	s.to, s.left = nil, nil
}

func (s *slicedSum) Restore(r *state.Reader) error {
	err := r.EachRow("sums", func(_ []data.Column, _ int, row []byte) error {
		var x [3]int64
		for i := range x {
			v, n := binary.Varint(row[1:])
			x[i], row = v, row[1+n:]
		}
		if s.by[x[0]] != nil {
			return fmt.Errorf("key %d restored twice", x[0])
		}
		s.by[x[0]] = &[2]int64{x[1], x[2]}
		s.changed[x[0]] = s.epoch
		return nil
	})
	return err
}

func (s *slicedSum) Resumed(int64) {
	s.durable = s.epoch
	s.epoch++
	s.w.resumed.Add(1)
}

// A job whose tasks fail again and again goes on from chains of layers, which
// later checkpoints build on, and counts every row once.
func TestChainsAreContinued(t *testing.T) {
	for seed := range uint64(4) {
		w := newWorld(t)
		w.rows, w.batch, w.sliced, w.keys = 30000, 50, true, 500
		random := rand.New(rand.NewPCG(seed, 3))
		var mu sync.Mutex
		w.bombs.Store(5)
		w.fuse = func() bool {
			mu.Lock()
			defer mu.Unlock()
			return random.IntN(400) == 0
		}
		w.pause.Store(int64(20 * time.Microsecond))
		s := w.spec(keyed("bomb"), 1+int(seed%3))
		dir := t.TempDir()
		s.Checkpoint = frequent(dir)
		s.Checkpoint.Retained = 1 + int(seed%2)
		s.Checkpoint.Incremental = seed > 0
		s.Checkpoint.Retention = checkpoint.RetainOnCancellation
		s.Restart = Restart{Kind: FixedDelay}
		j := w.start(s)
		w.finish(j)
		w.check()
		st := j.Checkpoints()
		if seed == 0 {
			if w.deltas.Load() > 0 {
				t.Errorf("%d incremental snapshots, though they are turned off", w.deltas.Load())
			}
			continue
		}
		if w.deltas.Load() == 0 {
			t.Errorf("seed %d: no incremental snapshot in %d checkpoints", seed, st.Completed)
		}
		if st.Restored > 0 && w.resumed.Load() == 0 {
			t.Errorf("seed %d: restored %d times, and never resumed", seed, st.Restored)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, s.ID)); len(left) > 0 {
			t.Errorf("seed %d: %v left", seed, left)
		}
		t.Logf("seed %d: %d checkpoints, %d restored, %d incremental snapshots, %d resumed", seed, st.Completed, st.Restored, w.deltas.Load(), w.resumed.Load())
	}
}
