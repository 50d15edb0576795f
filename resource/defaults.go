package resource

import (
	"maps"
	"reflect"
)

// BuiltinDefaults are what a deployment gets that neither it nor any defaults
// of the installation set. A deployment that says nothing does not run yet.
func BuiltinDefaults() DeploymentDefaults {
	node := ResourceSpec{CPU: 1, Memory: "1G"}
	return DeploymentDefaults{
		Kind:       KindDeploymentDefaults,
		APIVersion: APIVersion,
		Spec: DeploymentSpec{
			State:                        StateCancelled,
			UpgradeStrategy:              UpgradeStrategy{Kind: UpgradeStateful},
			RestoreStrategy:              RestoreStrategy{Kind: RestoreLatestState},
			MaxSavepointCreationAttempts: 4,
			MaxJobCreationAttempts:       4,
			Template: Template{
				Metadata: TemplateMetadata{Annotations: map[string]string{
					"flink.queryable-state.enabled": "false",
					"flink.security.ssl.enabled":    "false",
				}},
				Spec: JobTemplate{
					Parallelism: 1,
					Resources:   Resources{JobManager: node, TaskManager: node},
					Logging: Logging{
						LoggingProfile: "default",
						Log4jLoggers:   map[string]string{"": "INFO"},
					},
				},
			},
		},
	}
}

// ApplyDefaults fills what d leaves out: from the namespace's defaults, else
// from the installation's (global), else from the built-in ones. Maps are
// filled key by key. The result shares no memory with its arguments.
func ApplyDefaults(global, namespace DeploymentDefaults, d Deployment) Deployment {
	d.Spec = MergeSpecs(BuiltinDefaults().Spec, global.Spec, namespace.Spec, d.Spec)
	return d
}

// MergeSpecs lays specs over one another, each stronger than those before it.
func MergeSpecs(specs ...DeploymentSpec) DeploymentSpec {
	var merged DeploymentSpec
	for i := len(specs) - 1; i >= 0; i-- {
		weaker := specs[i]
		// One place to run: a choice takes the weaker choices' place whole.
		if merged.DeploymentTargetID != "" || merged.DeploymentTargetName != "" || merged.SessionClusterName != "" {
			weaker.DeploymentTargetID, weaker.DeploymentTargetName, weaker.SessionClusterName = "", "", ""
		}
		// On a session cluster, what belongs to it has no defaults here.
		if merged.SessionClusterName != "" {
			weaker.Template.Spec = weaker.Template.Spec.WithoutClusterSettings()
		}
		// Allowing state to be dropped goes with the strategy it was said of:
		// false cannot be told from unset, and false is the safe one.
		if merged.RestoreStrategy.Kind != "" {
			weaker.RestoreStrategy = RestoreStrategy{}
		}
		if merged.Template.Spec.Artifact.Kind != "" && weaker.Template.Spec.Artifact.Kind != merged.Template.Spec.Artifact.Kind {
			weaker.Template.Spec.Artifact = weaker.Template.Spec.Artifact.image()
		}
		weaker.Template.Spec.Kubernetes = withoutRivals(weaker.Template.Spec.Kubernetes, merged.Template.Spec.Kubernetes)
		fill(reflect.ValueOf(&merged).Elem(), reflect.ValueOf(weaker))
	}
	return merged
}

// withoutRivals leaves out of weaker the pod settings that exclude those of
// stronger: pods on one side, pod templates on the other.
func withoutRivals(weaker, stronger map[string]any) map[string]any {
	rivals := []string{}
	if stronger["pods"] != nil {
		rivals = append(rivals, "jobManagerPodTemplate", "taskManagerPodTemplate")
	}
	if stronger["jobManagerPodTemplate"] != nil || stronger["taskManagerPodTemplate"] != nil {
		rivals = append(rivals, "pods")
	}
	weaker = maps.Clone(weaker)
	for _, name := range rivals {
		delete(weaker, name)
	}
	return weaker
}

// image is the part of an artifact that means the same for every kind.
func (a Artifact) image() Artifact {
	return Artifact{
		FlinkVersion:         a.FlinkVersion,
		FlinkImageRegistry:   a.FlinkImageRegistry,
		FlinkImageRepository: a.FlinkImageRepository,
		FlinkImageTag:        a.FlinkImageTag,
	}
}

// fill sets the zero fields of to from from, going into structs and maps.
func fill(to, from reflect.Value) {
	switch to.Kind() {
	case reflect.Struct:
		for i := range to.NumField() {
			fill(to.Field(i), from.Field(i))
		}
	case reflect.Map:
		fillMap(to, from)
	case reflect.Slice:
		if to.IsNil() && !from.IsNil() {
			to.Set(reflect.AppendSlice(reflect.MakeSlice(to.Type(), 0, from.Len()), from))
		}
	default:
		if to.IsZero() {
			to.Set(from)
		}
	}
}

func fillMap(to, from reflect.Value) {
	if from.IsNil() {
		return
	}
	switch to.Interface().(type) {
	case map[string]string:
		merged := maps.Clone(from.Interface().(map[string]string))
		maps.Copy(merged, to.Interface().(map[string]string))
		to.Set(reflect.ValueOf(merged))
	case map[string]any:
		to.Set(reflect.ValueOf(fillTree(to.Interface().(map[string]any), from.Interface().(map[string]any))))
	}
}

// fillTree merges free JSON objects; lists are taken whole.
func fillTree(to, from map[string]any) map[string]any {
	merged := make(map[string]any, len(to)+len(from))
	for k, v := range from {
		merged[k] = cloneTree(v)
	}
	for k, v := range to {
		strong, isObject := v.(map[string]any)
		weak, wasObject := merged[k].(map[string]any)
		if isObject && wasObject {
			v = fillTree(strong, weak)
		}
		merged[k] = v
	}
	return merged
}

func cloneTree(v any) any {
	switch v := v.(type) {
	case map[string]any:
		c := make(map[string]any, len(v))
		for k, item := range v {
			c[k] = cloneTree(item)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, item := range v {
			c[i] = cloneTree(item)
		}
		return c
	}
	return v
}
