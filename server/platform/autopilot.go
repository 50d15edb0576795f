package platform

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/weir-streams/weir/resource"
)

// policyDocument is the wire form of an autopilot policy.
type policyDocument struct {
	Name             string                    `json:"name"` // "namespaces/default/deployments/ID/autopilotpolicy"
	Mode             resource.AutopilotMode    `json:"mode"`
	AutoscalerConfig resource.AutoscalerConfig `json:"autoscalerConfig"`
	LibraConfig      resource.LibraConfig      `json:"libraConfig"`
	ModifyTime       *resource.Time            `json:"modifyTime,omitempty"` // absent: never written
}

func policyDocumentOf(namespace, deploymentID string, p resource.AutopilotPolicy) policyDocument {
	spec := p.Spec.WithDefaults()
	out := policyDocument{
		Name: FullName(namespace, "deployments", deploymentID) + "/autopilotpolicy",
		Mode: spec.Mode, AutoscalerConfig: spec.Autoscaler, LibraConfig: spec.Libra,
	}
	if t := p.Metadata.ModifiedAt; !t.IsZero() {
		out.ModifyTime = &t
	}
	return out
}

type autopilotStatus struct {
	Status           string           `json:"status"`
	AutoscalerStatus autoscalerStatus `json:"autoscalerStatus"`
	LibraStatus      libraStatus      `json:"libraStatus"`
}

type autoscalerStatus struct {
	Message        string         `json:"message"`
	Metrics        string         `json:"metrics"` // all stages as JSON
	UpdateTime     *resource.Time `json:"updateTime,omitempty"`
	LastActionTime *resource.Time `json:"lastActionTime,omitempty"`
	SourceStatus   []sourceStatus `json:"sourceStatus"`
}

type sourceStatus struct {
	VertexID   string  `json:"vertexId"`
	TaskName   string  `json:"taskName"`
	Throughput float64 `json:"throughput"`
	Capacity   float64 `json:"capacity"`
	Target     float64 `json:"target"`
}

type libraStatus struct {
	Message string `json:"message"`
}

type recommendation struct {
	DeploymentPatch string         `json:"deploymentPatch"`
	Description     string         `json:"description"`
	LastUpdateTime  *resource.Time `json:"lastUpdateTime,omitempty"`
}

func (a *API) listPolicies(w http.ResponseWriter, r *http.Request) error {
	namespace, err := a.namespace(r)
	if err != nil {
		return err
	}
	all, err := a.Resources.AutopilotPolicies.List(r.Context(), resource.Filter{Namespace: namespace})
	if err != nil {
		return err
	}
	out := make([]policyDocument, len(all))
	for i, p := range all {
		out[i] = policyDocumentOf(namespace, p.Metadata.Name, p)
	}
	return Reply(w, r, http.StatusOK, "policies", out)
}

// deployment finds the deployment of the path, by id or by name.
func (a *API) deployment(r *http.Request) (resource.Deployment, error) {
	namespace, err := a.namespace(r)
	if err != nil {
		return resource.Deployment{}, err
	}
	ref := r.PathValue("deploymentId")
	d, err := a.Resources.Deployments.Get(r.Context(), strings.ToLower(ref))
	if errors.Is(err, resource.ErrNotFound) || err == nil && d.Metadata.Namespace != namespace {
		d, err = a.Resources.Deployments.GetByName(r.Context(), namespace, ref)
	}
	if errors.Is(err, resource.ErrNotFound) {
		return d, fmt.Errorf("deployment %q in namespace %q: %w", ref, namespace, resource.ErrNotFound)
	}
	return d, err
}

// policy finds the policy of the deployment of the path; one that was never
// written is the zero policy.
func (a *API) policy(r *http.Request) (resource.Deployment, resource.AutopilotPolicy, error) {
	var none resource.AutopilotPolicy
	d, err := a.deployment(r)
	if err != nil {
		return d, none, err
	}
	p, err := a.Resources.AutopilotPolicies.GetByName(r.Context(), d.Metadata.Namespace, d.Metadata.ID)
	if errors.Is(err, resource.ErrNotFound) {
		return d, none, nil
	}
	return d, p, err
}

func (a *API) getPolicy(w http.ResponseWriter, r *http.Request) error {
	d, p, err := a.policy(r)
	if err != nil {
		return err
	}
	return Reply(w, r, http.StatusOK, "policy", policyDocumentOf(d.Metadata.Namespace, d.Metadata.ID, p))
}

func (a *API) putPolicy(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name string `json:"name"`
		resource.AutopilotPolicySpec
	}
	if _, err := ReadBody(w, r, &in); err != nil {
		return err
	}
	d, p, err := a.policy(r)
	if err != nil {
		return err
	}
	if want := policyDocumentOf(d.Metadata.Namespace, d.Metadata.ID, p).Name; in.Name != "" && in.Name != want {
		return resource.Invalidf("name", "is %q but the path says %q", in.Name, want)
	}
	in.Mode = mode(in.Mode)
	spec := in.WithDefaults()
	if err := spec.Validate(); err != nil {
		return err
	}
	var before any
	if p.Metadata.ID == "" {
		p.Metadata.Namespace, p.Metadata.Name, p.Spec = d.Metadata.Namespace, d.Metadata.ID, spec
		p, err = a.Resources.AutopilotPolicies.Create(r.Context(), a.author(r), p)
	} else {
		before = p.Spec
		p, err = a.Resources.AutopilotPolicies.Update(r.Context(), a.author(r), p.Metadata.ID, func(p *resource.AutopilotPolicy) error {
			p.Spec = spec
			return nil
		})
	}
	if err != nil {
		return err
	}
	record(r, p, before, p.Spec)
	return Reply(w, r, http.StatusOK, "policy", policyDocumentOf(d.Metadata.Namespace, d.Metadata.ID, p))
}

// mode reads a mode in any case, with or without what all modes begin with.
func mode(m resource.AutopilotMode) resource.AutopilotMode {
	const prefix = "AUTOPILOT_MODE_"
	text := strings.ToUpper(strings.TrimSpace(string(m)))
	if text == "" || strings.HasPrefix(text, prefix) {
		return resource.AutopilotMode(text)
	}
	return resource.AutopilotMode(prefix + text)
}

func (a *API) getPolicyStatus(w http.ResponseWriter, r *http.Request) error {
	_, p, err := a.policy(r)
	if err != nil {
		return err
	}
	s := p.Status
	out := autopilotStatus{
		Status:           "POLICY_STATUS_OK",
		AutoscalerStatus: autoscalerStatus{Message: s.Message, UpdateTime: set(s.UpdateTime), LastActionTime: set(s.LastActionTime), SourceStatus: []sourceStatus{}},
		LibraStatus:      libraStatus{Message: "tuning of memory is not built"},
	}
	if s.Failed {
		out.Status = "POLICY_STATUS_ERROR"
	}
	if s.Message == "" {
		out.AutoscalerStatus.Message = "nothing was measured yet"
		if p.Spec.WithDefaults().Mode == resource.AutopilotDisabled {
			out.AutoscalerStatus.Message = "the autopilot is off"
		}
	}
	for _, v := range s.Vertices {
		if v.Source {
			out.AutoscalerStatus.SourceStatus = append(out.AutoscalerStatus.SourceStatus, sourceStatus{v.ID, v.Name, v.Throughput, v.Capacity, v.Demand})
		}
	}
	if len(s.Vertices) > 0 {
		text, err := json.Marshal(s.Vertices)
		if err != nil {
			return fmt.Errorf("write metrics: %w", err)
		}
		out.AutoscalerStatus.Metrics = string(text)
	}
	return Reply(w, r, http.StatusOK, "status", out)
}

// getRecommendation answers with a merge patch for the deployment; an empty one
// when nothing is to change.
func (a *API) getRecommendation(w http.ResponseWriter, r *http.Request) error {
	_, p, err := a.policy(r)
	if err != nil {
		return err
	}
	out := recommendation{Description: p.Status.Message, LastUpdateTime: set(p.Status.UpdateTime)}
	if out.Description == "" {
		out.Description = "nothing was measured yet; set the mode of the policy to MONITORING or ACTIVE"
	}
	if n := p.Status.Recommended; n > 0 {
		out.DeploymentPatch = fmt.Sprintf(`{"spec":{"template":{"spec":{"parallelism":%d}}}}`, n)
		out.Description = p.Status.Reason
	}
	return Reply(w, r, http.StatusOK, "recommendation", out)
}

func set(t resource.Time) *resource.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
