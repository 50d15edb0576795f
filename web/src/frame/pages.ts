// The pages of the side bar, in its order. `key` is pressed after g.

export interface PageEntry {
  path: string
  title: string
  key: string
  sign: string
  about: string
}

export const pages: { title: string; entries: PageEntry[] }[] = [
  {
    title: 'Work',
    entries: [
      { path: 'deployments', title: 'Deployments', key: 'd', sign: '▤', about: 'what should run, and what is seen of it' },
      { path: 'sql', title: 'SQL', key: 's', sign: '❯', about: 'write, try and deploy statements; tables and views' },
      { path: 'connectors', title: 'Connectors', key: 'x', sign: '⇄', about: 'connectors, formats, catalogs and functions that SQL can use' },
      { path: 'clusters', title: 'Session clusters', key: 'c', sign: '⬡', about: 'clusters that several deployments share' },
      { path: 'artifacts', title: 'Artifacts', key: 'a', sign: '⬒', about: 'JARs and other files that jobs run' },
    ],
  },
  {
    title: 'Namespace',
    entries: [
      { path: 'secrets', title: 'Secrets', key: 'k', sign: '✱', about: 'values that specs refer to and nobody reads' },
      { path: 'targets', title: 'Targets', key: 't', sign: '◎', about: 'where deployments run' },
      { path: 'defaults', title: 'Defaults', key: 'f', sign: '≡', about: 'what new deployments begin with' },
      { path: 'tokens', title: 'API tokens', key: 'p', sign: '◇', about: 'keys for machines' },
    ],
  },
  {
    title: 'Platform',
    entries: [
      { path: 'namespaces', title: 'Namespaces', key: 'n', sign: '▦', about: 'rooms of their own, and who may do what in them' },
      { path: 'audit', title: 'Audit', key: 'l', sign: '☰', about: 'who changed what, when' },
      { path: 'status', title: 'Status', key: 'i', sign: '◉', about: 'health, version, use of the platform' },
    ],
  },
]

export const entries = pages.flatMap((p) => p.entries)
