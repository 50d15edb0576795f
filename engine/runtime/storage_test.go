package runtime

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine/checkpoint"
	"github.com/weir-streams/weir/engine/storage"
	"github.com/weir-streams/weir/engine/storage/storagetest"
)

// on makes checkpoints go to a store.
func on(c checkpoint.Config, s storage.Store) checkpoint.Config {
	c.Files = func(string) storage.Store { return s }
	return c
}

// While the disk is full checkpoints fail, and the job goes on; when there is
// room again so do checkpoints.
func TestFullDiskFailsCheckpointsOnly(t *testing.T) {
	w := newWorld(t)
	w.sliced, w.keys = true, 3000
	w.rows = 20000
	w.pause.Store(int64(20 * time.Microsecond))
	disk := storagetest.NewFaulty(1)
	s := w.spec(keyed(), 2)
	s.Checkpoint = on(frequent("/full"), disk)
	s.Checkpoint.Tolerable = 1 << 30
	j := w.start(s)
	until(t, "a checkpoint", func() bool { return j.Checkpoints().Completed > 0 })
	disk.Set(storagetest.Faults{Full: .5})
	until(t, "failures", func() bool { return j.Checkpoints().Failed > 3 })
	disk.Set(storagetest.Faults{})
	good := j.Checkpoints().Completed
	until(t, "checkpoints again", func() bool { return j.Checkpoints().Completed > good })
	w.finish(j)
	w.check()
	if f := j.Checkpoints().LatestFailed; f == nil || !strings.Contains(f.Failure, "no space left on device") {
		t.Errorf("latest failure is %+v", f)
	}
	if i := j.Info(); i.Restarts != 0 {
		t.Errorf("%d restarts", i.Restarts)
	}
}

// A job whose newest checkpoint is damaged when it fails goes back to an older
// one, and says so.
func TestDamagedCheckpointIsPassedOver(t *testing.T) {
	for _, what := range []string{"flipped", "torn", "missing"} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			w.sliced, w.keys, w.bounded = true, 30000, true
			w.rows = 20000
			w.limit.Store(15000)
			disk := storagetest.NewMemory()
			s := w.spec(keyed("bomb"), 2)
			s.Checkpoint = on(frequent("/damage"), disk)
			s.Checkpoint.Interval, s.Checkpoint.Retained = time.Hour, 3
			s.Restart = Restart{Kind: FixedDelay}
			var fire atomic.Bool
			w.fuse = fire.Load
			w.bombs.Store(1)
			j := w.start(s)
			until(t, "running", func() bool { return j.Info().Vertices[1].Subtasks[0].RecordsIn > 0 })
			var ids []int64
			for range 2 {
				i, err := j.Checkpoint(t.Context(), checkpoint.Request{})
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, i.ID)
				w.limit.Add(1000)
				n := j.Info().Vertices[1].Subtasks[0].RecordsIn
				until(t, "more rows", func() bool { return j.Info().Vertices[1].Subtasks[0].RecordsIn > n })
			}
			files, err := disk.List("shared")
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(files)
			newest := "shared/" + files[slices.IndexFunc(files, func(f string) bool { return strings.HasPrefix(f, fmt.Sprint(ids[1], "-")) })]
			switch what {
			case "flipped":
				disk.Change(newest, func(b []byte) []byte { b[len(b)/3] ^= 4; return b })
			case "torn":
				disk.Change(newest, func(b []byte) []byte { return b[:len(b)/3] })
			case "missing":
				if err := disk.Remove(newest); err != nil {
					t.Fatal(err)
				}
			}
			fire.Store(true)
			w.limit.Store(0)
			w.finish(j)
			w.checkSums()
			i := j.Info()
			if i.Restarts != 2 {
				t.Errorf("%d restarts", i.Restarts)
			}
			found := false
			for _, f := range i.Failures {
				found = found || strings.Contains(f.Message, fmt.Sprintf("checkpoint %d (", ids[1])) && strings.Contains(f.Message, fmt.Sprintf("goes back to checkpoint %d (", ids[0]))
			}
			if !found {
				t.Errorf("no failure names both: %+v", i.Failures)
			}
			if r := j.Checkpoints().RestoredFrom; r == nil || r.ID != ids[0] {
				t.Errorf("restored from %+v, want %d", r, ids[0])
			}
		})
	}
}

// With nothing older to go back to the job fails and says so; it does not begin
// from nothing.
func TestDamageWithoutAnOlderCheckpoint(t *testing.T) {
	w := newWorld(t)
	w.limit.Store(1000)
	w.bounded = false
	disk := storagetest.NewMemory()
	s := w.spec(keyed("bomb"), 1)
	s.Checkpoint = on(frequent("/damage"), disk)
	s.Checkpoint.Interval = time.Hour
	s.Restart = Restart{Kind: FixedDelay}
	w.sliced, w.keys = true, 30000
	var fire atomic.Bool
	w.fuse = fire.Load
	w.bombs.Store(1)
	j := w.start(s)
	until(t, "rows", func() bool { return j.Info().Vertices[1].Subtasks[0].RecordsIn == 4000 })
	if _, err := j.Checkpoint(t.Context(), checkpoint.Request{}); err != nil {
		t.Fatal(err)
	}
	files, err := disk.List("shared")
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	disk.Change("shared/"+files[0], func(b []byte) []byte { b[9] ^= 1; return b })
	fire.Store(true)
	w.limit.Store(1100)
	if err := j.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "no older one to go back to") {
		t.Errorf("got %v", err)
	}
}

// Storage that is slow delays checkpoints, not rows.
func TestSlowStorageDelaysCheckpointsOnly(t *testing.T) {
	w := newWorld(t)
	w.sliced, w.keys, w.rows = true, 2000, 20000
	disk := storagetest.NewFaulty(2)
	disk.Set(storagetest.Faults{Slow: 20 * time.Millisecond})
	s := w.spec(keyed(), 2)
	s.Checkpoint = on(frequent("/slow"), disk)
	j := w.start(s)
	w.finish(j)
	w.check()
	if c := j.Checkpoints(); c.Failed != 0 || c.Completed == 0 {
		t.Errorf("checkpoints %+v", c)
	}
}

// stuck is storage whose large files are never written; giving one up ends that.
type stuck struct {
	storage.Store
	writing atomic.Int64
}

type stuckFile struct {
	storage.File
	s    *stuck
	up   chan struct{}
	once sync.Once
}

func (s *stuck) Create(name string) (storage.File, error) {
	f, err := s.Store.Create(name)
	if err != nil || !strings.HasPrefix(name, "shared/") {
		return f, err
	}
	return &stuckFile{File: f, s: s, up: make(chan struct{})}, nil
}

func (f *stuckFile) Write([]byte) (int, error) {
	f.s.writing.Add(1)
	<-f.up
	return 0, storage.ErrAborted
}

func (f *stuckFile) Abort() {
	f.once.Do(func() { close(f.up) })
	f.File.Abort()
}

// A job at the end of its input that has nothing to commit does not wait for a
// checkpoint whose turn has come meanwhile.
func TestEndDoesNotWaitForACheckpoint(t *testing.T) {
	w := newWorld(t)
	w.sliced, w.keys, w.rows = true, 20000, 20000
	w.limit.Store(12000)
	disk := &stuck{Store: storagetest.NewMemory()}
	g := keyed()
	g.Vertices = g.Vertices[:len(g.Vertices)-1]
	s := w.spec(g, 2)
	s.Checkpoint = on(frequent("/stuck"), disk)
	j := w.start(s)
	until(t, "a checkpoint under way", func() bool { return disk.writing.Load() > 0 })
	w.limit.Store(0)
	w.finish(j)
	w.checkSums()
	if c := j.Checkpoints(); c.Failed != 0 || c.InProgress != 0 {
		t.Errorf("checkpoints %+v", c)
	}
}

// Checkpoints and savepoints in a bucket: a job fails and goes on from there,
// and another starts from its savepoint.
func TestStateInABucket(t *testing.T) {
	server := storagetest.NewS3()
	defer server.Close()
	w := newWorld(t)
	w.sliced, w.keys, w.rows = true, 20000, 20000
	w.limit.Store(12000)
	s := w.spec(keyed("bomb"), 2)
	s.Checkpoint = frequent("s3://weir/checkpoints")
	s.Checkpoint.Savepoints = "s3://weir/savepoints"
	s.Checkpoint.Storage.S3 = storage.S3{Endpoint: server.URL, PathStyle: true, AccessKey: "a", SecretKey: "b"}
	s.Restart = Restart{Kind: FixedDelay}
	var fire atomic.Bool
	w.fuse = fire.Load
	w.bombs.Store(1)
	j := w.start(s)
	until(t, "checkpoints", func() bool { return j.Checkpoints().Completed > 3 })
	fire.Store(true)
	w.limit.Store(15000)
	until(t, "a restart", func() bool { return j.Checkpoints().Restored == 1 })
	until(t, "checkpoints after it", func() bool { return j.Checkpoints().Completed > 6 })
	i, err := j.Checkpoint(t.Context(), checkpoint.Request{Savepoint: true, Stop: true})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(i.Path, "s3://weir/savepoints/savepoint-") {
		t.Errorf("savepoint at %s", i.Path)
	}
	for _, k := range server.Keys() {
		if strings.Contains(k, "/checkpoints/") {
			t.Errorf("%s is left", k)
		}
	}
	w.limit.Store(0)
	s.ID, s.SavepointPath, s.Parallelism = "b"+s.ID[1:], i.Path, 3
	j = w.start(s)
	w.finish(j)
	w.check()
	if n := server.Uploads(); n > 0 {
		t.Errorf("%d uploads are neither complete nor aborted", n)
	}
}

// A bucket that does not answer fails the checkpoint when its time is over, and
// does not keep the job from ending.
func TestBucketThatHangs(t *testing.T) {
	server := storagetest.NewS3()
	defer server.Close()
	w := newWorld(t)
	w.bounded = false
	s := w.spec(keyed(), 1)
	s.Checkpoint = frequent("s3://weir/x")
	s.Checkpoint.Interval, s.Checkpoint.Timeout = time.Hour, 20*time.Millisecond
	s.Checkpoint.Storage.S3 = storage.S3{Endpoint: server.URL, PathStyle: true, AccessKey: "a", SecretKey: "b"}
	release := server.Hang()
	defer release()
	j := w.start(s)
	until(t, "running", func() bool { return j.Info().Vertices[0].Subtasks[0].RecordsOut > 0 })
	if _, err := j.Checkpoint(t.Context(), checkpoint.Request{}); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("got %v", err)
	}
	j.Cancel()
	if err := j.Wait(t.Context()); err != ErrCanceled {
		t.Errorf("got %v", err)
	}
}
