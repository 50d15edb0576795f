package resource

import (
	"slices"
)

// Annotations that the platform writes on a SessionCluster.
const (
	// AnnotationReferences lists, as a JSON object with state and references,
	// the deployments that are to run on it.
	AnnotationReferences = "com.dataartisans.appmanager.controller.references"
	// AnnotationResourcesAcquired is "true" while a cluster is up or coming up.
	AnnotationResourcesAcquired = "com.dataartisans.appmanager.controller.sessioncluster.resources.acquired"
)

// DecodeSessionCluster reads a SessionCluster from JSON.
func DecodeSessionCluster(data []byte) (SessionCluster, error) { return decode[SessionCluster](data) }

// Terminal tells whether nothing is up and nothing is coming up or going down.
func (s SessionState) Terminal() bool {
	return s == "" || s == SessionStopped || s == SessionFailed
}

// FillDefaults sets what a session cluster needs and does not say.
func (s *SessionCluster) FillDefaults() {
	if s.Spec.State == "" {
		s.Spec.State = SessionStopped
	}
	if s.Spec.NumberOfTaskManagers == 0 {
		s.Spec.NumberOfTaskManagers = 1
	}
	builtin := BuiltinDefaults().Spec.Template.Spec
	for _, r := range []struct{ to, from *ResourceSpec }{
		{&s.Spec.Resources.JobManager, &builtin.Resources.JobManager},
		{&s.Spec.Resources.TaskManager, &builtin.Resources.TaskManager},
	} {
		if r.to.CPU == 0 {
			r.to.CPU = r.from.CPU
		}
		if r.to.Memory == "" {
			r.to.Memory = r.from.Memory
		}
	}
	if s.Spec.Logging.LoggingProfile == "" {
		s.Spec.Logging.LoggingProfile = builtin.Logging.LoggingProfile
	}
	if len(s.Spec.Logging.Log4jLoggers) == 0 {
		s.Spec.Logging.Log4jLoggers = builtin.Logging.Log4jLoggers
	}
}

// Validate checks a session cluster whose defaults are filled in.
func (s SessionCluster) Validate() error {
	var p problems
	p.kind(s.Kind, KindSessionCluster)
	p.add(ValidateName("metadata.name", s.Metadata.Name))
	p.metadata(s.Metadata)
	oneOf(&p, "spec.state", s.Spec.State, true, SessionStopped, SessionRunning)
	p.atLeastOne("spec.numberOfTaskManagers", s.Spec.NumberOfTaskManagers, true)
	p.resources("spec.resources.jobmanager.", s.Spec.Resources.JobManager, true)
	p.resources("spec.resources.taskmanager.", s.Spec.Resources.TaskManager, true)
	if _, ok := s.Spec.FlinkConfiguration[""]; ok {
		p.addf("spec.flinkConfiguration", "has an empty key")
	}
	if _, ok := s.Spec.FlinkConfiguration["weir.cluster.incarnation"]; ok {
		p.addf("spec.flinkConfiguration", "cannot set weir.cluster.incarnation: the platform proves the identity of clusters with it")
	}
	return p.err()
}

// CheckChange refuses what cannot change while the cluster is up: everything
// but the wanted state and the number of task managers. s is the new one.
func (s SessionCluster) CheckChange(old SessionCluster) error {
	if old.Status.State.Terminal() && old.Spec.State != SessionRunning {
		return nil
	}
	if old.Status.State == SessionFailed { // it is to be mended
		return nil
	}
	var p problems
	fixed := func(field string, a, b any) {
		if !sameJSON(a, b) {
			p.addf("spec."+field, "cannot change while the session cluster is %s; set spec.state to STOPPED first", orWanted(old))
		}
	}
	a, b := s.Spec, old.Spec
	fixed("deploymentTargetName", a.DeploymentTargetName, b.DeploymentTargetName)
	fixed("flinkVersion", a.FlinkVersion, b.FlinkVersion)
	fixed("flinkImageRegistry", a.FlinkImageRegistry, b.FlinkImageRegistry)
	fixed("flinkImageRepository", a.FlinkImageRepository, b.FlinkImageRepository)
	fixed("flinkImageTag", a.FlinkImageTag, b.FlinkImageTag)
	fixed("resources", a.Resources, b.Resources)
	fixed("flinkConfiguration", a.FlinkConfiguration, b.FlinkConfiguration)
	fixed("logging", a.Logging, b.Logging)
	fixed("kubernetes", a.Kubernetes, b.Kubernetes)
	return p.err()
}

func orWanted(s SessionCluster) string {
	if s.Status.State.Terminal() {
		return "wanted " + string(s.Spec.State)
	}
	return string(s.Status.State)
}

// sessionMode refuses, of a deployment on a session cluster, what belongs to
// the session cluster.
func (p *problems) sessionMode(at string, t JobTemplate) {
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"kubernetes", len(t.Kubernetes) > 0},
		{"logging", !sameJSON(t.Logging, Logging{})},
		{"resources", t.Resources != Resources{}},
		{"numberOfTaskManagers", t.NumberOfTaskManagers != 0},
	} {
		if f.set {
			p.addf(at+f.name, "belongs to the session cluster when sessionClusterName is set; remove it here")
		}
	}
}

// WithoutClusterSettings is the template without what belongs to the session
// cluster in session mode, except for the named fields.
func (t JobTemplate) WithoutClusterSettings(except ...string) JobTemplate {
	if !slices.Contains(except, "kubernetes") {
		t.Kubernetes = nil
	}
	if !slices.Contains(except, "logging") {
		t.Logging = Logging{}
	}
	if !slices.Contains(except, "resources") {
		t.Resources = Resources{}
	}
	if !slices.Contains(except, "numberOfTaskManagers") {
		t.NumberOfTaskManagers = 0
	}
	return t
}
