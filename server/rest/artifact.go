package rest

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/weir-streams/weir/resource"
)

// checkArtifact refuses a deployment that refers to a file of ours that is not
// there. What lies elsewhere only the cluster can know.
func (a *API) checkArtifact(ctx context.Context, d resource.Deployment) error {
	if a.Artifacts == nil {
		return nil
	}
	const at = "spec.template.spec.artifact."
	artifact := d.Spec.Template.Spec.Artifact
	uris := []struct{ field, uri string }{{"jarUri", artifact.JarURI}, {"pythonArtifactUri", artifact.PythonArtifactURI}}
	for _, list := range []struct {
		field string
		uris  []string
	}{
		{"additionalDependencies", artifact.AdditionalDependencies},
		{"additionalPythonArchives", artifact.AdditionalPythonArchives},
		{"additionalPythonLibraries", artifact.AdditionalPythonLibs},
	} {
		for i, uri := range list.uris {
			uris = append(uris, struct{ field, uri string }{fmt.Sprintf("%s[%d]", list.field, i), uri})
		}
	}
	for _, u := range uris {
		if u.uri == "" || strings.HasPrefix(u.uri, "maven:") {
			continue
		}
		exists, ours, err := a.Artifacts.Exists(ctx, u.uri)
		if err != nil {
			return fmt.Errorf("look for the artifact %s: %w", u.uri, err)
		}
		if ours && !exists {
			return resource.Invalidf(at+u.field, "there is no artifact %s; upload it first", u.uri)
		}
	}
	return nil
}

// sameArtifact tells whether a change leaves alone what runs: then it goes
// through even if the file is gone since, so that a deployment can be stopped.
func sameArtifact(a, b resource.Deployment) bool {
	return reflect.DeepEqual(a.Spec.Template.Spec.Artifact, b.Spec.Template.Spec.Artifact)
}
