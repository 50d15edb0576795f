// What belongs to a namespace beside its deployments, and what belongs to the platform.
import { keepPreviousData, useMutation, useQuery, useQueryClient, type QueryKey } from '@tanstack/react-query'
import { namespacePath, request, upload, type Schema } from './client'

export type SessionCluster = Schema['SessionCluster']
export type Target = Schema['DeploymentTarget']
export type Secret = Schema['SecretValue']
export type ArtifactFile = Schema['ArtifactMetadata']
export type Namespace = Schema['Namespace']
export type RoleBinding = Schema['RoleBinding']
export type ApiToken = Schema['ApiToken']
export type AuditEntry = Schema['AuditEntry']
export type Defaults = Schema['DeploymentDefaults']

const items = async <T>(path: string) => (await request<{ items?: T[] }>('GET', path)).items ?? []
const named = (path: string, name: string | undefined) => `${path}/${encodeURIComponent(name ?? '')}`

/** One change of something, and fresh reads after it. */
function useChange<A, R = unknown>(key: QueryKey, run: (input: A) => Promise<R>) {
  const queries = useQueryClient()
  return useMutation({ mutationFn: run, onSettled: () => queries.invalidateQueries({ queryKey: key }) })
}

/** Resources of /api/v1 that are all kept in the same way. */
function useResources<T extends { metadata?: Schema['Metadata'] }>(ns: string, key: string, collection: string) {
  const path = `${namespacePath(ns)}/${collection}`
  return {
    list: useQuery({ queryKey: [key, ns], queryFn: () => items<T>(path) }),
    create: useChange([key, ns], (v: unknown) => request<T>('POST', path, v)),
    replace: useChange([key, ns], (v: { name: string; body: unknown }) => request<T>('PUT', named(path, v.name), v.body)),
    patch: useChange([key, ns], (v: { name: string; body: unknown }) => request<T>('PATCH', named(path, v.name), v.body)),
    remove: useChange([key, ns], (name: string) => request('DELETE', named(path, name))),
  }
}

export const useSessionClusters = (ns: string) => useResources<SessionCluster>(ns, 'clusters', 'sessionclusters')
export const useTargets = (ns: string) => useResources<Target>(ns, 'targets', 'deployment-targets')
export const useSecrets = (ns: string) => useResources<Secret>(ns, 'secrets', 'secret-values')

/** A session cluster's own Flink REST API, through the server. */
export const sessionClusterApi = (ns: string, name: string) => `/flink-ui/v1/namespaces/${encodeURIComponent(ns)}/sessionclusters/${encodeURIComponent(name)}`

export interface ClusterOverview {
  taskmanagers?: number
  'slots-total'?: number
  'slots-available'?: number
  'jobs-running'?: number
  'flink-version'?: string
}

export interface ClusterJob {
  jid: string
  name: string
  state: string
  'start-time': number
  duration: number
}

export function useClusterOverview(ns: string, name: string, enabled: boolean) {
  return useQuery({
    queryKey: ['flink', ns, 'sessionclusters', name], enabled, refetchInterval: 2000, staleTime: 1000,
    queryFn: async () => {
      const at = sessionClusterApi(ns, name)
      const [overview, { jobs }] = await Promise.all([request<ClusterOverview>('GET', `${at}/overview`), request<{ jobs: ClusterJob[] }>('GET', `${at}/jobs/overview`)])
      return { overview, jobs }
    },
  })
}

const artifactsPath = (ns: string) => `/artifacts/v1/namespaces/${encodeURIComponent(ns)}/artifacts`

export function useArtifacts(ns: string) {
  return {
    list: useQuery({ queryKey: ['artifacts', ns], queryFn: async () => (await request<Schema['ListArtifactsResponse']>('GET', `${artifactsPath(ns)}:list`)).artifacts }),
    upload: useChange(['artifacts', ns], (u: { file: File; onProgress: (share: number) => void; signal?: AbortSignal }) =>
      upload<Schema['ArtifactResponse']>(`${artifactsPath(ns)}:upload`, u.file, u.onProgress, u.signal)),
    remove: useChange(['artifacts', ns], (filename: string) => request('DELETE', `${artifactsPath(ns)}:delete?filename=${encodeURIComponent(filename)}`)),
  }
}

export function useDefaults(ns: string) {
  const path = `${namespacePath(ns)}/deployment-defaults`
  return {
    own: useQuery({ queryKey: ['defaults', ns], queryFn: () => request<Defaults>('GET', path) }),
    global: useQuery({ queryKey: ['defaults'], queryFn: () => request<Defaults>('GET', '/api/v1/global-deployment-defaults') }),
    replace: useChange(['defaults', ns], (body: unknown) => request<Defaults>('PUT', path, body)),
  }
}

const namespacesPath = '/namespaces/v1/namespaces'

export function useNamespaces() {
  return {
    list: useQuery({ queryKey: ['namespaces', 'all'], queryFn: async () => (await request<Schema['ListNamespacesResponse']>('GET', namespacesPath)).namespaces }),
    create: useChange(['namespaces'], (n: { name: string; roleBindings?: RoleBinding[] }) => request('POST', namespacesPath, { ...n, name: `namespaces/${n.name}` })),
    update: useChange(['namespaces'], (n: { name: string; roleBindings: RoleBinding[] }) => request('PATCH', named(namespacesPath, n.name), { roleBindings: n.roleBindings })),
    remove: useChange(['namespaces'], (name: string) => request('DELETE', named(namespacesPath, name))),
  }
}

export function useTokens(ns: string) {
  const path = `/apitokens/v1/namespaces/${encodeURIComponent(ns)}/apitokens`
  return {
    list: useQuery({ queryKey: ['tokens', ns], queryFn: async () => (await request<Schema['ListApiTokensResponse']>('GET', path)).apiTokens }),
    create: useChange(['tokens', ns], async (t: { name: string; role: string }) =>
      (await request<Schema['ApiTokenResponse']>('POST', path, { name: `namespaces/${ns}/apitokens/${t.name}`, role: t.role })).apiToken),
    remove: useChange(['tokens', ns], (name: string) => request('DELETE', named(path, name))),
  }
}

export interface AuditFilter {
  namespace?: string
  kind?: string
  name?: string
  actor?: string
  from?: string
  to?: string
}

const query = (all: object) => new URLSearchParams(Object.entries(all).flatMap(([k, v]) => (v === undefined || v === '' ? [] : [[k, String(v)]]))).toString()

/** The newest entries, newest first; `before` pages back. */
export function useAudit(filter: AuditFilter, before: number | undefined, newest: number) {
  return useQuery({
    queryKey: ['audit', filter, before, newest], placeholderData: keepPreviousData, refetchInterval: before === undefined ? 5000 : false,
    queryFn: async () => (await items<AuditEntry>(`/api/v1/logs/?${query({ ...filter, before, newest })}`)).reverse(),
  })
}

export const auditReport = (filter: AuditFilter, format: 'csv' | 'json') => `/api/v1/logs/reports?${query({ ...filter, format })}`

export function useAuditCheck() {
  return useQuery({ queryKey: ['audit-check'], queryFn: () => request<Schema['AuditCheck']>('GET', '/api/v1/logs/verification'), staleTime: 0 })
}

export function useStatus() {
  return {
    status: useQuery({ queryKey: ['status'], queryFn: () => request<Schema['Status']>('GET', '/api/v1/status'), refetchInterval: 10_000 }),
    system: useQuery({ queryKey: ['system'], queryFn: () => request<Schema['SystemInformation']>('GET', '/api/v1/status/system-info') }),
  }
}

export interface UsageLine {
  begin: string
  end: string
  namespace: string
  used: number
}

/** The CPUs that namespaces used from one day to another, the last not counted. */
export function useUsage(from: string, to: string) {
  return useQuery({
    queryKey: ['usage', from, to], staleTime: 60_000,
    queryFn: async (): Promise<UsageLine[]> => {
      const text = await request<string>('GET', `/api/v1/status/resourceusage?${query({ from, to })}`, undefined, 'text/csv')
      return text.split('\n').filter((l) => l !== '' && !l.startsWith('#')).slice(1).map((l) => {
        const [begin = '', end = '', namespace = '', used = '0'] = l.split(',')
        return { begin, end, namespace, used: Number(used) }
      })
    },
  })
}

export type Example = Schema['Example']

export function useExamples(ns: string, enabled = true) {
  return {
    list: useQuery({ queryKey: ['examples', ns], queryFn: () => items<Example>(`${namespacePath(ns)}/examples`), enabled }),
    deploy: useChange(['deployments'], (name: string) => request<Schema['Deployment']>('POST', `${namespacePath(ns)}/examples/${encodeURIComponent(name)}:deploy`)),
  }
}
