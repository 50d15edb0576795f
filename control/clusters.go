package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

// Sight is what was seen of a job's cluster at one moment. Presence is
// three-valued: only Absent, which is proved, may start or destroy anything.
type Sight struct {
	Presence cluster.Presence
	Broken   bool // present, but its main process can never work
	// Displaced: broken by what it ran on, not by its program.
	Displaced bool
	// Unstarted: present, and nothing of its program has begun.
	Unstarted bool
	Message   string // why it is absent, broken or silent, for people

	// Answers: this very cluster answered. All below is known only then.
	Answers    bool
	Status     flink.JobStatus // empty: the cluster knows no such job
	Processing bool            // all tasks run; looked at only when asked for
	// Parallelism is that of the stage with the most tasks; looked at with Processing.
	Parallelism int
	Failure     string // why the job failed, or is being restarted
	Refused     bool   // it failed because of its program or settings: trying again cannot help

	// Standby is how far a cluster is that was brought up without its job; nil:
	// it is none, or has the job.
	Standby *flink.Standby

	// Points: what follows is known. A job without checkpointing has none.
	Points     bool
	Newest     resource.CheckpointRef   // newest checkpoint another job can start from
	NewestID   int64                    // number of the newest completed checkpoint, restorable or not
	Past       []resource.CheckpointRef // completed checkpoints still listed, restorable or not
	Savepoints []SavepointSeen          // completed ones still listed, newest first
	Restored   resource.CheckpointRef   // what the job started, or last recovered, from
}

// SavepointSeen is a completed savepoint as the cluster lists it.
type SavepointSeen struct {
	resource.CheckpointRef
	SizeBytes int64
}

// Find looks for a savepoint at or below a place.
func (s Sight) Find(place string) (SavepointSeen, bool) {
	for _, p := range s.Savepoints {
		if Within(place, p.Location) {
			return p, true
		}
	}
	return SavepointSeen{}, false
}

// BeganAgain tells whether the cluster lost its memory and began the job again
// from where it was first started, behind the checkpoint known of it, as
// JobManagers without high availability do. own is the directory of the job's
// checkpoints.
func (s Sight) BeganAgain(known resource.CheckpointRef, own string) bool {
	if !s.Points || known.ID == 0 || Within(own, s.Restored.Location) {
		return false
	}
	for _, p := range s.Past {
		if p.ID == known.ID {
			return !p.CompletedAt.Equal(known.CompletedAt.Time)
		}
	}
	highest := s.NewestID
	for _, p := range s.Savepoints {
		highest = max(highest, p.ID)
	}
	switch {
	case highest > 0:
	case s.Status.Terminal():
		return false // a restarted JobManager still knows how the job ended, but nothing more
	case s.Status != flink.JobRunning && s.Restored.Location == "":
		// The adaptive scheduler knows of no checkpoints between two attempts. What
		// it begins from, it tells when the job runs.
		return false
	}
	return highest < known.ID
}

// Within tells whether location is dir or lies below it.
func Within(dir, location string) bool {
	if dir == "" || location == "" {
		return false
	}
	d, l := flink.NormalLocation(dir), flink.NormalLocation(location)
	return l == d || len(l) > len(d) && l[:len(d)] == d && l[len(d)] == '/'
}

// Trigger asks for a savepoint.
type Trigger struct {
	ID        string // 32 hexadecimal digits, never used for anything else
	Directory string
	Stop      bool // end the job with it
}

// Clusters reaches the clusters of jobs, whatever launched them.
type Clusters struct {
	launchers map[string]cluster.Launcher
	vault     *Vault // nil: jobs refer to nothing
	shared    bool   // other servers launch clusters too
}

// NewClusters takes the launchers by the name that jobs are annotated with.
func NewClusters(launchers map[string]cluster.Launcher) *Clusters {
	return &Clusters{launchers: launchers}
}

// Shared says that other servers work on the same record: what was launched at
// another place is theirs.
func (c *Clusters) Shared() *Clusters {
	c.shared = true
	return c
}

// Ref names the cluster of a job.
func Ref(job resource.Job) cluster.Ref {
	return cluster.Ref{
		Namespace: job.Metadata.Namespace, DeploymentID: job.Metadata.DeploymentID, JobID: job.Metadata.ID,
		Session: job.Metadata.Annotations[AnnotationSession],
		Target:  kubernetesTarget(job.Spec.DeploymentTarget.Kubernetes),
	}
}

func kubernetesTarget(t resource.KubernetesTarget) string {
	return cluster.KubernetesTarget{Namespace: t.Namespace, KubeconfigSecret: t.KubeconfigSecret, Engine: t.Engine}.String()
}

// Has tells whether there is a launcher of that name.
func (c *Clusters) Has(launcher string) bool {
	_, ok := c.launchers[launcher]
	return ok
}

// Warms tells whether a launcher can bring clusters up before their jobs.
func (c *Clusters) Warms(launcher string) bool {
	w, ok := c.launchers[launcher].(cluster.Warmer)
	return ok && w.Warms()
}

// KeptLog opens what is kept of the log of a job whose cluster was removed; the
// error wraps fs.ErrNotExist when nothing is.
func (c *Clusters) KeptLog(ctx context.Context, job resource.Job) (io.ReadCloser, error) {
	l, err := c.launcher(job)
	if err != nil {
		return nil, err
	}
	k, ok := l.(cluster.LogKeeper)
	if !ok {
		return nil, fmt.Errorf("its launcher keeps no logs: %w", fs.ErrNotExist)
	}
	return k.KeptLog(ctx, Ref(job))
}

// Rescales tells whether jobs of a launcher can be told to run at another
// parallelism.
func (c *Clusters) Rescales(launcher string) bool {
	r, ok := c.launchers[launcher].(cluster.Rescaler)
	return ok && r.Rescales()
}

// Client connects to a job's cluster.
func (c *Clusters) Client(ctx context.Context, job resource.Job) (*flink.Client, error) {
	l, err := c.launcher(job)
	if err != nil {
		return nil, err
	}
	return l.Connect(ctx, Ref(job))
}

// Launch starts the cluster of a job.
func (c *Clusters) Launch(ctx context.Context, job resource.Job, spec cluster.Spec) error {
	l, err := c.launcher(job)
	if err != nil {
		return fmt.Errorf("%w: %w", cluster.ErrRefused, err)
	}
	return cluster.Hide(spec.Hidden).Error(l.Launch(ctx, spec))
}

// Terminate removes the cluster of a job; nil means that it is gone.
func (c *Clusters) Terminate(ctx context.Context, job resource.Job) error {
	l, err := c.launcher(job)
	if err != nil {
		return err
	}
	return l.Terminate(ctx, Ref(job))
}

// Cancel ends the Flink job in the cluster, keeping its checkpoints. A job that
// has ended already is fine.
func (c *Clusters) Cancel(ctx context.Context, job resource.Job) error {
	client, err := c.Client(ctx, job)
	if err != nil {
		return err
	}
	err = client.Cancel(ctx, flinkID(job))
	if flink.IsConflict(err) || flink.IsNotFound(err) {
		return nil
	}
	return c.clean(ctx, job, err)
}

// Rescale tells a running job to run at another parallelism. Telling it again is
// harmless. When it does, its tasks show.
func (c *Clusters) Rescale(ctx context.Context, job resource.Job, parallelism int) error {
	client, err := c.Client(ctx, job)
	if err != nil {
		return err
	}
	return c.clean(ctx, job, client.Rescale(ctx, flinkID(job), parallelism))
}

// Trigger asks the cluster for a savepoint; asking again is harmless while the
// cluster remembers.
func (c *Clusters) Trigger(ctx context.Context, job resource.Job, t Trigger) error {
	client, err := c.Client(ctx, job)
	if err != nil {
		return err
	}
	if t.Stop {
		err = client.StopWithSavepoint(ctx, flinkID(job), flink.StopRequest{TriggerID: t.ID, TargetDirectory: t.Directory})
	} else {
		err = client.TriggerSavepoint(ctx, flinkID(job), flink.SavepointRequest{TriggerID: t.ID, TargetDirectory: t.Directory})
	}
	return c.clean(ctx, job, err)
}

// Poll asks how a savepoint goes; flink.IsNotFound(err) when the cluster does
// not know it.
func (c *Clusters) Poll(ctx context.Context, job resource.Job, triggerID string) (flink.SavepointResult, error) {
	client, err := c.Client(ctx, job)
	if err != nil {
		return flink.SavepointResult{}, err
	}
	r, err := client.SavepointStatus(ctx, flinkID(job), triggerID)
	if r.Failure != "" {
		r.Failure = c.vault.hidden(ctx, job).Text(r.Failure)
	}
	return r, c.clean(ctx, job, err)
}

// Tables lists the tables that an SQL job reads and writes, where the cluster
// tells; their names are those of the job's script and catalog.
func (c *Clusters) Tables(ctx context.Context, job resource.Job) (sources, sinks []resource.TableInfo, err error) {
	client, err := c.Client(ctx, job)
	if err != nil {
		return nil, nil, err
	}
	t, err := client.Tables(ctx, flinkID(job))
	if err != nil {
		return nil, nil, c.clean(ctx, job, err)
	}
	h := c.vault.hidden(ctx, job)
	info := func(all []flink.Table) (out []resource.TableInfo) {
		for _, t := range all {
			table := resource.TableInfo{
				CatalogName: t.Catalog, DatabaseName: t.Database, Name: t.Name,
				Temporary: !inCatalog(job, t), Properties: map[string]string{"connector": h.Text(t.Connector)},
			}
			for _, c := range t.Columns {
				table.Columns = append(table.Columns, resource.ColumnInfo{Name: c.Name, Type: c.Type})
			}
			out = append(out, table)
		}
		return out
	}
	return info(t.Sources), info(t.Sinks), nil
}

// inCatalog tells whether the table is one of the namespace's, not of the script.
func inCatalog(job resource.Job, t flink.Table) bool {
	name := "`" + t.Catalog + "`.`" + t.Database + "`.`" + t.Name + "`"
	return slices.ContainsFunc(job.Spec.Catalog, func(statement string) bool { return strings.Contains(statement, name) })
}

// Look sees what can be seen of a job's cluster; with tasks, whether all tasks
// run. Trouble on the way is part of the picture, not an error.
func (c *Clusters) Look(ctx context.Context, job resource.Job, tasks bool) Sight {
	s := c.look(ctx, job, tasks)
	if s.Message != "" || s.Failure != "" {
		h := c.vault.hidden(ctx, job)
		s.Message, s.Failure = h.Text(s.Message), h.Text(s.Failure)
	}
	return s
}

func (c *Clusters) look(ctx context.Context, job resource.Job, tasks bool) Sight {
	l, err := c.launcher(job)
	if err != nil {
		return Sight{Message: err.Error()}
	}
	ref := Ref(job)
	client, err := l.Connect(ctx, ref)
	if err == nil {
		s := Sight{Presence: cluster.Present, Answers: true}
		if err = ask(ctx, client, flinkID(job), tasks, job.Status.LatestCheckpoint.ID > 0, &s); err == nil && s.Status == "" && job.Metadata.Annotations[AnnotationWarmed] != "" {
			s.Standby, err = client.Standby(ctx)
		}
		if err == nil {
			if e, ok := l.(cluster.Explainer); ok && lacks(s, tasks) {
				s.Message = e.Explain(ctx, ref)
			} else if w, ok := l.(cluster.Warner); ok && s.Status == flink.JobRunning {
				s.Message = w.Warn(ctx, ref)
			}
			return s
		}
	}
	if errors.Is(err, cluster.ErrGone) {
		return Sight{Presence: cluster.Absent, Message: err.Error()}
	}
	o, oerr := l.Observe(ctx, ref)
	switch {
	case oerr != nil:
		return Sight{Message: fmt.Sprintf("%v; %v", err, oerr)}
	case o.Message == "" && o.Presence != cluster.Absent:
		o.Message = err.Error()
	}
	present := o.Presence == cluster.Present
	return Sight{Presence: o.Presence, Broken: o.Failed && present, Displaced: o.Failed && o.Displaced && present, Unstarted: o.Unstarted && present, Message: o.Message}
}

// lacks tells whether a job waits for something of its cluster's.
func lacks(s Sight, tasks bool) bool {
	switch s.Status {
	case flink.JobCreated, flink.JobRestarting, flink.JobFailing:
		return true
	}
	return s.Status == flink.JobRunning && tasks && !s.Processing
}

// Place is the place that a launcher's clusters come to be at; empty when they
// are seen from everywhere, or nobody else has any.
func (c *Clusters) Place(launcher string) string {
	if l, ok := c.launchers[launcher].(cluster.Local); ok && c.shared {
		return l.Place()
	}
	return ""
}

// near refuses to say anything of what was launched at another place: that it
// is not seen from here proves nothing.
func (c *Clusters) near(what, launcher string, m resource.Metadata) error {
	place := m.Annotations[AnnotationPlace]
	if here := c.Place(launcher); place != "" && here != "" && place != here {
		return fmt.Errorf("%s is with the clusters of another server (place %s), and only that one can reach it; start that server, with its data folder: %w",
			what, place, cluster.ErrUnreachable)
	}
	return nil
}

func (c *Clusters) launcher(job resource.Job) (cluster.Launcher, error) {
	name := job.Metadata.Annotations[AnnotationLauncher]
	l, ok := c.launchers[name]
	if !ok {
		return nil, fmt.Errorf("job %s: this server has no launcher %q", job.Metadata.ID, name)
	}
	if Ref(job).Session != "" && !c.RunsSessions(name) {
		return nil, fmt.Errorf("job %s: launcher %q has no session clusters", job.Metadata.ID, name)
	}
	if err := c.near("job "+job.Metadata.ID, name, job.Metadata); err != nil {
		return nil, err
	}
	return l, nil
}

func flinkID(job resource.Job) string { return Ref(job).FlinkJobID() }

// ask fills in what the cluster says. The status comes first: checkpoints read
// after a job has ended are all it will ever have. A job that had a checkpoint
// before and has none is asked for its status again: it may have failed between
// the two questions, and that it runs without any would be another thing.
func ask(ctx context.Context, client *flink.Client, id string, tasks, had bool, s *Sight) error {
	status, err := client.JobStatus(ctx, id)
	switch {
	case flink.IsNotFound(err):
		return nil
	case err != nil:
		return err
	}
	s.Status = status
	if tasks && status == flink.JobRunning {
		d, err := client.Job(ctx, id)
		if err != nil {
			return err
		}
		s.Processing, s.Parallelism = d.AllTasksRunning(), d.Parallelism()
	}
	switch status {
	case flink.JobFailed, flink.JobFailing, flink.JobRestarting:
		e, err := client.Exceptions(ctx, id)
		if err != nil {
			return err
		}
		var final bool
		s.Failure, final = e.Explained()
		s.Refused = status == flink.JobFailed && (e.Refused() || final)
	}
	points, err := client.Checkpoints(ctx, id)
	switch {
	case flink.IsNotFound(err):
		return nil
	case err != nil:
		return err
	}
	s.read(points)
	if had && status == flink.JobRunning && s.NewestID == 0 && s.Restored.Location == "" {
		if status, err = client.JobStatus(ctx, id); err != nil {
			return err
		}
		s.Status = status
	}
	return nil
}

func (s *Sight) read(p flink.Checkpoints) {
	s.Points = true
	if c := p.Latest.Completed; c != nil {
		s.NewestID = c.ID
	}
	all := p.History
	for _, c := range []*flink.CheckpointDetails{p.Latest.Completed, p.Latest.Savepoint} {
		if c != nil {
			all = append(all[:len(all):len(all)], *c)
		}
	}
	for _, c := range all {
		ref := resource.CheckpointRef{ID: c.ID, Location: c.Path(), CompletedAt: resource.At(c.LatestAckTimestamp.Time())}
		if c.Status == flink.Completed && !c.Savepoint {
			s.Past = append(s.Past, ref)
		}
		if ref.Location == "" {
			continue
		}
		if c.Savepoint {
			s.Savepoints = append(s.Savepoints, SavepointSeen{CheckpointRef: ref, SizeBytes: c.StateSize})
		} else if ref.ID > s.Newest.ID {
			s.Newest = ref
		}
	}
	if r := p.Latest.Restored; r != nil {
		s.Restored = resource.CheckpointRef{ID: r.ID, Location: r.ExternalPath, CompletedAt: resource.At(r.RestoreTimestamp.Time())}
	}
}
