package job

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

// spec is what a launcher is told of a job, its placeholders filled and its
// references replaced. An error shows nothing of what was put in.
func (c *Controller) spec(ctx context.Context, written resource.Job) (cluster.Spec, error) {
	j, put, err := c.Vault.Open(ctx, written)
	if err != nil {
		return cluster.Spec{}, err
	}
	spec, err := c.build(ctx, j)
	spec.Hidden = put
	return spec, cluster.Hide(put).Error(err)
}

func (c *Controller) build(ctx context.Context, j resource.Job) (cluster.Spec, error) {
	a := j.Spec.Artifact
	out := cluster.Spec{
		Ref:                   control.Ref(j),
		DeploymentName:        j.Metadata.DeploymentName,
		Catalog:               j.Spec.Catalog,
		Parallelism:           max(j.Spec.Parallelism, 1),
		Configuration:         maps.Clone(j.Spec.FlinkConfiguration),
		SavepointLocation:     j.Spec.SavepointLocation,
		AllowNonRestoredState: j.Spec.AllowNonRestoredState,
		Standby:               j.Status.State == resource.JobStandby,
		TaskManagers:          j.Spec.NumberOfTaskManagers,
		JobManagerCPU:         j.Spec.Resources.JobManager.CPU,
		TaskManagerCPU:        j.Spec.Resources.TaskManager.CPU,
		Image:                 cluster.Image{Registry: a.FlinkImageRegistry, Repository: a.FlinkImageRepository, Tag: a.FlinkImageTag},
		Kubernetes:            j.Spec.Kubernetes,
		Logging:               cluster.Logging{Levels: j.Spec.Logging.Log4jLoggers, Template: j.Spec.Logging.Log4j2ConfigurationTemplate},
		Artifact: cluster.Artifact{
			Kind: string(a.Kind), SQLScript: a.SQLScript, EntryClass: a.EntryClass, EntryModule: a.EntryModule, Engine: a.FlinkVersion,
		},
		Labels: map[string]string{
			"weir.io/deployment": j.Metadata.DeploymentID,
			"weir.io/job":        j.Metadata.ID,
			"weir.io/namespace":  j.Metadata.Namespace,
		},
	}
	var err error
	if out.JobManagerMemory, err = memory("jobmanager", j.Spec.Resources.JobManager.Memory); err != nil {
		return out, err
	}
	if out.TaskManagerMemory, err = memory("taskmanager", j.Spec.Resources.TaskManager.Memory); err != nil {
		return out, err
	}
	if out.Artifact.Args, err = splitArgs(a.MainArgs); err != nil {
		return out, fmt.Errorf("%w: artifact.mainArgs: %w", cluster.ErrRefused, err)
	}
	uri := ""
	switch a.Kind {
	case resource.ArtifactJar, resource.ArtifactGo:
		uri = a.JarURI
	case resource.ArtifactPython:
		uri = a.PythonArtifactURI
	}
	for _, more := range []struct {
		to   *[]string
		uris []string
	}{
		{&out.Artifact.Dependencies, a.AdditionalDependencies},
		{&out.Artifact.PythonLibraries, a.AdditionalPythonLibs},
		{&out.Artifact.PythonArchives, a.AdditionalPythonArchives},
	} {
		for _, uri := range more.uris {
			path := uri
			if !strings.HasPrefix(uri, "maven:") {
				if path, err = c.artifact(ctx, uri); err != nil {
					return out, fmt.Errorf("artifact %s: %w", uri, err)
				}
			}
			*more.to = append(*more.to, path)
		}
	}
	if uri != "" {
		if out.Artifact.JarPath, err = c.artifact(ctx, uri); err != nil {
			return out, fmt.Errorf("artifact %s: %w", uri, err)
		}
	}
	return out, nil
}

func memory(role, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := resource.ParseMemory(text)
	if err != nil {
		return 0, fmt.Errorf("%w: resources.%s.memory: %w", cluster.ErrRefused, role, err)
	}
	return n, nil
}

func (c *Controller) artifact(ctx context.Context, uri string) (string, error) {
	if c.Artifacts != nil {
		return c.Artifacts.Local(ctx, uri)
	}
	u, err := url.Parse(uri)
	if err != nil {
		return "", fmt.Errorf("%w: %w", cluster.ErrRefused, err)
	}
	if u.Scheme != "" && u.Scheme != "file" {
		return "", fmt.Errorf("%w: this server fetches no %s: artifacts; use a file on its machine", cluster.ErrRefused, u.Scheme)
	}
	return u.Path, nil
}

// splitArgs splits a command line at blanks; quotes keep text together and a
// backslash takes the next character as it is.
func splitArgs(line string) ([]string, error) {
	var out []string
	var word strings.Builder
	open, inWord := rune(0), false
	escaped := false
	for _, r := range line {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && open != '\'':
			escaped, inWord = true, true
		case open != 0:
			if r == open {
				open = 0
			} else {
				word.WriteRune(r)
			}
		case r == '\'' || r == '"':
			open, inWord = r, true
		case r == ' ' || r == '\t' || r == '\n' || r == '\r':
			if inWord {
				out = append(out, word.String())
				word.Reset()
				inWord = false
			}
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	if open != 0 {
		return nil, fmt.Errorf("the quote %c is not closed", open)
	}
	if escaped {
		return nil, errors.New("ends with a backslash")
	}
	if inWord {
		out = append(out, word.String())
	}
	return out, nil
}
