package flink

import (
	"crypto/rand"
	"encoding/hex"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/flink/savepoint"
)

var record = flag.String("record", "", "folder into which the metadata of the snapshots is written, such as ../../flink/savepoint/testdata")

// TestFlinkSnapshots has a real Flink of each version write every kind of
// snapshot with every state backend, and reads all of them.
func TestFlinkSnapshots(t *testing.T) {
	if os.Getenv("WEIR_E2E_FLINK") == "" {
		t.Skip("WEIR_E2E_FLINK is not set: no real Flink is started (make e2e-flink-all)")
	}
	for _, version := range []string{Newest, LongTerm} {
		t.Run(version, func(t *testing.T) {
			s := recorder{Session: StartSession(t, version, map[string]string{
				"taskmanager.numberOfTaskSlots": "2", "restart-strategy.type": "none", inlined: "200 b", // some state lies inside, some in files
			}), version: version}
			backends := map[string]map[string]string{
				"heap":              {"state.backend.type": "hashmap"},
				"rocksdb":           {"state.backend.type": "rocksdb", "execution.checkpointing.incremental": "true"},
				"changelog-heap":    {"state.backend.type": "hashmap", "state.changelog.enabled": "true", "state.changelog.storage": "filesystem", "dstl.dfs.base-path": "file://" + t.TempDir()},
				"changelog-rocksdb": {"state.backend.type": "rocksdb", "execution.checkpointing.incremental": "true", "state.changelog.enabled": "true", "state.changelog.storage": "filesystem", "dstl.dfs.base-path": "file://" + t.TempDir()},
			}
			if version == Newest {
				backends["merged-rocksdb"] = map[string]string{"state.backend.type": "rocksdb", "execution.checkpointing.incremental": "true", "execution.checkpointing.file-merging.enabled": "true"}
			}
			for name, backend := range backends {
				s.take(t, name, backend)
			}
		})
	}
}

// inlined is the setting that says how small state lies in the metadata itself.
// A version may read it from the cluster's configuration or from the job's.
const inlined = "execution.checkpointing.data-inline-threshold"

// recorder takes snapshots of jobs on a cluster.
type recorder struct {
	Session
	version string
	jobs    int
}

// take has jobs with a state backend, and takes snapshots of them.
func (r *recorder) take(t *testing.T, name string, backend map[string]string) {
	t.Helper()
	savepoints := "file://" + t.TempDir()
	job := r.start(t, backend, `'connector' = 'datagen', 'rows-per-second' = '100', 'fields.k.min' = '0', 'fields.k.max' = '50'`, "SELECT k, n FROM (SELECT k, COUNT(*) AS n FROM numbers GROUP BY k)")
	r.keep(t, name+"-aligned-checkpoint", r.checkpoint(t, job, func(s *savepoint.Snapshot) bool { keyed, _ := has(s); return keyed && s.Files != nil }), savepoint.Checkpoint)
	for format, kind := range map[flink.SavepointFormat]savepoint.Kind{flink.Canonical: savepoint.CanonicalSavepoint, flink.Native: savepoint.NativeSavepoint} {
		id := make([]byte, 16)
		_, _ = rand.Read(id) // never fails
		trigger := hex.EncodeToString(id)
		if err := r.Client.TriggerSavepoint(t.Context(), job, flink.SavepointRequest{TriggerID: trigger, TargetDirectory: savepoints, Format: format}); err != nil {
			t.Fatal(err)
		}
		var result flink.SavepointResult
		Within(t, "a savepoint is complete", func() bool {
			var err error
			result, err = r.Client.SavepointStatus(t.Context(), job, trigger)
			return err == nil && result.State != flink.InProgress
		})
		if result.State != flink.Completed {
			t.Fatalf("%s, savepoint %s: %s", name, format, result.Failure)
		}
		r.keep(t, name+"-"+strings.ToLower(string(format))+"-savepoint", result.Location, kind)
	}
	r.end(t, job)
	// Rows that wait before a slow operator become a part of unaligned checkpoints.
	config := maps.Clone(backend)
	config["execution.checkpointing.unaligned.enabled"] = "true"
	job = r.start(t, config, "'connector' = 'filesystem', 'format' = 'csv', 'path' = '"+many(t)+"'", "SELECT k, CHAR_LENGTH(SHA512(REPEAT(CAST(n AS STRING), 200000))) FROM (SELECT k, COUNT(*) AS n FROM numbers GROUP BY k)")
	r.keep(t, name+"-unaligned-checkpoint", r.checkpoint(t, job, func(s *savepoint.Snapshot) bool {
		keyed, inFlight := has(s) // the first may be from before the first count
		return keyed && inFlight
	}), savepoint.Checkpoint)
	r.end(t, job)
}

// start starts a job and returns its id.
func (r *recorder) start(t *testing.T, backend map[string]string, source, query string) string {
	t.Helper()
	r.jobs++
	config := map[string]string{
		"execution.checkpointing.interval": "500 ms", "execution.checkpointing.dir": "file://" + t.TempDir(), "execution.checkpointing.num-retained": "20",
		inlined: "200 b",
	}
	maps.Copy(config, backend)
	spec := cluster.Spec{
		Ref:            cluster.Ref{Namespace: "default", JobID: fmt.Sprintf("%08x-0123-4567-89ab-cdef01234567", r.jobs), Session: SessionName},
		DeploymentName: "counts", Parallelism: 2, Configuration: config,
		Artifact: cluster.Artifact{Kind: "SQLSCRIPT", SQLScript: `
CREATE TABLE numbers (k BIGINT) WITH (` + source + `);
CREATE TABLE counts (k BIGINT, n BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO counts ` + query},
	}
	if err := r.Client.SubmitJob(t.Context(), spec.FlinkJobID(), spec); err != nil {
		t.Fatal(err)
	}
	return spec.FlinkJobID()
}

// many is a folder with more rows than a slow operator gets through. Before 2.x
// datagen holds a lock while it waits, and lets no checkpoint begin.
func many(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var b strings.Builder
	for i := range 500_000 {
		fmt.Fprintf(&b, "%d\n", i%50)
	}
	for _, name := range []string{"a", "b"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func (r *recorder) end(t *testing.T, job string) {
	t.Helper()
	if err := r.Client.Cancel(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	Within(t, "the job has ended", func() bool {
		status, err := r.Client.JobStatus(t.Context(), job)
		return err == nil && status.Terminal()
	})
}

// checkpoint waits for a completed checkpoint of a job that is as it should be,
// and returns where it lies.
func (r *recorder) checkpoint(t *testing.T, job string, good func(*savepoint.Snapshot) bool) string {
	t.Helper()
	at := ""
	Within(t, "a checkpoint is complete", func() bool {
		c, err := r.Client.Checkpoints(t.Context(), job)
		if err != nil || c.Latest.Completed.Path() == "" {
			if status, err := r.Client.JobStatus(t.Context(), job); err == nil && status.Terminal() {
				why, _ := r.Client.Exceptions(t.Context(), job) // it is told below that there is none
				t.Fatalf("the job is %s: %s", status, why.Latest())
			}
			return false
		}
		at = c.Latest.Completed.Path()
		s, err := savepoint.Open(at)
		if err != nil {
			t.Errorf("read the checkpoint in %s: %v", at, err)
			return true
		}
		return good(s)
	})
	return at
}

// has tells whether a snapshot has keyed state, and rows on their way.
func has(s *savepoint.Snapshot) (keyed, inFlight bool) {
	for _, o := range s.Operators {
		keyed, inFlight = keyed || o.Keyed, inFlight || o.InFlight
	}
	return keyed, inFlight
}

// keep reads a snapshot, and writes its metadata into the folder of samples.
func (r *recorder) keep(t *testing.T, name, location string, kind savepoint.Kind) {
	t.Helper()
	s, err := savepoint.Open(location)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	missing, err := s.Missing()
	keyed, inFlight := has(s)
	if err != nil || len(missing) > 0 || s.Kind != kind || !keyed || inFlight != strings.HasSuffix(name, "-unaligned-checkpoint") {
		t.Errorf("%s: kind %s, want %s; missing %v, %v; keyed state %v, rows on their way %v", name, s.Kind, kind, missing, err, keyed, inFlight)
	}
	dir, _ := savepoint.Local(location)
	b, err := os.ReadFile(filepath.Join(dir, savepoint.MetadataFile))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%-32s version %d, %5d bytes, %2d files", name, s.Version, len(b), len(s.Files))
	if *record != "" {
		if err := os.WriteFile(filepath.Join(*record, "flink-"+r.version+"-"+name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
