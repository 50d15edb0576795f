package control

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/resource"
)

// Secrets is where the values of secrets are kept.
type Secrets interface {
	GetByName(ctx context.Context, namespace, name string) (resource.SecretValue, error)
}

// Vault knows what the references of jobs stand for. Nobody else of the
// platform reads a secret's value, and it leaves the vault only for a launcher.
type Vault struct {
	secrets Secrets
	// environment is a variable of the engines of a launcher.
	environment func(launcher, name string) (string, bool)
	taken       *cluster.Hider
}

// NewVault opens a vault. environment, which may be nil, tells the variables
// that a launcher's engines have; a secret of the same name comes first. Values
// that leave the vault are made known to taken, which may be nil.
func NewVault(secrets Secrets, environment func(launcher, name string) (string, bool), taken *cluster.Hider) *Vault {
	if taken == nil {
		taken = &cluster.Hider{}
	}
	return &Vault{secrets, environment, taken}
}

// What errors of a Vault wrap.
var (
	ErrNoSecret = errors.New("a secret is missing")        // a reference stands for nothing
	ErrVault    = errors.New("secrets cannot be read now") // it may pass
)

// values finds what names stand for, and tells of each that stands for nothing.
func (v *Vault) values(ctx context.Context, namespace, launcher string, t resource.JobTemplate, names []string) (found, missing map[string]string, err error) {
	found, missing = map[string]string{}, map[string]string{}
	for _, name := range names {
		s, err := v.secrets.GetByName(ctx, namespace, name)
		switch {
		case err == nil && s.Spec.Unreadable != "":
			missing[name] = fmt.Sprintf("the value of secret %q in namespace %q cannot be read: %s", name, namespace, s.Spec.Unreadable)
		case err == nil:
			found[name] = s.Spec.Value
		case !errors.Is(err, resource.ErrNotFound):
			return found, missing, fmt.Errorf("%w: secret %s of namespace %s: %w", ErrVault, name, namespace, err)
		default:
			value, ok := variable(t, name)
			if !ok && v.environment != nil {
				value, ok = v.environment(launcher, name)
			}
			if ok {
				found[name] = value
				continue
			}
			missing[name] = fmt.Sprintf("${%s} is neither a secret value of namespace %q nor an environment variable of the engine", name, namespace)
		}
	}
	return found, missing, nil
}

// told is the reasons of what is missing, in the order of names.
func told(missing map[string]string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(missing)) {
		all = append(all, missing[name])
	}
	return strings.Join(all, "; ")
}

// variable finds an environment variable that the template gives its pods.
func variable(t resource.JobTemplate, name string) (string, bool) {
	pods, _ := t.Kubernetes["pods"].(map[string]any)
	all, _ := pods["envVars"].([]any)
	for _, each := range all {
		if e, ok := each.(map[string]any); ok && e["name"] == name {
			value, ok := e["value"].(string)
			return value, ok
		}
	}
	return "", false
}

// Check tells why a job of this template could not be launched: which of its
// references stand for nothing. Empty: none.
func (v *Vault) Check(ctx context.Context, namespace, launcher string, t resource.JobTemplate) (string, error) {
	names := References(t)
	if len(names) == 0 {
		return "", nil
	}
	_, missing, err := v.values(ctx, namespace, launcher, t, names)
	return told(missing), err
}

// Open gives a job as it is to be launched, its placeholders filled and its
// references replaced, and the values that were put in, which must not be
// shown. The job that is given is not changed. A statement of the catalog with
// a reference that stands for nothing is left out, and says why: most jobs do
// not need it.
func (v *Vault) Open(ctx context.Context, j resource.Job) (_ resource.Job, put []string, err error) {
	j.Spec.FlinkConfiguration = maps.Clone(j.Spec.FlinkConfiguration)
	j.Spec.Artifact.AdditionalDependencies = slices.Clone(j.Spec.Artifact.AdditionalDependencies)
	j.Spec.Catalog = slices.Clone(j.Spec.Catalog)
	texts(&j.Spec.JobTemplate, func(text *string, _ func(string, func(string) string) string) { *text = j.Fill(*text) })
	for i, statement := range j.Spec.Catalog {
		j.Spec.Catalog[i] = j.Fill(statement)
	}
	if v == nil {
		return j, nil, nil
	}
	launcher := j.Metadata.Annotations[AnnotationLauncher]
	values, missing, err := v.values(ctx, j.Metadata.Namespace, launcher, j.Spec.JobTemplate, References(j.Spec.JobTemplate))
	switch {
	case err != nil:
		return j, nil, err
	case len(missing) > 0:
		return j, nil, fmt.Errorf("%w: %s", ErrNoSecret, told(missing))
	}
	put = slices.Collect(maps.Values(values))
	texts(&j.Spec.JobTemplate, func(text *string, expand func(string, func(string) string) string) {
		*text = expand(*text, func(name string) string { return values[name] })
	})
	for i, statement := range j.Spec.Catalog {
		values, missing, err := v.values(ctx, j.Metadata.Namespace, launcher, j.Spec.JobTemplate, referencesIn(statement))
		if err != nil {
			return j, nil, err
		}
		if len(missing) > 0 {
			j.Spec.Catalog[i] = "-- " + strings.ReplaceAll(told(missing), "\n", " ")
			continue
		}
		j.Spec.Catalog[i] = expandSQL(statement, func(name string) string { return values[name] })
		put = slices.AppendSeq(put, maps.Values(values))
	}
	v.taken.Add(put)
	return j, put, nil
}

// hidden is what must not be shown of a job: what its references stand for now.
func (v *Vault) hidden(ctx context.Context, j resource.Job) cluster.Hidden {
	if v == nil {
		return cluster.Hidden{}
	}
	names := append(References(j.Spec.JobTemplate), referencesIn(j.Spec.Catalog...)...)
	if len(names) == 0 {
		return cluster.Hidden{}
	}
	// What cannot be read now cannot be known either; the engine hides what it
	// was given by itself.
	values, _, _ := v.values(ctx, j.Metadata.Namespace, j.Metadata.Annotations[AnnotationLauncher], j.Spec.JobTemplate, names)
	return cluster.Hide(slices.Collect(maps.Values(values)))
}

// WithVault lets clusters hide what the references of their jobs stand for.
func (c *Clusters) WithVault(v *Vault) *Clusters {
	c.vault = v
	return c
}

// clean takes what must not be shown out of what a cluster answered.
func (c *Clusters) clean(ctx context.Context, j resource.Job, err error) error {
	if err == nil {
		return nil
	}
	return c.vault.hidden(ctx, j).Error(err)
}
