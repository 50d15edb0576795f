// The change stream: keys of what changed turn into reads of it. A reader that
// was away is told to read everything.
import type { QueryClient } from '@tanstack/react-query'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { namespacePath } from './client'

const roomOf: Record<string, string> = { Deployment: 'deployments', Job: 'jobs', Savepoint: 'savepoints', Event: 'events' }

export function useChanges(ns: string): boolean {
  const queries = useQueryClient()
  const [live, setLive] = useState(false)
  useEffect(() => {
    const source = new EventSource(`${namespacePath(ns)}/changes`)
    source.addEventListener('open', () => setLive(true))
    source.addEventListener('error', () => setLive(false))
    source.addEventListener('resync', () => void queries.invalidateQueries())
    const changed = (e: MessageEvent<string>) => invalidate(queries, e.data)
    source.addEventListener('change', changed)
    source.addEventListener('message', changed)
    return () => source.close()
  }, [ns, queries])
  return live
}

function invalidate(queries: QueryClient, text: string) {
  try {
    const key = JSON.parse(text) as { kind?: string; key?: { kind?: string } }
    const room = roomOf[key.kind ?? key.key?.kind ?? '']
    if (room) void queries.invalidateQueries({ queryKey: [room] })
    if (room === 'deployments') void queries.invalidateQueries({ queryKey: ['revisions'] })
  } catch {
    void queries.invalidateQueries()
  }
}
