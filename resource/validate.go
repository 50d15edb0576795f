package resource

import (
	"errors"
	"math"
	"slices"
	"strings"
)

// minMemory is below what any cluster starts with; less is a forgotten unit.
const minMemory = 1 << 20

// maxProblems is more than anybody reads; a hostile body could have millions.
const maxProblems = 20

// problems gathers what is wrong, so that a person can mend it all at once.
type problems []error

func (p *problems) add(err error) {
	if err != nil && len(*p) < maxProblems {
		*p = append(*p, err)
	}
}

func (p *problems) addf(field, format string, args ...any) {
	p.add(Invalidf(field, format, args...))
}

func (p problems) err() error {
	if len(p) == 1 {
		return p[0]
	}
	return errors.Join(p...)
}

// Problems lists every InvalidError in err.
func Problems(err error) []*InvalidError {
	switch e := err.(type) {
	case nil:
		return nil
	case *InvalidError:
		return []*InvalidError{e}
	case interface{ Unwrap() []error }:
		var all []*InvalidError
		for _, inner := range e.Unwrap() {
			all = append(all, Problems(inner)...)
		}
		return all
	default:
		return Problems(errors.Unwrap(err))
	}
}

// Validate checks a deployment whose defaults are applied. Its error holds one
// InvalidError for each problem.
func (d Deployment) Validate() error {
	var p problems
	p.kind(d.Kind, KindDeployment)
	p.add(ValidateName("metadata.name", d.Metadata.Name))
	p.metadata(d.Metadata)
	p.spec(d.Spec, true)
	return p.err()
}

// Validate checks defaults: what is set must be right, nothing must be set.
func (d DeploymentDefaults) Validate() error {
	var p problems
	p.kind(d.Kind, KindDeploymentDefaults)
	p.metadata(d.Metadata)
	p.spec(d.Spec, false)
	return p.err()
}

// Validate checks a target: its name, and that a launcher is named.
func (t DeploymentTarget) Validate() error {
	var p problems
	p.kind(t.Kind, KindDeploymentTarget)
	p.add(ValidateTargetName("metadata.name", t.Metadata.Name))
	p.metadata(t.Metadata)
	oneOf(&p, "spec.launcher", t.Spec.Launcher, false, "process", "embedded", "flink", "kubernetes")
	k := t.Spec.Kubernetes
	for _, f := range []struct{ field, value string }{
		{"spec.kubernetes.namespace", k.Namespace}, {"spec.kubernetes.kubeconfigSecret", k.KubeconfigSecret}, {"spec.kubernetes.engine", k.Engine},
	} {
		switch {
		case f.value == "":
		case t.Spec.Launcher != "" && t.Spec.Launcher != "kubernetes":
			p.addf(f.field, "belongs to the launcher kubernetes, not to %s", t.Spec.Launcher)
		case f.field == "spec.kubernetes.engine":
			oneOf(&p, f.field, f.value, false, "weir", "flink")
		default:
			p.add(ValidateName(f.field, f.value))
		}
	}
	if k.KubeconfigSecret != "" && k.Namespace == "" {
		p.addf("spec.kubernetes.namespace", "must be set: it is a namespace of the Kubernetes that the kubeconfig leads to")
	}
	return p.err()
}

// Validate checks a namespace: its name and its role bindings.
func (n Namespace) Validate() error {
	var p problems
	p.kind(n.Kind, KindNamespace)
	p.add(ValidateName("metadata.name", n.Metadata.Name))
	p.metadata(n.Metadata)
	for i, b := range n.Spec.RoleBindings {
		at := "spec.roleBindings" + index(i)
		oneOf(&p, at+".role", b.Role, true, "viewer", "editor", "owner")
		for j, m := range b.Members {
			kind, name, _ := strings.Cut(m, ":")
			if !slices.Contains([]string{"user", "group", "system"}, kind) || name == "" {
				p.addf(at+".members"+index(j), "must look like user:x, group:y or system:authenticated, got %s", quote(m))
			}
		}
	}
	return p.err()
}

// Validate checks a savepoint. Whether its deployment has a job to take it
// from is for the caller to see.
func (s Savepoint) Validate() error {
	var p problems
	p.kind(s.Kind, KindSavepoint)
	p.metadata(s.Metadata)
	if s.Metadata.DeploymentID == "" {
		p.addf("metadata.deploymentId", "must be set: the deployment this savepoint is of")
	}
	oneOf(&p, "metadata.origin", s.Metadata.Origin, false, OriginUserRequest, OriginSuspend, OriginSuspendAndUpgrade, OriginCopied, OriginRetainedCheckpoint, OriginSchedule)
	oneOf(&p, "metadata.type", s.Metadata.Type, false, SavepointTypeUnknown, SavepointTypeFull, SavepointTypeIncremental)
	if s.Metadata.Origin == OriginCopied && s.Spec.SavepointLocation == "" {
		p.addf("spec.savepointLocation", "must be set for a savepoint that is there already")
	}
	return p.err()
}

// Validate checks a job, which only the platform makes.
func (j Job) Validate() error {
	var p problems
	p.kind(j.Kind, KindJob)
	p.metadata(j.Metadata)
	if j.Metadata.DeploymentID == "" {
		p.addf("metadata.deploymentId", "must be set: the deployment this job is a run of")
	}
	oneOf(&p, "spec.stop", j.Spec.Stop, false, StopCancel, StopCleanup)
	p.job("spec.", j.Spec.JobTemplate, true, j.Spec.SessionClusterID != "")
	return p.err()
}

// Validate checks an event, which only the platform makes.
func (e Event) Validate() error {
	var p problems
	p.kind(e.Kind, KindEvent)
	p.metadata(e.Metadata)
	if e.Metadata.Name == "" {
		p.addf("metadata.name", "must be set: the name of the event")
	}
	return p.err()
}

func (p *problems) kind(got, want Kind) {
	if got != "" && got != want {
		p.addf("kind", "must be %s, got %s", want, quote(string(got)))
	}
}

func (p *problems) metadata(m Metadata) {
	if _, ok := m.Labels[""]; ok {
		p.addf("metadata.labels", "has an empty key")
	}
	if _, ok := m.Annotations[""]; ok {
		p.addf("metadata.annotations", "has an empty key")
	}
}

// spec checks a deployment's spec; whole means that nothing may be missing.
func (p *problems) spec(s DeploymentSpec, whole bool) {
	oneOf(p, "spec.state", s.State, whole, StateRunning, StateSuspended, StateCancelled)
	oneOf(p, "spec.upgradeStrategy.kind", s.UpgradeStrategy.Kind, whole, UpgradeStateful, UpgradeStateless, UpgradeNone)
	oneOf(p, "spec.restoreStrategy.kind", s.RestoreStrategy.Kind, whole, RestoreLatestState, RestoreLatestSavepoint, RestoreNone)
	p.target(s, whole)
	p.atLeastOne("spec.maxSavepointCreationAttempts", s.MaxSavepointCreationAttempts, whole)
	p.atLeastOne("spec.maxJobCreationAttempts", s.MaxJobCreationAttempts, whole)
	if s.JobFailureExpirationTime != "" {
		if _, err := ParseDuration(s.JobFailureExpirationTime); err != nil {
			p.addf("spec.jobFailureExpirationTime", "%v", err)
		}
	}
	p.savepoints(s.Savepoints)
	p.job("spec.template.spec.", s.Template.Spec, whole, s.SessionClusterName != "")
}

func (p *problems) target(s DeploymentSpec, whole bool) {
	var set []string
	for _, f := range []struct{ name, value string }{
		{"deploymentTargetName", s.DeploymentTargetName},
		{"deploymentTargetId", s.DeploymentTargetID},
		{"sessionClusterName", s.SessionClusterName},
	} {
		if f.value != "" {
			set = append(set, f.name)
		}
	}
	switch {
	case len(set) > 1:
		p.addf("spec."+set[1], "cannot be set together with %s: a deployment runs in one place", set[0])
	case len(set) == 0 && whole:
		p.addf("spec.deploymentTargetName", "must be set (or deploymentTargetId or sessionClusterName): where the deployment runs")
	}
}

// job checks a job template at the given path, which ends with a dot; onSession
// tells whether it runs on a session cluster.
func (p *problems) job(at string, t JobTemplate, whole, onSession bool) {
	p.artifact(at+"artifact.", t.Artifact, whole)
	p.atLeastOne(at+"parallelism", t.Parallelism, whole)
	p.atLeastOne(at+"numberOfTaskManagers", t.NumberOfTaskManagers, false)
	if onSession {
		p.sessionMode(at, t)
	} else {
		p.resources(at+"resources.jobmanager.", t.Resources.JobManager, whole)
		p.resources(at+"resources.taskmanager.", t.Resources.TaskManager, whole)
	}
	p.configuration(at, t)
	if t.DisasterCheckpointsDelay < 0 {
		p.addf(at+"disasterCheckpointsDelay", "must be at least 0, got %d", t.DisasterCheckpointsDelay)
	}
	if t.LatestCheckpointFetchInterval < 0 {
		p.addf(at+"latestCheckpointFetchInterval", "must be at least 0 seconds, got %d", t.LatestCheckpointFetchInterval)
	}
	_, pods := t.Kubernetes["pods"]
	for _, name := range []string{"jobManagerPodTemplate", "taskManagerPodTemplate"} {
		if _, ok := t.Kubernetes[name]; ok && pods {
			p.addf(at+"kubernetes."+name, "cannot be set together with kubernetes.pods")
		}
	}
}

func (p *problems) artifact(at string, a Artifact, whole bool) {
	oneOf(p, at+"kind", a.Kind, whole, ArtifactJar, ArtifactSQLScript, ArtifactPython, ArtifactGo)
	if !whole {
		return
	}
	need := func(field, value, what string) {
		if strings.TrimSpace(value) == "" {
			p.addf(at+field, "must be set for an artifact of kind %s: %s", a.Kind, what)
		}
	}
	switch a.Kind {
	case ArtifactJar:
		need("jarUri", a.JarURI, "where the jar is")
	case ArtifactSQLScript:
		need("sqlScript", a.SQLScript, "the statements to run")
	case ArtifactPython:
		need("pythonArtifactUri", a.PythonArtifactURI, "where the program is")
	}
}

func (p *problems) resources(at string, r ResourceSpec, whole bool) {
	switch {
	case r.CPU == 0 && !whole:
	case math.IsNaN(r.CPU) || r.CPU < 0.1:
		p.addf(at+"cpu", "must be at least 0.1, got %v", r.CPU)
	case r.CPU > 1e6:
		p.addf(at+"cpu", "must be at most 1000000, got %v", r.CPU)
	}
	if r.Memory == "" {
		if whole {
			p.addf(at+"memory", "must be set, for example to 1g")
		}
		return
	}
	switch n, err := ParseMemory(r.Memory); {
	case err != nil:
		p.addf(at+"memory", "%v", err)
	case n < minMemory:
		p.addf(at+"memory", "must be at least 1m, got %s, which is %d bytes; is a unit missing, as in 1g?", quote(r.Memory), n)
	}
}

func (p *problems) atLeastOne(field string, n int, whole bool) {
	if n < 0 || n == 0 && whole {
		p.addf(field, "must be at least 1, got %d", n)
	}
}

// oneOf checks an enumeration; unset is wrong only if it is needed.
func oneOf[S ~string](p *problems, field string, got S, needed bool, want ...S) {
	if slices.Contains(want, got) || got == "" && !needed {
		return
	}
	names := make([]string, len(want))
	for i, w := range want {
		names[i] = string(w)
	}
	p.addf(field, "must be one of %s, got %s", strings.Join(names, ", "), quote(string(got)))
}
