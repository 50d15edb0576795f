package resource

import (
	"encoding/json"
	"fmt"
	"maps"
)

// MergePatch applies a JSON Merge Patch (RFC 7386) to a resource: objects are
// merged, null removes, lists are replaced. The patch is read as kindly as by
// the Decode functions, and cannot touch what Protect protects. The result is
// not validated. original is left alone.
func MergePatch[T any, P interface {
	*T
	Object
}](original T, patch []byte) (T, error) {
	var none T
	changes, err := parseObject(patch)
	if err != nil {
		return none, err
	}
	if err := P(&original).Meta().sameIdentity(changes); err != nil {
		return none, err
	}
	before, err := json.Marshal(original)
	if err != nil {
		return none, fmt.Errorf("patch %s: %w", P(&original).ResourceKind(), err)
	}
	tree, err := parseObject(before)
	if err != nil {
		return none, fmt.Errorf("patch %s: %w", P(&original).ResourceKind(), err)
	}
	v, err := fromTree[T, P](mergePatch(tree, changes).(map[string]any))
	if err != nil {
		return none, err
	}
	Protect[T, P](original, &v)
	return v, nil
}

// Protect gives v, which a person wrote to take old's place, all that people
// cannot change: identity, versions, times, the platform's annotations, status.
func Protect[T any, P interface {
	*T
	Object
}](old T, v *T) {
	was, now := P(&old).Meta(), P(v).Meta()
	protected := *was
	protected.DisplayName = now.DisplayName
	protected.Labels = now.Labels
	protected.Annotations = now.Annotations
	*now = protected
	switch v := any(v).(type) {
	case *Deployment:
		v.Status = any(old).(Deployment).Status
		now.keepAnnotations(*was, AnnotationSpecVersion, AnnotationTransitioning, AnnotationTransitioningSince)
	case *Job:
		v.Status = any(old).(Job).Status
		now.keepAnnotations(*was, AnnotationSpecVersion)
	case *Savepoint:
		v.Status = any(old).(Savepoint).Status
	case *Namespace:
		v.Status = any(old).(Namespace).Status
	case *SessionCluster:
		v.Status = any(old).(SessionCluster).Status
		now.keepAnnotations(*was, AnnotationReferences, AnnotationResourcesAcquired)
	}
	SetKind(P(v))
}

func (m *Metadata) keepAnnotations(was Metadata, keys ...string) {
	annotations := maps.Clone(m.Annotations)
	for _, key := range keys {
		delete(annotations, key)
		if value, ok := was.Annotations[key]; ok {
			if annotations == nil {
				annotations = map[string]string{}
			}
			annotations[key] = value
		}
	}
	if len(annotations) == 0 {
		annotations = nil
	}
	m.Annotations = annotations
}

// sameIdentity refuses a patch that says another name or namespace: ignoring
// that would answer a rename with success. An id is ignored, because clients
// send whole objects back.
func (m *Metadata) sameIdentity(changes map[string]any) error {
	metadata, ok := changes["metadata"].(map[string]any)
	if !ok {
		return nil
	}
	for field, is := range map[string]string{"name": m.Name, "namespace": m.Namespace} {
		if wants, _ := scalarText(metadata[field]); wants != "" && wants != is {
			return Invalidf("metadata."+field, "cannot be changed from %s to %s", quote(is), quote(wants))
		}
		delete(metadata, field)
	}
	return nil
}

// mergePatch is the algorithm of RFC 7386 on parsed JSON; it may change target.
func mergePatch(target, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	object, ok := target.(map[string]any)
	if !ok {
		object = map[string]any{}
	}
	for key, change := range changes {
		if change == nil {
			delete(object, key)
			continue
		}
		object[key] = mergePatch(object[key], change)
	}
	return object
}
