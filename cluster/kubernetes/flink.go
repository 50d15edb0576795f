package kubernetes

import (
	"fmt"

	"github.com/weir-streams/weir/cluster"
)

func haSelector(name string) string { return "app=" + name + ",configmap-type=high-availability" }

func (l *Launcher) withFiles(spec cluster.Spec) (cluster.Spec, error) { return spec, nil }

func (b *builder) flink(*plan) error {
	return fmt.Errorf("%w: pods run SQL on weir's engine only, not an artifact of kind %s", cluster.ErrRefused, b.spec.Artifact.Kind)
}
