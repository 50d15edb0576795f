// The Flink REST API of a deployment's running job, through the server. Numbers
// of a running job are not resources and have no change stream: they are read
// every second while somebody looks.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { advance, type Rate } from '../lib/rate'
import { request } from './client'

const base = (ns: string, jobId: string) => `/flink-ui/v1/namespaces/${encodeURIComponent(ns)}/jobs/${jobId}`
const flinkId = (jobId: string) => jobId.replaceAll('-', '')

export interface Vertex {
  id: string
  name: string
  parallelism: number
  status: string
  metrics: Record<string, number>
}

export interface JobDetails {
  state: string
  now: number
  vertices: Vertex[]
  plan: { nodes?: { id: string; description?: string; inputs?: { id: string; ship_strategy?: string }[] }[] }
}

export interface CheckpointStats {
  counts: Record<string, number>
  latest?: { completed?: { id: number; state_size: number; end_to_end_duration: number; latest_ack_timestamp: number } | null }
}

export interface OutputTable {
  name: string
  columns: { name: string; type: string }[]
  rows: { seq: number; op: string; values: (string | null)[] }[]
}

const live = { refetchInterval: 1000, retry: false, staleTime: 500 }

/** A job's details, with the rates that follow from the reading before. */
export function useJobDetails(ns: string, jobId: string | undefined) {
  const queries = useQueryClient()
  const queryKey = ['flink', ns, jobId, 'job']
  return useQuery({
    queryKey,
    queryFn: async () => {
      const details = await request<JobDetails>('GET', `${base(ns, jobId!)}/jobs/${flinkId(jobId!)}`)
      const before = queries.getQueryData<{ rates: Record<string, Rate> }>(queryKey)
      return { ...details, rates: ratesOf(details, before?.rates ?? {}) }
    },
    enabled: !!jobId,
    ...live,
  })
}

/** Rates by vertex and counter: "<vertex>/read-records", "<vertex>/write-records". */
function ratesOf(details: JobDetails, before: Record<string, Rate>): Record<string, Rate> {
  const after: Record<string, Rate> = {}
  for (const v of details.vertices)
    for (const counter of ['read-records', 'write-records']) {
      const key = `${v.id}/${counter}`
      after[key] = advance(before[key], { at: details.now, count: v.metrics[counter] ?? 0 })
    }
  return after
}

export function useCheckpointStats(ns: string, jobId: string | undefined) {
  return useQuery({
    queryKey: ['flink', ns, jobId, 'checkpoints'],
    queryFn: () => request<CheckpointStats>('GET', `${base(ns, jobId!)}/jobs/${flinkId(jobId!)}/checkpoints`),
    enabled: !!jobId,
    ...live,
  })
}

export function useOutput(ns: string, jobId: string | undefined) {
  return useQuery({
    queryKey: ['flink', ns, jobId, 'output'],
    queryFn: () => request<{ tables?: OutputTable[] }>('GET', `${base(ns, jobId!)}/jobs/${flinkId(jobId!)}/weir/output?limit=200`),
    enabled: !!jobId,
    ...live,
  })
}
