package standalone

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/flink/savepoint"
)

// job is a job that was brought.
type job struct {
	spec     cluster.Spec
	since    time.Time
	accepted bool  // Flink has it: what it says of it counts
	refused  error // Flink will never have it
	unwanted bool  // somebody cancelled it before Flink had it
	removed  bool  // it must not come any more
	gone     bool  // it has ended, and is spoken of no more, whatever Flink remembers of it
}

// errUnwanted is why an unwanted job did not come to Flink.
var errUnwanted = errors.New("it was cancelled before it started")

// bring hands a job to Flink when that is up, once.
func (c *Cluster) bring(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	j, ctx := c.jobs[id], c.ctx
	c.wg.Go(func() {
		err := c.submit(ctx, j)
		if ctx.Err() != nil {
			return
		}
		if err == nil && c.isUnwanted(j) {
			// How it ends, Flink tells.
			if err := c.flink().Cancel(ctx, id); err != nil {
				c.config.Log.Warn("cancel a job that was cancelled while it started", "job", j.spec.JobID, "error", err)
			}
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if err == nil {
			j.accepted = true
			c.config.Log.Info("job accepted by Flink", "job", j.spec.JobID)
			return
		}
		j.refused = err
		c.config.Log.Error("job refused by Flink", "job", j.spec.JobID, "error", err)
	})
}

// submit returns when Flink has the job (nil) or has refused it.
func (c *Cluster) submit(ctx context.Context, j *job) error {
	spec, err := c.fetch(ctx, j.spec)
	if err != nil {
		return err
	}
	req, jar, name, err := c.request(spec)
	if err != nil {
		return err
	}
	if err := checkState(j.spec.SavepointLocation); err != nil {
		return err
	}
	for {
		for !c.isReady() {
			if !sleep(ctx, 50*time.Millisecond) {
				return ctx.Err()
			}
		}
		if c.isUnwanted(j) {
			return errUnwanted
		}
		err := c.run(ctx, req, jar, name)
		var said *flink.Error
		switch {
		case err == nil || flink.IsDuplicate(err):
			return nil
		case errors.As(err, &said) && !passing(said):
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		}
		// It was not reached, or it ended on the way: whether it took the job is
		// not known. Asking again with the same id cannot start it twice.
		c.config.Log.Warn("the JobManager did not take the job; asking again", "error", err)
		if !sleep(ctx, restartPause) {
			return ctx.Err()
		}
	}
}

// folder is where the files of a job that was brought lie.
func (c *Cluster) folder(spec cluster.Spec) string {
	return filepath.Join(c.config.Dir, "jobs", spec.FlinkJobID())
}

// fetch brings the files of a job here, and names them in its program.
func (c *Cluster) fetch(ctx context.Context, spec cluster.Spec) (cluster.Spec, error) {
	if len(spec.Files) == 0 {
		return spec, nil
	}
	here := map[string]string{}
	for _, f := range spec.Files {
		to := filepath.Join(c.folder(spec), filepath.FromSlash(f.To))
		here[f.To], f.To = to, to
		if err := c.config.Fetch(ctx, f); err != nil {
			return spec, fmt.Errorf("fetch %s: %w", filepath.Base(to), err)
		}
	}
	name := func(path string) string {
		file, alias, named := strings.Cut(path, "#")
		if to := here[file]; to != "" && named {
			return to + "#" + alias
		} else if to != "" {
			return to
		}
		return path
	}
	a := &spec.Artifact
	a.JarPath = name(a.JarPath)
	for _, all := range []*[]string{&a.PythonLibraries, &a.PythonArchives} {
		*all = slices.Clone(*all)
		for i, path := range *all {
			(*all)[i] = name(path)
		}
	}
	return spec, nil
}

// passing tells whether a no may be a yes soon, and says nothing of the job.
func passing(no *flink.Error) bool {
	if no.Status == http.StatusServiceUnavailable || no.Status == http.StatusBadGateway {
		return true
	}
	return no.Status == http.StatusInternalServerError && slices.ContainsFunc(no.Messages, func(m string) bool {
		return strings.Contains(m, "AskTimeoutException") || strings.Contains(m, "java.util.concurrent.TimeoutException")
	})
}

// checkState looks at the state that a job is to start from, as far as it is on
// this machine: Flink would find out late, and say less.
func checkState(location string) error {
	if _, local := savepoint.Local(location); location == "" || !local {
		return nil
	}
	s, err := savepoint.Open(location)
	switch {
	case errors.Is(err, savepoint.ErrNotFlink):
		return fmt.Errorf("start from %s: it was not written by Apache Flink; state of weir's engine cannot be used by Flink, start with empty state (restoreStrategy NONE) or run on the engine", location)
	case err != nil:
		return err
	}
	missing, err := s.Missing()
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return fmt.Errorf("start from %s: %d of its %d files are missing or too short, such as %s", location, len(missing), len(s.Files), missing[0].Path)
	}
	return nil
}

func (c *Cluster) isUnwanted(j *job) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return j.unwanted || j.removed
}

func (c *Cluster) run(ctx context.Context, req flink.RunRequest, jar func() (io.ReadCloser, error), name string) error {
	content, err := jar()
	if err != nil {
		return &flink.Error{Status: 400, Messages: []string{err.Error()}}
	}
	defer content.Close()
	id, err := c.flink().UploadJar(ctx, name, content)
	if err != nil {
		return err
	}
	_, err = c.flink().RunJar(ctx, id, req)
	return err
}

// request is how Flink is asked to run the program of a spec.
func (c *Cluster) request(spec cluster.Spec) (req flink.RunRequest, jar func() (io.ReadCloser, error), name string, err error) {
	req = flink.RunRequest{
		JobID: spec.FlinkJobID(), Parallelism: max(spec.Parallelism, 1),
		SavepointPath: spec.SavepointLocation, AllowNonRestoredState: spec.AllowNonRestoredState,
	}
	if spec.SavepointLocation != "" {
		req.ClaimMode = "NO_CLAIM" // what a job starts from is the platform's
		if mode := spec.Configuration["execution.state-recovery.claim-mode"]; mode != "" {
			req.ClaimMode = strings.ToUpper(mode)
		} else if mode := spec.Configuration["execution.savepoint-restore-mode"]; mode != "" {
			req.ClaimMode = strings.ToUpper(mode)
		}
	}
	if spec.OnSession() {
		req.Configuration = maps.Clone(spec.Configuration)
		if req.Configuration == nil {
			req.Configuration = map[string]string{}
		}
		if req.Configuration["pipeline.name"] == "" {
			req.Configuration["pipeline.name"] = spec.DeploymentName
		}
	}
	switch spec.Artifact.Kind {
	case "SQLSCRIPT":
		if h := c.config.Home; h.Major() >= 2 && h.Gateway == "" {
			return req, nil, "", fmt.Errorf("%w: Flink %s in %s lacks opt/flink-sql-gateway-%s.jar, which runs SQL scripts: weir flink install %s --dir %s adds it",
				cluster.ErrRefused, h.Version, h.Dir, h.Version, h.Version, h.Dir)
		}
		b, err := scriptJar()
		if err != nil {
			return req, nil, "", err
		}
		req.EntryClass, req.Args = c.script(spec)
		return req, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }, "script.jar", nil
	case "JAR":
		path := spec.Artifact.JarPath
		req.EntryClass, req.Args = spec.Artifact.EntryClass, spec.Artifact.Args
		return req, func() (io.ReadCloser, error) {
			f, err := os.Open(path)
			if err != nil {
				return nil, fmt.Errorf("open the artifact: %w", err)
			}
			return f, nil
		}, jarName(path), nil
	}
	if spec.Artifact.Kind == "PYTHON" {
		return c.python(spec, req)
	}
	return req, nil, "", fmt.Errorf("%w: local Flink clusters run SQL scripts, JARs and Python programs, not an artifact of kind %s", cluster.ErrRefused, spec.Artifact.Kind)
}

// jarName is the name of an upload: Flink wants it to end in .jar.
func jarName(path string) string {
	name := filepath.Base(path)
	if !strings.HasSuffix(name, ".jar") {
		name += ".jar"
	}
	return name
}

// script is the program that runs a SQL script, and its arguments.
func (c *Cluster) script(spec cluster.Spec) (class string, args []string) {
	all := program(spec.Catalog, spec.Artifact.SQLScript)
	if spec.DeploymentName != "" && c.config.Home.Major() < 2 {
		all = append([]string{"SET 'pipeline.name' = '" + strings.ReplaceAll(spec.DeploymentName, "'", "''") + "'"}, all...)
	}
	return c.statementArgs(all)
}

// statementArgs is the program that runs statements, and its arguments.
func (c *Cluster) statementArgs(all []string) (class string, args []string) {
	if c.config.Home.Major() >= 2 {
		return sqlDriver, []string{"--script", strings.Join(all, ";\n") + ";\n"}
	}
	for _, s := range all {
		if k, v, ok := setting(s); ok {
			s = "C:" + k + "=" + v
		}
		args = append(args, s)
	}
	return sqlRunClass, args
}

// forget ends a job on a session cluster.
func (c *Cluster) forget(ctx context.Context, id string) (err error) {
	c.mu.Lock()
	j := c.jobs[id]
	if j == nil {
		j = &job{}
		c.jobs[id] = j
	}
	j.removed = true
	gone, spec := j.gone, j.spec
	c.mu.Unlock()
	if gone {
		return nil
	}
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		j.gone = err == nil
	}()
	if len(spec.Files) > 0 {
		defer func() {
			if err := os.RemoveAll(c.folder(spec)); err != nil {
				c.config.Log.Warn("files of a job are left over", "job", spec.JobID, "error", err)
			}
		}()
	}
	var last error // of a Flink that is not up yet, or busy
	for {
		status, err := c.flink().JobStatus(ctx, id)
		var said *flink.Error
		switch {
		case errors.As(err, &said) && passing(said):
			last = err
		case flink.IsNotFound(err):
			c.mu.Lock()
			waiting := j.spec.JobID != "" && !j.accepted && j.refused == nil
			c.mu.Unlock()
			if !waiting {
				return nil
			}
		case err != nil:
			return err
		case status.Terminal():
			return nil
		default:
			if err := c.flink().Cancel(ctx, id); err != nil && !flink.IsNotFound(err) && !flink.IsConflict(err) {
				return err
			}
		}
		if !sleep(ctx, 100*time.Millisecond) {
			return errors.Join(ctx.Err(), last)
		}
	}
}
