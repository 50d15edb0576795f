package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/store"
)

// audited is a collection whose user is the platform itself: what it removes,
// and each spec it writes to a deployment, is in the audit log under its name.
type audited[T any, P interface {
	*T
	resource.Object
}] struct {
	*store.Collection[T, P]
	log *slog.Logger
	to  *store.Audit
}

func auditedBy[T any, P interface {
	*T
	resource.Object
}](to *store.Audit, log *slog.Logger, c *store.Collection[T, P]) audited[T, P] {
	return audited[T, P]{Collection: c, log: log, to: to}
}

// Update writes the change of a deployment's spec down.
func (a audited[T, P]) Update(ctx context.Context, by, id string, change func(*T) error) (T, error) {
	var before T
	after, err := a.Collection.Update(ctx, by, id, func(v *T) error {
		before = *v
		return change(v)
	})
	if err != nil || P(&after).ResourceKind() != resource.KindDeployment || P(&before).Meta().Generation == P(&after).Meta().Generation {
		return after, err
	}
	changes, err := resource.Diff("spec", P(&before).SpecOf(), P(&after).SpecOf())
	if err != nil {
		a.log.ErrorContext(ctx, "spec change not compared for the audit log", "id", id, "error", err)
	}
	a.write(ctx, by, "update", &after, changes)
	return after, nil
}

// Delete writes the removal down.
func (a audited[T, P]) Delete(ctx context.Context, id string) (T, error) {
	v, err := a.Collection.Delete(ctx, id)
	if err == nil {
		a.write(ctx, "", "delete", &v, nil)
	}
	return v, err
}

// write adds an entry. The deed is done: an entry that cannot be written is in
// the server's log instead.
func (a audited[T, P]) write(ctx context.Context, by, action string, v P, changes []resource.Change) {
	if by == "" {
		by = "weir"
	}
	m := v.Meta()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	_, err := a.to.Append(ctx, resource.AuditEntry{
		Actor: by, Action: action, Kind: v.ResourceKind(), Namespace: m.Namespace, Name: m.Name, ID: m.ID, Changes: changes,
	})
	if err != nil {
		a.log.ErrorContext(ctx, "deed of the platform not written to the audit log", "actor", by, "action", action,
			"kind", v.ResourceKind(), "namespace", m.Namespace, "name", m.Name, "id", m.ID, "error", err)
	}
}

// pruneEvery is how often old entries are looked for.
const pruneEvery = time.Hour

// pruneAudit removes entries older than keep until ctx ends; zero keeps all.
func pruneAudit(ctx context.Context, a *store.Audit, keep time.Duration, log *slog.Logger) error {
	if keep <= 0 {
		return nil
	}
	tick := time.NewTicker(pruneEvery)
	defer tick.Stop()
	for {
		switch n, err := a.Prune(ctx, time.Now().Add(-keep)); {
		case err != nil && ctx.Err() == nil:
			log.WarnContext(ctx, "old entries of the audit log stay until the next try", "error", err)
		case n > 0:
			log.InfoContext(ctx, "old entries of the audit log removed", "count", n)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
