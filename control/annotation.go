package control

import (
	"crypto/sha1"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/resource"
)

// Annotations by which controllers leave one another notes. People may read
// them; only AnnotationReset is for the API to write.
const (
	// AnnotationReset, "true" on a COPIED savepoint: the deployment is to start
	// again from it, now if it runs, whatever state it has since.
	AnnotationReset = "weir.io/reset"

	// On a Job.
	AnnotationLauncher    = "weir.io/launcher"         // which launcher has its cluster
	AnnotationStartedFrom = "weir.io/savepoint-id"     // the Savepoint it was told to start from
	AnnotationSeenUntil   = "weir.io/savepoints-until" // creation of the newest Savepoint known when it was made
	AnnotationLaunched    = "weir.io/launch-asked"     // since when a cluster may exist
	AnnotationEnding      = "weir.io/stop-asked"       // since when it is being ended
	AnnotationFallback    = "weir.io/fallback"         // the checkpoint kept by disasterCheckpointsDelay
	AnnotationFallbackID  = "weir.io/fallback-id"      // and its number
	AnnotationSession     = "weir.io/session"          // the start of a session cluster that it is on
	AnnotationStandby     = "weir.io/standby"          // "true" until it is to start: it only keeps a cluster warm
	AnnotationWarmed      = "weir.io/standby-asked"    // since when such a cluster may exist
	AnnotationReady       = "weir.io/standby-ready"    // since when it is ready for the job

	// On a Job that runs at another parallelism than it started with, or is to.
	AnnotationRescale      = "weir.io/parallelism-wanted"  // while it is to
	AnnotationRescaleAsked = "weir.io/parallelism-asked"   // since when its cluster has been told
	AnnotationRescaleNo    = "weir.io/parallelism-refused" // why it cannot while it runs
	AnnotationRescaleFrom  = "weir.io/parallelism-before"  // what it goes back to then: parallelism, generation and spec version

	// On a Job and on a SessionCluster: the place, such as a machine, that its
	// cluster was launched at. Servers of other places cannot see it.
	AnnotationPlace = "weir.io/place"

	// On a Savepoint.
	AnnotationCheckpointID = "weir.io/checkpoint-id" // number within its job; orders the snapshots of one job
	AnnotationGeneration   = "weir.io/generation"    // of the deployment's spec that asked for it
	AnnotationTold         = "weir.io/told"          // the event that was told last of a long wait
	AnnotationDeleteWhy    = "weir.io/delete-reason" // why the platform removes it
)

// NoteTime writes an instant as annotations have it.
func NoteTime(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// NotedTime reads an annotation written by NoteTime; zero when there is none.
func NotedTime(m resource.Metadata, annotation string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, m.Annotations[annotation])
	if err != nil {
		return time.Time{}
	}
	return t
}

// NotedInt reads a number in an annotation; zero when there is none.
func NotedInt(m resource.Metadata, annotation string) int64 {
	n, err := strconv.ParseInt(m.Annotations[annotation], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// DerivedID is the id of the one resource that may follow from what is named:
// creating it again finds it taken, so a repeated or a rival step does nothing.
func DerivedID(from ...string) string {
	sum := sha1.Sum([]byte(strings.Join(from, "\x00")))
	b := sum[:16]
	b[6] = b[6]&0x0f | 0x80 // version 8: our own scheme
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// TriggerID is an id of ours as Flink writes it: without dashes.
func TriggerID(id string) string { return strings.ReplaceAll(id, "-", "") }

// OnStandby tells whether a job is, or was to its end, no more than a cluster
// that is kept warm: it has never been asked to run.
func OnStandby(j resource.Job) bool { return j.Metadata.Annotations[AnnotationStandby] == "true" }

// InFlight tells whether a cluster may be working on the savepoint: it was
// asked, and how that ends is not known yet.
func InFlight(s resource.Savepoint) bool {
	return s.Status.State == resource.SavepointStarted && !s.Status.Asked.IsZero()
}

// SavepointDirectory is where a savepoint of the job is to be written: a
// directory of its own, so that what lies there can only be this savepoint.
func SavepointDirectory(job resource.Job, savepointID string) string {
	dir := job.Spec.FlinkConfiguration[KeySavepointDir]
	if dir == "" {
		dir = job.Spec.FlinkConfiguration[oldKeySavepointDir]
	}
	if dir == "" {
		return ""
	}
	return strings.TrimRight(job.Fill(dir), "/") + "/" + savepointID
}

// CheckpointDirectory is the directory in which only this job writes
// checkpoints; empty when that cannot be told.
func CheckpointDirectory(job resource.Job) string {
	dir := job.Spec.FlinkConfiguration[KeyCheckpointDir]
	if dir == "" {
		dir = job.Spec.FlinkConfiguration[oldKeyCheckpointDir]
	}
	if dir = job.Fill(dir); dir == "" || strings.Contains(dir, job.Metadata.ID) {
		return dir
	}
	// A directory of the user's, shared by jobs: Flink makes one for each in it.
	return strings.TrimRight(dir, "/") + "/" + TriggerID(job.Metadata.ID)
}

// Flink's names of settings that controllers give or read.
const (
	KeyCheckpointDir    = "execution.checkpointing.dir"
	KeySavepointDir     = "execution.checkpointing.savepoint-dir"
	KeyNumRetained      = "execution.checkpointing.num-retained"
	oldKeyNumRetained   = "state.checkpoints.num-retained"
	oldKeyCheckpointDir = "state.checkpoints.dir"
	oldKeySavepointDir  = "state.savepoints.dir"
	// KeyIncarnation carries the Job's id, so that a cluster can prove whose it is.
	KeyIncarnation = "weir.cluster.incarnation"
)

// Retained is how many checkpoints of a job are kept.
func Retained(job resource.Job) int64 {
	for _, key := range []string{KeyNumRetained, oldKeyNumRetained} {
		if n, err := strconv.ParseInt(job.Spec.FlinkConfiguration[key], 10, 64); err == nil {
			return n
		}
	}
	return 1
}

// FlinkUnknown is the observed Flink job status while a cluster is silent.
const FlinkUnknown = "UNKNOWN"

// Reasons in the failure of a Job.
const (
	ReasonSecret    = "SecretMissing" // a reference stands for nothing
	ReasonRefused   = "Refused"       // it can never be launched
	ReasonLaunch    = "LaunchFailed"  // the cluster did not come up
	ReasonLost      = "ClusterLost"   // the cluster is gone
	ReasonSession   = "SessionLost"   // the session cluster is gone, and with it a job that ran
	ReasonBroken    = "ClusterBroken" // the cluster is there and can never work
	ReasonDisplaced = "Displaced"     // what the cluster ran on ended it: evicted, pre-empted, deleted by somebody
	ReasonJobFailed = "JobFailed"     // the Flink job failed
	ReasonCanceled  = "JobCanceled"   // the Flink job was cancelled, not by us
	ReasonTimeout   = "StartTimeout"  // it did not start in time
	ReasonRestored  = "WrongState"    // it started from another state than asked
	ReasonWentBack  = "WentBack"      // the cluster began again from an older state
)

// BlamesSpec tells whether such a failure may come from the spec, so that an
// older spec may help.
func BlamesSpec(reason string) bool {
	switch reason {
	case ReasonRefused, ReasonBroken, ReasonJobFailed, ReasonTimeout, ReasonRestored:
		return true
	}
	return false
}

// NoFlinkID is the flinkSavepointId of savepoints that no trigger of ours made.
const NoFlinkID = "00000000-0000-0000-0000-000000000000"

// Pace is how soon to look again at something that began at since: at once at
// first, ever less often, every second in the end.
func Pace(now, since time.Time) time.Time {
	return now.Add(min(max(now.Sub(since)/20, 20*time.Millisecond), time.Second))
}
