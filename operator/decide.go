package operator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/weir-streams/weir/resource"
)

// Names in resources.
const (
	// Finalizer keeps a WeirDeployment until its deployment is cancelled and removed.
	Finalizer = "weir.io/deployment"
	// Namespace is the annotation that names the namespace of weir; without it, default.
	Namespace = "weir.io/namespace"
	// Adopt is the annotation that takes over a deployment that is there already.
	Adopt = "weir.io/adopt"
	// Owner is the annotation of a deployment that says which resource owns it.
	Owner = "weir.io/owned-by"
	// Revision is the annotation of a deployment with the revision that its
	// resource became; what is newer was edited elsewhere.
	Revision = "weir.io/applied-revision"
)

// Condition types.
const (
	Ready       = "Ready"       // it is as git wants it, and came to rest
	Progressing = "Progressing" // on the way there
	Failed      = "Failed"      // it does not get there; the message says why
	Drifted     = "Drifted"     // somebody edited it elsewhere
)

// WeirDeployment is the resource.
type WeirDeployment struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              map[string]any `json:"spec"`
	Status            Status         `json:"status,omitzero"`

	seen map[string]any // the status as it was read
}

// Status is what the operator writes back.
type Status struct {
	ObservedGeneration int64  `json:"observedGeneration,omitempty"` // of the resource, that was applied
	State              string `json:"state,omitempty"`              // of the deployment
	Message            string `json:"message,omitempty"`
	DeploymentID       string `json:"deploymentId,omitempty"`
	JobID              string `json:"jobId,omitempty"`
	// Revision is the revision of the deployment that git's spec became.
	Revision int `json:"revision,omitempty"`
	// Drift is what was edited elsewhere since: a merge patch for spec.
	Drift      map[string]any     `json:"drift,omitempty"`
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

func (w *WeirDeployment) namespace() string {
	if n := w.Annotations[Namespace]; n != "" {
		return n
	}
	return "default"
}

func (w *WeirDeployment) owner() string { return "kubernetes:" + w.ObjectMeta.Namespace + "/" + w.Name }

// step is what is to be done next with a resource.
type step int

const (
	leave    step = iota // only the status is written
	hold                 // the finalizer is set
	apply                // git's spec is applied
	cancel               // the job is ended, because the resource goes
	remove               // the deployment is removed
	let                  // the finalizer is taken away
	conflict             // somebody else's deployment has the name
)

// decide says what to do; d is nil when there is no such deployment.
func decide(w *WeirDeployment, d *resource.Deployment) step {
	holds := false
	for _, f := range w.Finalizers {
		holds = holds || f == Finalizer
	}
	ours := d != nil && d.Metadata.Annotations[Owner] == w.owner()
	switch {
	case w.DeletionTimestamp != nil && !holds:
		return leave
	case w.DeletionTimestamp != nil && !ours:
		return let // gone, or never ours
	case w.DeletionTimestamp != nil && d.Status.State == resource.StateCancelled && d.Spec.State == resource.StateCancelled:
		return remove
	case w.DeletionTimestamp != nil && d.Spec.State == resource.StateCancelled:
		return leave // on the way
	case w.DeletionTimestamp != nil:
		return cancel
	case !holds:
		return hold
	case d == nil:
		return apply
	case !ours && w.Annotations[Adopt] != "true":
		return conflict
	case !ours, w.Status.ObservedGeneration != w.Generation, w.Status.DeploymentID != d.Metadata.ID:
		return apply
	}
	return leave
}

// report is the status of a resource whose deployment is d.
func report(w *WeirDeployment, d *resource.Deployment, drift map[string]any, now time.Time) Status {
	s := w.Status
	s.Conditions = append([]metav1.Condition(nil), s.Conditions...)
	s.State, s.Message, s.JobID, s.DeploymentID, s.Drift = string(d.Status.State), d.Status.Message, d.Status.Running.JobID, d.Metadata.ID, drift
	wanted := d.Spec.State
	arrived := d.Status.State == wanted || d.Status.State == resource.StateFinished && wanted == resource.StateRunning
	failed := d.Status.State == resource.StateFailed
	reason := string(d.Status.State)
	if reason == "" {
		reason = "PENDING"
	}
	s.set(Ready, arrived, reason, d.Status.Message, w.Generation, now)
	s.set(Progressing, !arrived && !failed, reason, d.Status.Message, w.Generation, now)
	s.set(Failed, failed, reason, d.Status.Message, w.Generation, now)
	if len(drift) > 0 {
		text, _ := json.Marshal(map[string]any{"spec": drift}) // it was JSON
		s.set(Drifted, true, "Edited", "edited elsewhere since it was applied; to keep that, merge into the manifest: "+string(text), w.Generation, now)
	} else {
		s.set(Drifted, false, "AsApplied", "", w.Generation, now)
	}
	return s
}

// refused is the status of a resource that could not be applied.
func refused(w *WeirDeployment, reason, message string, now time.Time) Status {
	s := w.Status
	s.Conditions = append([]metav1.Condition(nil), s.Conditions...)
	s.Message = message
	s.set(Ready, false, reason, message, w.Generation, now)
	s.set(Progressing, false, reason, message, w.Generation, now)
	s.set(Failed, true, reason, message, w.Generation, now)
	return s
}

// set changes a condition; the time of its transition only when its status does.
func (s *Status) set(kind string, is bool, reason, message string, generation int64, now time.Time) {
	c := metav1.Condition{Type: kind, Status: metav1.ConditionFalse, Reason: reason, Message: message, ObservedGeneration: generation, LastTransitionTime: metav1.NewTime(now.Truncate(time.Second))}
	if is {
		c.Status = metav1.ConditionTrue
	}
	for i, old := range s.Conditions {
		if old.Type != kind {
			continue
		}
		if old.Status == c.Status {
			c.LastTransitionTime = old.LastTransitionTime
		}
		s.Conditions[i] = c
		return
	}
	s.Conditions = append(s.Conditions, c)
}

// MergePatch is the patch (RFC 7396) that makes to of from; empty when they are
// equal. Numbers of both are json.Number, or of both are not.
func MergePatch(from, to map[string]any) map[string]any {
	patch := map[string]any{}
	for key, old := range from {
		now, there := to[key]
		a, isObject := old.(map[string]any)
		b, staysObject := now.(map[string]any)
		switch {
		case !there:
			patch[key] = nil
		case isObject && staysObject:
			if inner := MergePatch(a, b); len(inner) > 0 {
				patch[key] = inner
			}
		case !reflect.DeepEqual(old, now):
			patch[key] = now
		}
	}
	for key, now := range to {
		if _, there := from[key]; !there {
			patch[key] = now
		}
	}
	return patch
}

// object reads JSON with numbers as they are written.
func object(text []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var out map[string]any
	if err := d.Decode(&out); err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	return out, nil
}
