// SQL: saved scripts, what the catalogs hold, and statements to check, complete and carry out.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { ApiError, request, stream, type Schema } from './client'

export type SqlScript = Schema['SqlScript']
export type Table = Schema['VvpTable']
export type View = Schema['VvpView']
export type SqlFunction = Schema['Function']
export type Connector = Schema['Connector']
export type Format = Schema['Format']
export type CatalogConnector = Schema['CatalogConnector']
export type UdfArtifact = Schema['UdfArtifact']
export type ErrorDetails = Schema['ErrorDetails']
export type Executed = Schema['ExecuteStatementResponse']
export type Header = Schema['TableHeader']

const base = (ns: string) => `/sql/v1beta1/namespaces/${encodeURIComponent(ns)}`
const catalogs = (ns: string) => `/catalog/v1beta2/namespaces/${encodeURIComponent(ns)}/catalogs`

/** The last part of a name such as namespaces/default/sqlscripts/daily. */
export const shortName = (name: string | undefined) => name?.split('/').at(-1) ?? ''

export function useScripts(ns: string) {
  return useQuery({ queryKey: ['scripts', ns], queryFn: async () => (await request<Schema['ListSqlScriptsResponse']>('GET', `${base(ns)}/sqlscripts`)).sqlScripts })
}

export function useScriptActions(ns: string) {
  const queries = useQueryClient()
  const onSettled = () => queries.invalidateQueries({ queryKey: ['scripts', ns] })
  const save = useMutation({
    mutationFn: ({ name, ...script }: { name: string; displayName: string; script: string }) =>
      request<Schema['SqlScriptResponse']>('PUT', `${base(ns)}/sqlscripts/${encodeURIComponent(name)}`, { name: `namespaces/${ns}/sqlscripts/${name}`, ...script }),
    onSettled,
  })
  const remove = useMutation({ mutationFn: (name: string) => request('DELETE', `${base(ns)}/sqlscripts/${encodeURIComponent(name)}`), onSettled })
  return { save, remove }
}

/** What is wrong with a script, if anything; nothing is changed by asking. */
export async function validate(ns: string, statement: string): Promise<{ result: string; error?: ErrorDetails }> {
  const r = await request<Schema['ValidateStatementResponse']>('POST', `${base(ns)}/sqlscripts:validate`, { statement })
  return { result: r.validationResult, error: r.errorDetails }
}

export async function complete(ns: string, sqlScript: string, position: number): Promise<Schema['SqlScriptCompletion'][]> {
  return (await request<Schema['SuggestSqlScriptCompletionsResponse']>('POST', `${base(ns)}/sqlscripts:suggest`, { sqlScript, position })).completions
}

/** Carries out statements in one session; one that fails ends it. */
export async function execute(ns: string, statements: string[]): Promise<Executed[]> {
  return (await request<Schema['ExecuteStatementsResponse']>('POST', `${base(ns)}/sqlscripts:execute-multi`, statements)).responses
}

export type FollowLine = {
  headers?: Header[]
  rows?: (string | null)[][]
  end?: { reason: string; message: string; errorMessage?: ErrorDetails }
}

/** Runs a query and gives its changes as they come, until `signal` ends it. */
export function follow(ns: string, statement: string, before: string[], limit: number, signal: AbortSignal, take: (line: FollowLine) => void): Promise<void> {
  return stream<FollowLine>(`${base(ns)}/sqlscripts:follow?limit=${limit}`, { statement, before }, signal, take)
}

export interface Catalogs {
  name: string
  type: string
  databases: string[]
}

/** The catalogs with their databases. */
export function useCatalogs(ns: string) {
  return useQuery({
    queryKey: ['catalog', ns],
    queryFn: async (): Promise<Catalogs[]> => {
      const all = (await request<Schema['ListCatalogsResponse']>('GET', catalogs(ns))).catalogs
      return Promise.all(all.map(async (c) => {
        const name = shortName(c.name)
        const { databases } = await request<Schema['ListDatabasesResponse']>('GET', `${catalogs(ns)}/${encodeURIComponent(name)}:listDatabases`)
        return { name, type: c.properties?.['type'] ?? '', databases: databases.map((d) => shortName(d.name)) }
      }))
    },
  })
}

export interface Contents {
  tables: Table[]
  views: View[]
  functions: SqlFunction[]
  broken: { name: string; statement: string; message: string }[]
}

/** What is in a database. */
export function useContents(ns: string, catalog: string, database: string, enabled = true) {
  return useQuery({
    queryKey: ['catalog', ns, catalog, database],
    enabled,
    queryFn: async (): Promise<Contents> => {
      const list = <T>(verb: string) => request<T & { broken?: Contents['broken'] }>('GET', `${catalogs(ns)}/${encodeURIComponent(catalog)}:${verb}?database=${encodeURIComponent(database)}`)
      const [t, v, f] = await Promise.all([
        list<Schema['ListTablesResponse']>('listTables'), list<Schema['ListViewsResponse']>('listViews'), list<Schema['ListFunctionsResponse']>('listFunctions'),
      ])
      return { tables: t.tables, views: v.views, functions: f.functions, broken: [...(t.broken ?? []), ...(v.broken ?? []), ...(f.broken ?? [])] }
    },
  })
}

export function useConnectors(ns: string) {
  return useQuery({ queryKey: ['connectors', ns], queryFn: async () => (await request<Schema['ListConnectorsResponse']>('GET', `${base(ns)}/connectors`)).connectors })
}

export function useFormats(ns: string) {
  return useQuery({ queryKey: ['formats', ns], queryFn: async () => (await request<Schema['ListFormatsResponse']>('GET', `${base(ns)}/formats`)).formats })
}

export function useCatalogConnectors(ns: string) {
  return useQuery({
    queryKey: ['catalog-connectors', ns],
    queryFn: async () => (await request<Schema['ListCatalogConnectorsResponse']>('GET', `${base(ns)}/catalog-connectors`)).catalogConnectors,
  })
}

export function useUdfArtifacts(ns: string) {
  return useQuery({ queryKey: ['udfs', ns], queryFn: async () => (await request<Schema['ListUdfArtifactsResponse']>('GET', `${base(ns)}/udfartifacts`)).udfArtifacts })
}

/** What can be registered for SQL, and taken away again. */
export function useRegistry(ns: string) {
  const queries = useQueryClient()
  const onSettled = () => Promise.all(['connectors', 'formats', 'catalog-connectors', 'udfs', 'catalog'].map((k) => queries.invalidateQueries({ queryKey: [k, ns] })))
  return {
    registerUdf: useMutation({
      mutationFn: (u: { name: string; jarUrl: string }) =>
        request<Schema['CreateUdfArtifactResponse']>('POST', `${base(ns)}/udfartifacts`, { name: `namespaces/${ns}/udfartifacts/${u.name}`, jarUrl: u.jarUrl }),
      onSettled,
    }),
    registerPlugin: useMutation({
      mutationFn: ({ kind, name, body }: { kind: 'connectors' | 'formats' | 'catalog-connectors'; name: string; body: object }) =>
        request('POST', `${base(ns)}/${kind}`, { name: `namespaces/${ns}/${kind}/${name}`, ...body }),
      onSettled,
    }),
    remove: useMutation({
      mutationFn: ({ kind, name }: { kind: 'udfartifacts' | 'connectors' | 'formats' | 'catalog-connectors'; name: string }) =>
        request('DELETE', `${base(ns)}/${kind}/${encodeURIComponent(name)}`),
      onSettled,
    }),
    execute: useMutation({
      mutationFn: async (statement: string) => {
        const [r] = await execute(ns, [statement])
        if (r?.errorMessage) throw new ApiError(400, r.errorMessage.message ?? 'The statement was refused.', [])
        return r
      },
      onSettled,
    }),
  }
}
