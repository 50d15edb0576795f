// What the server measures of running jobs, and what its rules make of it.
import { keepPreviousData, useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query'
import { useCallback, useSyncExternalStore } from 'react'
import type { Schema } from './client'
import { namespacePath, request } from './client'

export type Summary = Schema['RunningSummary']
export type Metrics = Schema['DeploymentMetrics']
export type Series = Schema['MetricSeries']
export type Diagnosis = Schema['Diagnosis']
export type Finding = Schema['Finding']

const one = (ns: string, ref: string) => `${namespacePath(ns)}/deployments/${encodeURIComponent(ref)}`

/** Of every running deployment its newest numbers, by its id. */
export function useSummary(ns: string) {
  return useQuery({
    queryKey: ['summary', ns],
    queryFn: async () => {
      const { items } = await request<Schema['MetricsSummary']>('GET', `${namespacePath(ns)}/metrics`)
      return new Map(items.map((i) => [i.deploymentId, i]))
    },
    refetchInterval: 2000,
    structuralSharing: (before, now) => share(before as Map<string, Summary> | undefined, now as Map<string, Summary>),
  })
}

/**
 * The numbers of one deployment, out of what `useSummary` reads somewhere on the page. Every cell of a long list has one of these, and
 * they come and go as it is scrolled: they share one ear at the cache.
 */
export function useSummaryOf(ns: string, id: string): Summary | undefined {
  const queries = useQueryClient()
  const listen = useCallback((reader: () => void) => hear(queries, reader), [queries])
  return useSyncExternalStore(listen, () => queries.getQueryData<Map<string, Summary>>(['summary', ns])?.get(id))
}

const ears = new WeakMap<QueryClient, { readers: Set<() => void>; stop: () => void }>()

function hear(queries: QueryClient, reader: () => void): () => void {
  let ear = ears.get(queries)
  if (!ear) {
    const readers = new Set<() => void>()
    ear = { readers, stop: queries.getQueryCache().subscribe((e) => {
      if (e.type === 'updated' && e.query.queryKey[0] === 'summary') readers.forEach((r) => r())
    }) }
    ears.set(queries, ear)
  }
  const { readers, stop } = ear
  readers.add(reader)
  return () => {
    readers.delete(reader)
    if (readers.size > 0) return
    stop()
    ears.delete(queries)
  }
}

/** Those that were not measured anew stay the same objects, so that nothing is drawn again for them. */
function share(before: Map<string, Summary> | undefined, now: Map<string, Summary>): Map<string, Summary> {
  for (const [id, item] of now) {
    const old = before?.get(id)
    if (old && old.at === item.at && old.jobId === item.jobId) now.set(id, old)
  }
  return now
}

/** Series of the last `span` milliseconds, or of the time that ends at `to`. */
export function useMetrics(ns: string, ref: string, span: number, to: number | undefined, points = 300, enabled = true) {
  return useQuery({
    queryKey: ['metrics', ns, ref, span, to ?? 'now', points],
    queryFn: () => {
      const end = to ?? Date.now()
      return request<Metrics>('GET', `${one(ns, ref)}/metrics?from=${end - span}&to=${end}&points=${points}`)
    },
    refetchInterval: to === undefined ? 5000 : false,
    placeholderData: keepPreviousData,
    enabled,
  })
}

export function useDiagnosis(ns: string, ref: string, enabled = true) {
  return useQuery({ queryKey: ['diagnosis', ns, ref], queryFn: () => request<Diagnosis>('GET', `${one(ns, ref)}/diagnosis`), refetchInterval: 5000, enabled })
}
