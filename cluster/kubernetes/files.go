package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/cluster"
)

const filesFile = "files.json" // beside the spec: a list of cluster.File

// fromMaven brings the jars of Maven that a program needs to this machine, from
// where its pods fetch them like any file.
func (l *Launcher) fromMaven(ctx context.Context, spec cluster.Spec) (cluster.Spec, error) {
	if flink, err := onFlink(spec); err != nil || !flink {
		return spec, nil // whose mistakes are told later; weir's engine needs no jars
	}
	spec.Artifact.Dependencies = slices.Clone(spec.Artifact.Dependencies)
	for i, d := range spec.Artifact.Dependencies {
		coordinates, ok := strings.CutPrefix(d, "maven:")
		if !ok {
			continue
		}
		if l.config.Maven == nil {
			return spec, fmt.Errorf("%w: additionalDependencies %s: this server fetches nothing from Maven; upload the jar as an artifact and name that", cluster.ErrRefused, d)
		}
		local, err := l.config.Maven(ctx, coordinates)
		if err != nil {
			return spec, fmt.Errorf("artifact.additionalDependencies: %w", err)
		}
		spec.Artifact.Dependencies[i] = local
	}
	return spec, nil
}

// taker replaces the local files of a program by those that are fetched.
type taker struct {
	launcher *Launcher
	ref      cluster.Ref
	below    string // folder that they come to
	files    []cluster.File
}

// take replaces all files of a program.
func (t *taker) take(a *cluster.Artifact) error {
	for _, all := range []*[]string{&a.Dependencies, &a.PythonLibraries, &a.PythonArchives} {
		*all = slices.Clone(*all)
		for i, local := range *all {
			// Archives of Python may say what they are called: FILE#NAME.
			local, name, named := strings.Cut(local, "#")
			to, err := t.file(local)
			if err != nil {
				return err
			}
			if named {
				to += "#" + name
			}
			(*all)[i] = to
		}
	}
	if a.JarPath == "" {
		return nil
	}
	to, err := t.file(a.JarPath)
	a.JarPath = to
	return err
}

func (t *taker) file(local string) (string, error) {
	config := t.launcher.config
	if config.Files == nil {
		return "", fmt.Errorf("%w: this server gives pods no files: set --pod-url to where pods reach it", cluster.ErrRefused)
	}
	url, token, sum, err := config.Files(t.ref, local)
	if err != nil {
		return "", fmt.Errorf("offer %s to pods: %w", filepath.Base(local), err)
	}
	f := cluster.File{URL: url, SHA256: sum, Token: token, To: path.Join(t.below, strconv.Itoa(len(t.files)), filepath.Base(local))}
	t.files = append(t.files, f)
	return f.To, nil
}

// takeFiles replaces local files of the program by those of the pods, which
// fetch them before they start.
func (b *builder) takeFiles() error {
	t := taker{launcher: b.launcher, ref: b.spec.Ref, below: filesDir}
	err := t.take(&b.spec.Artifact)
	b.files = t.files
	return err
}

// filesJSON is the list of files for the pods.
func (b *builder) filesJSON() ([]byte, error) { return json.Marshal(b.files) }

// forSession is a job that is brought to a session cluster: what it needs the
// JobManager fetches, for its pod is up.
func (l *Launcher) forSession(spec cluster.Spec) (cluster.Spec, error) {
	spec.Kubernetes = nil
	if cluster.ParseKubernetesTarget(spec.Target).Engine != "flink" {
		kind := spec.Artifact.Kind
		if kind == "SQLSCRIPT" {
			return spec, nil
		}
		return spec, fmt.Errorf("%w: this session cluster is weir's engine, which runs SQL scripts, not an artifact of kind %s: use a session cluster of a deployment target with spec.kubernetes.engine: flink", cluster.ErrRefused, kind)
	}
	if len(spec.Artifact.Dependencies) > 0 {
		return spec, fmt.Errorf("%w: a session cluster has one class path for all its jobs: artifact.additionalDependencies belong into its image, or the deployment on a deployment target without a session cluster", cluster.ErrRefused)
	}
	t := taker{launcher: l, ref: spec.Ref}
	err := t.take(&spec.Artifact)
	spec.Files = t.files
	return spec, err
}
