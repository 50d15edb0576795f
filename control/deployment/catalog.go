package deployment

import (
	"context"
	"fmt"

	"github.com/weir-streams/weir/resource"
)

// findCatalog reads the statements of the catalog that a new job of d may use.
func (c *Controller) findCatalog(ctx context.Context, d resource.Deployment) ([]string, error) {
	if c.Catalog == nil || d.Spec.Template.Spec.Artifact.Kind != resource.ArtifactSQLScript {
		return nil, nil
	}
	entries, err := c.Catalog.List(ctx, resource.Filter{Namespace: d.Metadata.Namespace})
	if err != nil {
		return nil, fmt.Errorf("read the catalog of namespace %s: %w", d.Metadata.Namespace, err)
	}
	var statements []string
	for _, e := range entries {
		statements = append(statements, e.Spec.Statement)
	}
	return statements, nil
}

// catalogFor is what the next job sees of the catalog: what is there now, but
// a job that takes the place of a failed one of the same spec sees what that
// one saw, so that a change of the catalog is never taken up by accident.
func (s *snapshot) catalogFor(last resource.Job) []string {
	if last.Status.State == resource.JobFailed && last.Metadata.SpecVersion() == s.SpecVersion() {
		return last.Spec.Catalog
	}
	return s.catalog
}
