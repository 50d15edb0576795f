// Package cluster is the contract between the platform and whatever runs jobs:
// a launcher brings up something that speaks Flink's REST API, with one job in
// it, and hands back a client. After that all clusters are alike.
//
// A session cluster has no job of its own: jobs are launched on it, each with a
// Ref that names both, and are observed and terminated by that Ref without a
// word to the others. The rule not to break: of a job on a session cluster only
// what is proved is said; it is absent when the session cluster is, or when the
// session cluster itself answers that it has no such job.
//
// Launchers keep no state of ours: everything about a cluster is found again
// from its own directory or labels, so a restart of the platform loses none.
package cluster

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/weir-streams/weir/flink"
)

// Launcher starts and removes clusters. Every method is idempotent by Ref and
// safe for concurrent use.
type Launcher interface {
	// Launch makes the cluster exist with its job submitted, and returns when
	// that is under way, not when the job runs. Launching a ref that exists
	// already with the same incarnation does nothing.
	// A ref of a session cluster brings one up without a job; a ref of a job on
	// a session cluster, which must be up, brings the job there.
	// An error wrapping ErrRefused cannot be helped by trying again.
	Launch(ctx context.Context, spec Spec) error
	// Observe says whether the cluster is there. An error means the same as Unknown.
	Observe(ctx context.Context, ref Ref) (Observation, error)
	// Connect returns a client after proving that what answers is this very
	// incarnation. ErrUnreachable when it does not answer now, ErrGone when it
	// is proved absent.
	Connect(ctx context.Context, ref Ref) (*flink.Client, error)
	// Terminate removes the cluster and all its processes; absent is success.
	// Of a job on a session cluster it ends and forgets that job only, and lets
	// no job of that id come later. Checkpoints and savepoints stay.
	Terminate(ctx context.Context, ref Ref) error
}

// Sessions is a Launcher that knows refs with a Session. Nobody hands such
// refs to a launcher that is not one.
type Sessions interface {
	Launcher
	RunsSessions()
}

// Warmer is a Launcher that can bring up the cluster of a job before its time:
// a Spec with Standby. It starts no job until the same ref is launched without;
// until then its Connect and Observe are those of a cluster without the job, and
// Client.Standby tells how far it is.
type Warmer interface {
	Launcher
	Warms() bool
}

// Explainer is a Launcher that knows more of a cluster that answers: why some
// of its processes do not run, in words; empty when they do.
type Explainer interface {
	Launcher
	Explain(ctx context.Context, ref Ref) string
}

// Warner is a Launcher that knows what threatens a cluster whose job runs, in
// words: a node that is silent, a pod that is to go. It says what is known
// without asking anybody; empty: nothing.
type Warner interface {
	Launcher
	Warn(ctx context.Context, ref Ref) string
}

// LogKeeper is a Launcher that keeps the end of what a cluster wrote when the
// cluster is removed, for as long as there is room.
type LogKeeper interface {
	Launcher
	// KeptLog opens the log of a cluster that was removed; the error wraps
	// fs.ErrNotExist when none is kept.
	KeptLog(ctx context.Context, ref Ref) (io.ReadCloser, error)
}

// Rescaler is a Launcher whose clusters get the processes that a running job
// needs when it is told to run at another parallelism.
type Rescaler interface {
	Launcher
	Rescales() bool
}

// Scaler is a Launcher that gives a session cluster more or fewer TaskManagers
// while it runs.
type Scaler interface {
	Launcher
	// ScaleTaskManagers returns when that is under way; doing so again is harmless.
	ScaleTaskManagers(ctx context.Context, ref Ref, n int) error
}

// Local is a Launcher that sees the clusters of one place only, such as those
// of a folder of this machine. What it does not find may run at another place;
// nobody asks it about those.
type Local interface {
	Launcher
	Place() string // a name that no other place has
}

// Ref names one cluster, or one job on a session cluster. A cluster is made for
// one Job resource or for one start of a session cluster, and never reused, so
// that id is also the proof of its incarnation.
type Ref struct {
	Namespace    string
	DeploymentID string // empty for a session cluster itself
	JobID        string // id of the Job resource, with dashes; empty for a session cluster itself
	// Session is the id of one start of a session cluster; empty for a job that
	// has a cluster of its own.
	Session string
	// Target is the place among those of the launcher that the cluster is at,
	// for launchers that have several: see KubernetesTarget.
	Target string
}

// IsSession tells whether the ref is of a session cluster itself.
func (r Ref) IsSession() bool { return r.Session != "" && r.JobID == "" }

// OnSession tells whether the ref is of a job on a session cluster.
func (r Ref) OnSession() bool { return r.Session != "" && r.JobID != "" }

// Cluster is the ref of the cluster the job is on: its own, or the session cluster.
func (r Ref) Cluster() Ref {
	if r.OnSession() {
		return Ref{Namespace: r.Namespace, Session: r.Session, Target: r.Target}
	}
	return r
}

// Incarnation is what the cluster proves its identity with.
func (r Ref) Incarnation() string {
	if r.Session != "" {
		return r.Session
	}
	return r.JobID
}

// String names the cluster or job in words.
func (r Ref) String() string {
	switch {
	case r.IsSession():
		return "session cluster " + r.Session
	case r.OnSession():
		return "job " + r.JobID + " on session cluster " + r.Session
	}
	return "cluster of job " + r.JobID
}

// Spec is all a launcher needs: plain data, placeholders and secrets resolved.
type Spec struct {
	Ref
	DeploymentName string
	Artifact       Artifact
	// Catalog makes the objects of the namespace's catalog, which the script
	// may use: one statement each, to be carried out before the script.
	Catalog               []string
	Parallelism           int
	Configuration         map[string]string // complete Flink configuration
	SavepointLocation     string            // start from this state; empty starts empty
	AllowNonRestoredState bool
	TaskManagers          int
	JobManagerMemory      int64 // bytes; 0 is the launcher's choice
	TaskManagerMemory     int64
	JobManagerCPU         float64 // cores; 0 is the launcher's choice
	TaskManagerCPU        float64
	// Image is of Flink's processes, and Kubernetes the options of pods as they
	// are written in the resource; for launchers that make pods.
	Image      Image
	Kubernetes map[string]any
	Logging    Logging
	Labels     map[string]string
	// Standby brings the cluster up without its job, which comes by another
	// Launch of the same ref; only for launchers that are a Warmer.
	Standby bool
	// Files are those of the program that a session cluster fetches before it
	// starts the job; Artifact names them by their To.
	Files []File `json:",omitempty"`
	// Hidden are values that were put in and must not be shown: not in a
	// failure, not in the configuration, not in a log. See Hide.
	Hidden []string
}

// File is one that is fetched where it is needed.
type File struct {
	URL    string `json:"url"`
	SHA256 string `json:"sha256"`
	Token  string `json:"token"`
	To     string `json:"to"`
}

// Image names a container image; what is empty is the launcher's choice.
type Image struct{ Registry, Repository, Tag string }

// Logging is what Flink's processes log: levels by logger, "" being the root
// logger, or a whole configuration of Log4j 2 instead.
type Logging struct {
	Levels   map[string]string
	Template string
}

// KubernetesTarget is a Ref's Target for a namespace of Kubernetes and what
// belongs to it: the secret value that holds the way to another Kubernetes, and
// what runs there ("flink": Flink also for SQL).
type KubernetesTarget struct{ Namespace, KubeconfigSecret, Engine string }

// String is the Target, empty for the zero value.
func (t KubernetesTarget) String() string {
	s := t.Namespace
	if t.KubeconfigSecret != "" {
		s += "@" + t.KubeconfigSecret
	}
	if t.Engine != "" {
		s += "/" + t.Engine
	}
	return s
}

// ParseKubernetesTarget reads what String wrote.
func ParseKubernetesTarget(s string) KubernetesTarget {
	s, engine, _ := strings.Cut(s, "/")
	namespace, secret, _ := strings.Cut(s, "@")
	return KubernetesTarget{Namespace: namespace, KubeconfigSecret: secret, Engine: engine}
}

// FlinkJobID is the id the job in the cluster has: the Job's id without dashes.
func (r Ref) FlinkJobID() string {
	b := make([]byte, 0, 32)
	for i := range len(r.JobID) {
		if r.JobID[i] != '-' {
			b = append(b, r.JobID[i])
		}
	}
	return string(b)
}

// Artifact is the program to run.
type Artifact struct {
	Kind       string // SQLSCRIPT, JAR, PYTHON, GO as in the resource
	SQLScript  string
	JarPath    string // local file: the jar, or the Python program
	EntryClass string
	// EntryModule is the module of a Python program that is to run; empty: the
	// program is one file.
	EntryModule string
	// Dependencies are jars that the program needs besides: local files, or
	// coordinates of Maven as maven:GROUP:ARTIFACT:VERSION.
	Dependencies []string
	// PythonLibraries and PythonArchives are local files that come with a Python
	// program: on its path, and unpacked beside it.
	PythonLibraries, PythonArchives []string
	Args                            []string
	Engine                          string // version of Flink asked for; empty is the launcher's own
}

// Presence is what an observation proves.
type Presence int

// Only Absent, which is proved, may start or destroy anything.
const (
	Unknown Presence = iota
	Present
	Absent
)

// Observation is what a launcher sees of a cluster from outside.
type Observation struct {
	Presence Presence
	// Message explains, for people: "exited with status 1: …last log line".
	Message string
	// Failed is set when the cluster is present but can never work (its main
	// process ended, its script does not compile). No job runs on a session
	// cluster that failed.
	Failed bool
	// Displaced is set with Failed when what the cluster ran on ended it, and
	// not its program: evicted, pre-empted, deleted by somebody, its node lost.
	// To start it again is no other attempt at something that failed.
	Displaced bool
	// Unstarted is set when the cluster is present and nothing of its program
	// has begun, as while an image is fetched: removing it loses nothing.
	Unstarted bool
}

// Errors of launchers.
var (
	ErrRefused     = errors.New("refused")     // the spec cannot be launched, ever
	ErrUnreachable = errors.New("unreachable") // no answer now: unknown, not absent
	ErrGone        = errors.New("gone")        // proved absent
)
