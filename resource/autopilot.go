package resource

// AutopilotPolicy says whether and how a deployment's parallelism follows its
// load. Its metadata name is the deployment's id.
type AutopilotPolicy struct {
	Kind       Kind                `json:"kind"`
	APIVersion string              `json:"apiVersion"`
	Metadata   Metadata            `json:"metadata"`
	Spec       AutopilotPolicySpec `json:"spec"`
	Status     AutopilotStatus     `json:"status,omitzero"`
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

// AutopilotStatus is what the autopilot measured, thinks and did.
type AutopilotStatus struct {
	// Failed: it cannot do its work, and Message says why.
	Failed     bool   `json:"failed,omitzero"`
	Message    string `json:"message,omitzero"`
	UpdateTime Time   `json:"updateTime,omitzero"`
	// LastActionTime is when it last changed the deployment.
	LastActionTime Time `json:"lastActionTime,omitzero"`
	// ObservedGeneration is the generation of the policy that this is about.
	ObservedGeneration int `json:"observedGeneration,omitzero"`
	// JobID and Parallelism are of the job that was measured.
	JobID       string `json:"jobId,omitzero"`
	Parallelism int    `json:"parallelism,omitzero"`
	// Proposals are what the newest measurements ask for, newest last. One
	// measurement alone changes nothing.
	Proposals []int `json:"proposals,omitzero"`
	// Recommended parallelism, and why; 0 if the present one is right or not
	// enough is known.
	Recommended int               `json:"recommended,omitzero"`
	Reason      string            `json:"reason,omitzero"`
	Vertices    []AutopilotVertex `json:"vertices,omitzero"`
}

// AutopilotVertex is one stage of the job as it was measured.
type AutopilotVertex struct {
	ID          string  `json:"id"`
	Name        string  `json:"name"`
	Source      bool    `json:"source,omitzero"`
	Parallelism int     `json:"parallelism"`
	Throughput  float64 `json:"throughput"` // rows a second
	Capacity    float64 `json:"capacity"`   // rows a second, if it were always busy; 0: not known
	Demand      float64 `json:"demand"`     // rows a second that it is to take so that nothing waits
	Utilization float64 `json:"utilization"`
	Needs       int     `json:"needs"` // parallelism that serves the demand at the target utilization
}

// Defaults of an autopilot policy.
const (
	DefaultMinParallelism    = 1
	DefaultMaxParallelism    = 64
	DefaultCooldownMinutes   = 10
	DefaultTargetUtilization = 75 // percent
)

// WithDefaults fills what a policy leaves out.
func (p AutopilotPolicySpec) WithDefaults() AutopilotPolicySpec {
	if p.Mode == "" {
		p.Mode = AutopilotDisabled
	}
	for _, d := range []struct {
		v   *int
		std int
	}{
		{&p.Autoscaler.MinParallelism, DefaultMinParallelism},
		{&p.Autoscaler.MaxParallelism, max(DefaultMaxParallelism, p.Autoscaler.MinParallelism)},
		{&p.Autoscaler.CooldownMinutes, DefaultCooldownMinutes},
		{&p.Autoscaler.TargetUtilization, DefaultTargetUtilization},
	} {
		if *d.v == 0 {
			*d.v = d.std
		}
	}
	return p
}

// Validate checks a policy whose defaults are applied, in the words of the
// Platform API.
func (p AutopilotPolicySpec) Validate() error {
	var all problems
	oneOf(&all, "mode", p.Mode, true, AutopilotDisabled, AutopilotMonitoring, AutopilotActive)
	a := p.Autoscaler
	between := func(field string, n, least, most int) {
		if n < least || n > most {
			all.addf("autoscalerConfig."+field, "must be between %d and %d, got %d", least, most, n)
		}
	}
	const maxParallelism = 32768 // Flink's own
	between("minParallelism", a.MinParallelism, 1, maxParallelism)
	between("maxParallelism", a.MaxParallelism, 1, maxParallelism)
	if a.MinParallelism > a.MaxParallelism {
		all.addf("autoscalerConfig.maxParallelism", "must be at least minParallelism, %d, got %d", a.MinParallelism, a.MaxParallelism)
	}
	between("cooldownMinutes", a.CooldownMinutes, 1, 7*24*60)
	between("targetUtilization", a.TargetUtilization, 10, 95)
	if p.Libra.CooldownMinutes < 0 {
		all.addf("libraConfig.cooldownMinutes", "must be at least 0, got %d", p.Libra.CooldownMinutes)
	}
	return all.err()
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
