package resource

import (
	"bytes"
	"encoding/json"
	"maps"
	"strconv"
)

// runs is the part of a spec a running job depends on: changing it is an upgrade.
type runs struct {
	Template                         Template
	TargetID, TargetName, SessionRef string
}

// CountSpecVersion writes the spec version of d, given what d was before: one
// more when the template or the target differ, else the same. A deployment
// that was not there before (old is zero) gets 1.
func (d *Deployment) CountSpecVersion(old Deployment) {
	version := old.SpecVersion()
	if version == 0 || NewRun(old.Spec, d.Spec) {
		version++
	}
	// The map may be shared with old.
	annotations := maps.Clone(d.Metadata.Annotations)
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[AnnotationSpecVersion] = strconv.Itoa(version)
	d.Metadata.Annotations = annotations
}

// SpecVersion is what CountSpecVersion last wrote; 0 if it never did.
func (d Deployment) SpecVersion() int {
	return d.Metadata.SpecVersion()
}

// SpecVersion is the spec version noted in the annotations, on a Job or
// Savepoint that of the deployment when it was made; 0 if there is none.
func (m Metadata) SpecVersion() int {
	n, err := strconv.Atoi(m.Annotations[AnnotationSpecVersion])
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// NewRun tells whether a change of spec is one that a running job does not
// have yet: of its template or of where it runs.
func NewRun(before, after DeploymentSpec) bool { return !sameJSON(before.runs(), after.runs()) }

func (s DeploymentSpec) runs() runs {
	return runs{s.Template, s.DeploymentTargetID, s.DeploymentTargetName, s.SessionClusterName}
}

// sameJSON compares by wire form, in which nil and empty maps that are left
// out, and numbers of any Go type, are the same.
func sameJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
