package store

import (
	"github.com/weir-streams/weir/resource"
)

// The collections by kind.

// Deployments keeps deployments, and every spec they had.
func (db *DB) Deployments() *Collection[resource.Deployment, *resource.Deployment] {
	return NewCollection[resource.Deployment](db)
}

// Jobs keeps jobs; they have no names.
func (db *DB) Jobs() *Collection[resource.Job, *resource.Job] {
	return NewCollection[resource.Job](db)
}

// Savepoints keeps savepoints; they have no names.
func (db *DB) Savepoints() *Collection[resource.Savepoint, *resource.Savepoint] {
	return NewCollection[resource.Savepoint](db)
}

// Events keeps events, whose names are not unique.
func (db *DB) Events() *Collection[resource.Event, *resource.Event] {
	return NewCollection[resource.Event](db)
}

// Targets keeps deployment targets.
func (db *DB) Targets() *Collection[resource.DeploymentTarget, *resource.DeploymentTarget] {
	return NewCollection[resource.DeploymentTarget](db)
}

// Defaults keeps deployment defaults, one per namespace, found by the empty name.
func (db *DB) Defaults() *Collection[resource.DeploymentDefaults, *resource.DeploymentDefaults] {
	return NewCollection[resource.DeploymentDefaults](db)
}

// Namespaces keeps namespaces, which are in no namespace themselves.
func (db *DB) Namespaces() *Collection[resource.Namespace, *resource.Namespace] {
	return NewCollection[resource.Namespace](db)
}

// Secrets keeps secret values.
func (db *DB) Secrets() *Collection[resource.SecretValue, *resource.SecretValue] {
	return NewCollection[resource.SecretValue](db)
}

// SessionClusters keeps session clusters.
func (db *DB) SessionClusters() *Collection[resource.SessionCluster, *resource.SessionCluster] {
	return NewCollection[resource.SessionCluster](db)
}

// APITokens keeps API tokens.
func (db *DB) APITokens() *Collection[resource.APIToken, *resource.APIToken] {
	return NewCollection[resource.APIToken](db)
}

// SQLScripts keeps saved SQL scripts.
func (db *DB) SQLScripts() *Collection[resource.SQLScript, *resource.SQLScript] {
	return NewCollection[resource.SQLScript](db)
}

// UDFArtifacts keeps files of user-defined functions.
func (db *DB) UDFArtifacts() *Collection[resource.UDFArtifact, *resource.UDFArtifact] {
	return NewCollection[resource.UDFArtifact](db)
}

// Connectors keeps the connectors that users added.
func (db *DB) Connectors() *Collection[resource.Connector, *resource.Connector] {
	return NewCollection[resource.Connector](db)
}

// Formats keeps the formats that users added.
func (db *DB) Formats() *Collection[resource.Format, *resource.Format] {
	return NewCollection[resource.Format](db)
}

// CatalogConnectors keeps the catalog types that users added.
func (db *DB) CatalogConnectors() *Collection[resource.CatalogConnector, *resource.CatalogConnector] {
	return NewCollection[resource.CatalogConnector](db)
}

// CatalogEntries keeps the objects of the namespaces' catalogs.
func (db *DB) CatalogEntries() *Collection[resource.CatalogEntry, *resource.CatalogEntry] {
	return NewCollection[resource.CatalogEntry](db)
}

// AutopilotPolicies keeps autopilot policies, named by deployment id.
func (db *DB) AutopilotPolicies() *Collection[resource.AutopilotPolicy, *resource.AutopilotPolicy] {
	return NewCollection[resource.AutopilotPolicy](db)
}
