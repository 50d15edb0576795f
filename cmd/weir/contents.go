package main

import (
	"context"

	storage "github.com/weir-streams/weir/artifact"
	"github.com/weir-streams/weir/control/namespace"
	"github.com/weir-streams/weir/store"
)

// contents is the table of what is removed with a namespace, in this order:
// what may still act first, its record last.
func contents(db *store.DB, files storage.Store) []namespace.Contents {
	return []namespace.Contents{
		namespace.Of("API tokens", db.APITokens()),
		namespace.Of("autopilot policies", db.AutopilotPolicies()),
		namespace.Of("deployments", db.Deployments()),
		namespace.Of("session clusters", db.SessionClusters()),
		namespace.Of("SQL scripts", db.SQLScripts()),
		namespace.Of("UDF artifacts", db.UDFArtifacts()),
		namespace.Of("connectors", db.Connectors()),
		namespace.Of("formats", db.Formats()),
		namespace.Of("catalog connectors", db.CatalogConnectors()),
		namespace.Of("catalog entries", db.CatalogEntries()),
		namespace.Of("secret values", db.Secrets()),
		namespace.Of("savepoints", db.Savepoints()),
		namespace.Of("jobs", db.Jobs()),
		namespace.Of("events", db.Events()),
		storedFiles{files},
		namespace.Of("deployment targets", db.Targets()),
		namespace.Of("deployment defaults", db.Defaults()),
	}
}

// storedFiles are the artifacts of a namespace.
type storedFiles struct{ storage.Store }

func (storedFiles) Name() string { return "artifacts" }

func (f storedFiles) Remove(ctx context.Context, namespace string) (int, error) {
	return storage.RemoveAll(ctx, f.Store, namespace)
}
