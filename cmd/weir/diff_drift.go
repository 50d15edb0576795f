package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/operator"
	"github.com/weir-streams/weir/resource"
)

// mirror takes a WeirDeployment of Kubernetes for the deployment that the
// operator makes of it.
func (m *manifest) mirror(kind string) {
	version, _ := m.document["apiVersion"].(string)
	if kind != "WeirDeployment" || !strings.HasPrefix(version, "weir.io/") {
		return
	}
	about, _ := m.document["metadata"].(map[string]any)
	annotations, _ := about["annotations"].(map[string]any)
	namespace, _ := annotations[operator.Namespace].(string)
	if namespace == "" {
		namespace = firstNamespace
	}
	kept := map[string]any{"name": about["name"], "namespace": namespace} // annotations are for Kubernetes
	if labels, ok := about["labels"]; ok {
		kept["labels"] = labels
	}
	m.kind, m.mirrored = resource.KindDeployment, true
	m.document = map[string]any{"kind": string(resource.KindDeployment), "apiVersion": "v1", "metadata": kept, "spec": m.document["spec"]}
}

// withDrift adds to what a manifest changes that what was edited elsewhere is
// taken back, and tells how to keep it.
func (s *session) withDrift(ctx context.Context, api *client.Client, d resource.Deployment, patch map[string]any) (map[string]any, error) {
	applied, err := strconv.Atoi(d.Metadata.Annotations[operator.Revision])
	if err != nil || applied == d.Metadata.Generation {
		return patch, nil // nothing was applied, or nothing edited since
	}
	all, err := api.Revisions(ctx, d.Metadata.Namespace, d.Metadata.Name)
	if err != nil {
		return nil, err
	}
	now, err := json.Marshal(d.Spec)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if r.Generation != applied {
			continue
		}
		var was, is map[string]any
		if err := decodeNumbers(r.Spec, &was); err != nil {
			return nil, err
		}
		if err := decodeNumbers(now, &is); err != nil {
			return nil, err
		}
		drift := operator.MergePatch(was, is)
		if len(drift) == 0 {
			return patch, nil
		}
		text, err := toYAML(map[string]any{"spec": drift})
		if err != nil {
			return nil, err
		}
		last := all[len(all)-1]
		fmt.Fprintf(s.err, "deployment %s was edited elsewhere since its manifest was applied, last by %s; to keep that, merge into the manifest:\n%s", d.Metadata.Name, last.Author, text)
		return over(map[string]any{"spec": operator.MergePatch(is, was)}, patch), nil
	}
	return patch, nil // the revision is no longer kept
}
