// The change stream: keys of what changed turn into reads of it. A reader that
// was away is told to read everything.
import type { QueryClient, QueryKey } from '@tanstack/react-query'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { Deployment } from './client'
import { ApiError, namespacePath, request } from './client'

/** Which queries, by the first word of their keys, a change of a kind makes old. */
const roomsOf: Record<string, string[]> = {
  Deployment: ['deployment', 'revisions'], Job: ['jobs'], Savepoint: ['savepoints'], Event: ['events'], DeploymentTarget: ['targets'], SessionCluster: ['clusters'],
  SecretValue: ['secrets'], DeploymentDefaults: ['defaults'], Namespace: ['namespaces'], CatalogEntry: ['catalog'], SqlScript: ['scripts'], UdfArtifact: ['udfs', 'catalog'],
  Connector: ['connectors'], Format: ['formats'], CatalogConnector: ['catalog-connectors'], ApiToken: ['tokens'],
}

/** Whether the stream is open: false from the moment the server is gone until it is back. */
export function useChanges(ns: string): boolean {
  const queries = useQueryClient()
  const [live, setLive] = useState(true)
  useEffect(() => {
    const changes = collect(queries, (ids) => readDeployments(queries, ns, ids))
    let source: EventSource | undefined
    let again: ReturnType<typeof setTimeout> | undefined
    const connect = () => {
      const s = (source = new EventSource(`${namespacePath(ns)}/changes`))
      s.addEventListener('open', () => setLive(true))
      s.addEventListener('resync', () => changes.add('everything'))
      s.addEventListener('change', (e: MessageEvent<string>) => rooms(e.data).forEach(changes.add))
      s.addEventListener('error', () => {
        setLive(false)
        // The browser comes back by itself but from an answer that is no stream.
        if (s.readyState === EventSource.CLOSED) again = setTimeout(connect, 2000)
      })
    }
    connect()
    return () => {
      source?.close()
      clearTimeout(again)
      changes.close()
    }
  }, [ns, queries])
  return live
}

function rooms(text: string): string[] {
  try {
    const { kind = '', id = '' } = JSON.parse(text) as { kind?: string; id?: string }
    return (roomsOf[kind] ?? []).map((room) => (room === 'deployment' ? `deployment ${id}` : room))
  } catch {
    return ['everything']
  }
}

const many = 40 // beyond so many deployments at once, the whole list is one read

/** Reads deployments anew into every place that shows them. The list keeps all its other rows as they are, and is changed once. */
async function readDeployments(queries: QueryClient, ns: string, ids: string[]) {
  const list = ['deployments', ns]
  const cache = queries.getQueryCache()
  const shown = cache.findAll({ queryKey: list, predicate: (q) => q.queryKey.length === 3 && ids.includes((q.state.data as Deployment | undefined)?.metadata?.id ?? '') })
  const unread = cache.findAll({ queryKey: list, predicate: (q) => q.queryKey.length === 3 && q.state.data === undefined })
  const all = queries.getQueryState<Deployment[]>(list)
  await Promise.all([
    ...unread.map((q) => renew(queries, { queryKey: q.queryKey, exact: true })),
    all && (all.data === undefined || all.fetchStatus === 'fetching') && renew(queries, { queryKey: list, exact: true }),
  ])
  if (!all?.data && shown.length === 0) return
  const fresh = new Map<string, Deployment | undefined>() // undefined: it is gone
  await Promise.all(ids.map(async (id) => {
    try {
      fresh.set(id, await request<Deployment>('GET', `${namespacePath(ns)}/deployments/${id}`))
    } catch (e) {
      if (e instanceof ApiError && e.status === 404) fresh.set(id, undefined) // else the stream tells when the server is back
    }
  }))
  for (const q of shown) {
    const id = (q.state.data as Deployment | undefined)?.metadata?.id ?? ''
    const d = fresh.get(id)
    if (d) queries.setQueryData(q.queryKey, d)
    else if (fresh.has(id)) void queries.invalidateQueries({ queryKey: q.queryKey, exact: true })
  }
  queries.setQueryData<Deployment[]>(list, (before) => before && replaced(before, fresh))
}

/** A list with some of its deployments read anew; what is not newer stays the same object, and so does a list without a change. */
export function replaced(before: Deployment[], fresh: ReadonlyMap<string, Deployment | undefined>): Deployment[] {
  const added = new Map(fresh)
  let changed = false
  const out = before.flatMap((d) => {
    const id = d.metadata?.id ?? ''
    if (!fresh.has(id)) return [d]
    added.delete(id)
    const now = fresh.get(id)
    if (now && (now.metadata?.resourceVersion ?? 0) <= (d.metadata?.resourceVersion ?? 0)) return [d]
    changed = true
    return now ? [now] : []
  })
  const more = [...added.values()].filter((d) => d !== undefined)
  return changed || more.length > 0 ? [...out, ...more] : before
}

/**
 * Reads queries anew. One that loads for the first time is not read anew by invalidating it, the
 * load under way counts instead; its answer may be from before the change, so it is read once more.
 */
async function renew(queries: QueryClient, filter: { queryKey?: QueryKey; exact?: boolean }) {
  const loading = queries.getQueryCache().findAll({ ...filter, fetchStatus: 'fetching' }).some((q) => q.state.data === undefined)
  await queries.invalidateQueries(filter)
  if (loading) await queries.invalidateQueries(filter)
}

/** Turns bursts of changes into one read each: what comes during a read is read after it. */
export function collect(queries: QueryClient, readSome?: (ids: string[]) => Promise<void>, pause = 200) {
  const waiting = new Set<string>()
  let reading = false
  let closed = false
  const fresh = (room: string) => renew(queries, room === 'everything' ? {} : { queryKey: [room] })
  const read = async () => {
    reading = true
    while (waiting.size > 0 && !closed) {
      let now = [...waiting]
      waiting.clear()
      const ones = now.filter((r) => r.startsWith('deployment '))
      now = now.filter((r) => !r.startsWith('deployment '))
      if (now.includes('everything')) now = ['everything']
      else if (ones.length > many || !readSome) now = ones.length > 0 ? ['deployments', ...now] : now
      const some = now.includes('everything') || ones.length > many || !readSome ? [] : ones.map((r) => r.slice(11))
      await Promise.all([...now.map(fresh), some.length > 0 && readSome ? readSome(some) : undefined])
      // The first change is read at once; those of a flood are read together.
      if (waiting.size > 0) await new Promise((done) => setTimeout(done, pause))
    }
    reading = false
  }
  return {
    add: (room: string) => {
      waiting.add(room)
      if (!reading) void read()
    },
    close: () => {
      closed = true
    },
  }
}
