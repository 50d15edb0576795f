// The change stream: keys of what changed turn into reads of it. A reader that
// was away is told to read everything.
import type { QueryClient } from '@tanstack/react-query'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { namespacePath } from './client'

const roomOf: Record<string, string[]> = { Deployment: ['deployments', 'revisions'], Job: ['jobs'], Savepoint: ['savepoints'], Event: ['events'] }

/** Whether the stream is open: false from the moment the server is gone until it is back. */
export function useChanges(ns: string): boolean {
  const queries = useQueryClient()
  const [live, setLive] = useState(true)
  useEffect(() => {
    const changes = collect(queries)
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
    return roomOf[(JSON.parse(text) as { kind?: string }).kind ?? ''] ?? []
  } catch {
    return ['everything']
  }
}

/**
 * Turns bursts of changes into one read each: what comes during a read is read after it.
 * A query that loads for the first time is not read anew by invalidating it, the load under
 * way counts instead; its answer may be from before the change, so such queries are read once more.
 */
export function collect(queries: QueryClient) {
  const waiting = new Set<string>()
  let reading = false
  let closed = false
  const fresh = async (room: string) => {
    const filter = room === 'everything' ? {} : { queryKey: [room] }
    const loading = queries.getQueryCache().findAll({ ...filter, fetchStatus: 'fetching' }).some((q) => q.state.data === undefined)
    await queries.invalidateQueries(filter)
    if (loading) await queries.invalidateQueries(filter)
  }
  const read = async () => {
    reading = true
    while (waiting.size > 0 && !closed) {
      const now = [...waiting]
      waiting.clear()
      await Promise.all(now.map(fresh))
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
