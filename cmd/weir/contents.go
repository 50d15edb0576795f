package main

import (
	"context"
	"log/slog"

	storage "github.com/weir-streams/weir/artifact"
	"github.com/weir-streams/weir/control/namespace"
	"github.com/weir-streams/weir/store"
)

// contents is the table of what is removed with a namespace, in this order:
// what may still act first, its record last.
func contents(db *store.DB, files storage.Store, log *slog.Logger) []namespace.Contents {
	a := db.Audit()
	return []namespace.Contents{
		namespace.Of("API tokens", auditedBy(a, log, db.APITokens())),
		namespace.Of("autopilot policies", auditedBy(a, log, db.AutopilotPolicies())),
		namespace.Of("deployments", auditedBy(a, log, db.Deployments())),
		namespace.Of("session clusters", auditedBy(a, log, db.SessionClusters())),
		namespace.Of("SQL scripts", auditedBy(a, log, db.SQLScripts())),
		namespace.Of("UDF artifacts", auditedBy(a, log, db.UDFArtifacts())),
		namespace.Of("connectors", auditedBy(a, log, db.Connectors())),
		namespace.Of("formats", auditedBy(a, log, db.Formats())),
		namespace.Of("catalog connectors", auditedBy(a, log, db.CatalogConnectors())),
		namespace.Of("catalog entries", auditedBy(a, log, db.CatalogEntries())),
		namespace.Of("secret values", auditedBy(a, log, db.Secrets())),
		namespace.Of("savepoints", auditedBy(a, log, db.Savepoints())),
		namespace.Of("jobs", auditedBy(a, log, db.Jobs())),
		namespace.Of("events", db.Events()),
		storedFiles{files},
		namespace.Of("deployment targets", auditedBy(a, log, db.Targets())),
		namespace.Of("deployment defaults", auditedBy(a, log, db.Defaults())),
	}
}

// storedFiles are the artifacts of a namespace.
type storedFiles struct{ storage.Store }

func (storedFiles) Name() string { return "artifacts" }

func (f storedFiles) Remove(ctx context.Context, namespace string) (int, error) {
	return storage.RemoveAll(ctx, f.Store, namespace)
}
