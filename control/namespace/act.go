package namespace

import (
	"context"
	"errors"
	"fmt"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

// act performs a plan. Every step can be done again.
func (c *Controller) act(ctx context.Context, n resource.Namespace, p plan) error {
	log := c.Log.With("namespace", n.Metadata.Name)
	for _, id := range p.cancel {
		_, err := c.Deployments.Update(ctx, control.By, id, func(d *resource.Deployment) error {
			old := *d
			d.Spec.State = resource.StateCancelled
			d.CountSpecVersion(old)
			return nil
		})
		if err != nil && !errors.Is(err, resource.ErrNotFound) {
			return fmt.Errorf("cancel deployment %s of namespace %s: %w", id, n.Metadata.Name, err)
		}
		log.InfoContext(ctx, "deployment cancelled: its namespace is being deleted", "deployment", id)
	}
	for _, id := range p.stop {
		_, err := c.SessionClusters.Update(ctx, control.By, id, func(s *resource.SessionCluster) error {
			s.Spec.State = resource.SessionStopped
			return nil
		})
		if err != nil && !errors.Is(err, resource.ErrNotFound) {
			return fmt.Errorf("stop session cluster %s of namespace %s: %w", id, n.Metadata.Name, err)
		}
		log.InfoContext(ctx, "session cluster stopped: its namespace is being deleted", "cluster", id)
	}
	if p.empty {
		for _, contents := range c.Contents {
			switch count, err := contents.Remove(ctx, n.Metadata.Name); {
			case err != nil:
				return errors.Join(c.note(ctx, n, fmt.Sprintf("cannot remove its %s: %v", contents.Name(), err)),
					fmt.Errorf("remove the %s of namespace %s: %w", contents.Name(), n.Metadata.Name, err))
			case count > 0:
				log.InfoContext(ctx, "removed with its namespace", "what", contents.Name(), "count", count)
			}
		}
	}
	if !p.finish {
		return c.note(ctx, n, p.message)
	}
	if _, err := c.Namespaces.Delete(ctx, n.Metadata.ID); err != nil && !errors.Is(err, resource.ErrNotFound) {
		return fmt.Errorf("remove namespace %s: %w", n.Metadata.Name, err)
	}
	log.InfoContext(ctx, "namespace removed")
	return nil
}

// note lets people see what a deletion waits for.
func (c *Controller) note(ctx context.Context, n resource.Namespace, message string) error {
	if n.Status.Message == message {
		return nil
	}
	_, err := c.Namespaces.Update(ctx, control.By, n.Metadata.ID, func(n *resource.Namespace) error {
		n.Status.Message = message
		return nil
	})
	if errors.Is(err, resource.ErrNotFound) {
		return nil
	}
	return err
}
