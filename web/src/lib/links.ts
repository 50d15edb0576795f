// Words that Ververica Platform uses in addresses, and ours for the same. Pure.

/** Pages of a namespace. */
export const elsewhere: Record<string, string> = {
  'session-clusters': 'clusters', sessionclusters: 'clusters', 'deployment-targets': 'targets', deploymenttargets: 'targets', 'secret-values': 'secrets', secretvalues: 'secrets',
  'deployment-defaults': 'defaults', deploymentdefaults: 'defaults', 'api-tokens': 'tokens', apitokens: 'tokens', 'sql-editor': 'sql', editor: 'sql', sqlscripts: 'sql', 'sql-scripts': 'sql',
  catalogs: 'connectors?view=catalogs', formats: 'connectors?view=formats', functions: 'connectors?view=functions', udfartifacts: 'connectors?view=functions', 'platform-information': 'status',
}

const tabs: Record<string, string> = { status: 'overview', history: 'jobs', snapshots: 'savepoints', config: 'configuration' }

/** The name of a view of a deployment as we write it. */
export const viewOf = (tab: string) => tabs[tab] ?? tab
