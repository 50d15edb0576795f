package resource

// AutopilotPolicy says whether and how a deployment's parallelism follows its
// load. Its metadata name is the deployment's id.
type AutopilotPolicy struct {
	Kind       Kind                `json:"kind"`
	APIVersion string              `json:"apiVersion"`
	Metadata   Metadata            `json:"metadata"`
	Spec       AutopilotPolicySpec `json:"spec"`
}

// AutopilotPolicySpec is the policy in Ververica Platform's words.
type AutopilotPolicySpec struct {
	Mode       AutopilotMode    `json:"mode,omitzero"`
	Autoscaler AutoscalerConfig `json:"autoscalerConfig,omitzero"`
	Libra      LibraConfig      `json:"libraConfig,omitzero"`
}

// AutoscalerConfig bounds the parallelism.
type AutoscalerConfig struct {
	MinParallelism    int               `json:"minParallelism,omitzero"`
	MaxParallelism    int               `json:"maxParallelism,omitzero"`
	CooldownMinutes   int               `json:"cooldownMinutes,omitzero"`
	TargetUtilization int               `json:"targetUtilization,omitzero"` // percent
	ExtraConfig       map[string]string `json:"extraConfig,omitzero"`
}

// LibraConfig tunes memory.
type LibraConfig struct {
	CooldownMinutes int               `json:"cooldownMinutes,omitzero"`
	Policies        string            `json:"policies,omitzero"`
	ExtraConfig     map[string]string `json:"extraConfig,omitzero"`
}

// AutopilotMode is what the autopilot may do.
type AutopilotMode string

// Modes of the autopilot.
const (
	AutopilotDisabled   AutopilotMode = "AUTOPILOT_MODE_DISABLED"
	AutopilotMonitoring AutopilotMode = "AUTOPILOT_MODE_MONITORING" // recommends
	AutopilotActive     AutopilotMode = "AUTOPILOT_MODE_ACTIVE"     // acts
)

// ResourceKind, Meta and SpecOf make *AutopilotPolicy an Object.
func (p *AutopilotPolicy) ResourceKind() Kind { return KindAutopilotPolicy }

// Meta returns the metadata for writing.
func (p *AutopilotPolicy) Meta() *Metadata { return &p.Metadata }

// SpecOf returns the wanted part.
func (p *AutopilotPolicy) SpecOf() any { return p.Spec }
