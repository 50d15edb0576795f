package kubernetes

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/weir-streams/weir/cluster"
)

// ScaleTaskManagers gives a session cluster of Flink more or fewer pods. Weir's
// engine is one pod, which has all slots that its jobs ask for.
func (l *Launcher) ScaleTaskManagers(ctx context.Context, ref cluster.Ref, n int) error {
	g, err := l.ground(ctx, ref)
	if err != nil {
		return err
	}
	name, err := nameOf(ref)
	if err != nil {
		return err
	}
	if err := g.scale(ctx, name, max(n, 1)); err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("scale %s: %w", ref, g.explain(fmt.Sprintf("have %d TaskManagers", n), err))
	}
	return nil
}

// scale sets how many TaskManagers a cluster of Flink has.
func (g *ground) scale(ctx context.Context, name string, n int) error {
	patch := fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, n)
	_, err := g.of(deployments).Patch(ctx, name+"-"+componentTaskManager, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: manager})
	return err
}
