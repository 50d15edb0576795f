package rest

import (
	"encoding/json"
	"maps"

	"github.com/weir-streams/weir/resource"
)

// shown is a resource as answers have it: sensitive values of configurations
// are masked. Secret values are hidden by their own handlers.
func shown[T any](v T) T {
	var masked any
	switch x := any(v).(type) {
	case resource.Deployment:
		masked = x.Masked()
	case resource.Job:
		masked = x.Masked()
	case resource.DeploymentDefaults:
		x.Spec = x.Spec.Masked()
		masked = x
	case resource.SessionCluster:
		x.Spec.FlinkConfiguration = resource.MaskedConfiguration(x.Spec.FlinkConfiguration)
		masked = x
	case resource.Revision:
		masked = maskedRevision(x)
	default:
		return v
	}
	return masked.(T)
}

// maskedRevision leaves the text of a spec alone if nothing in it is sensitive.
func maskedRevision(r resource.Revision) resource.Revision {
	var spec resource.DeploymentSpec
	if json.Unmarshal(r.Spec, &spec) != nil {
		r.Spec = json.RawMessage("{}") // it was not written by us; who knows what is in it
		return r
	}
	masked := spec.Masked()
	if maps.Equal(masked.Template.Spec.FlinkConfiguration, spec.Template.Spec.FlinkConfiguration) {
		return r
	}
	if text, err := json.Marshal(masked); err == nil {
		r.Spec = text
	}
	return r
}

const configurationField = "spec.template.spec.flinkConfiguration"

// unmask puts back the values of a spec that a client was shown masked and
// sent back, from the first of the others that has them.
func unmask(spec *resource.DeploymentSpec, others ...resource.DeploymentSpec) (err error) {
	from := make([]map[string]string, len(others))
	for i, other := range others {
		from[i] = other.Template.Spec.FlinkConfiguration
	}
	t := &spec.Template.Spec
	t.FlinkConfiguration, err = resource.Unmask(configurationField, t.FlinkConfiguration, from...)
	return err
}
