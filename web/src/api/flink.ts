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

const live = { refetchInterval: 1000, retry: 2, retryDelay: 500, staleTime: 500 }

const counters = ['read-records', 'write-records', 'accumulated-busy-time', 'accumulated-backpressured-time', 'accumulated-idle-time'] as const

export interface LiveJob extends JobDetails {
  jobId: string
  /** By vertex and counter, "<vertex>/read-records", in units a second. */
  rates: Record<string, Rate>
  /** What all sources read: until now, a second, and each second of the last minute. */
  read: number
  perSecond: number | undefined
  history: number[]
}

/**
 * The running job of a deployment with the rates that follow from the readings
 * before. While one job follows another, the old one's last reading stays.
 */
export function useLiveJob(ns: string, deploymentId: string | undefined, jobId: string | undefined, watch = true) {
  const queries = useQueryClient()
  const queryKey = ['flink', ns, deploymentId, 'job']
  return useQuery({
    queryKey,
    queryFn: async (): Promise<LiveJob> => {
      const details = await request<JobDetails>('GET', `${base(ns, jobId!)}/jobs/${flinkId(jobId!)}`)
      return next(details, jobId!, queries.getQueryData<LiveJob>(queryKey))
    },
    enabled: watch && !!deploymentId && !!jobId,
    ...live,
  })
}

function next(details: JobDetails, jobId: string, before: LiveJob | undefined): LiveJob {
  const same = before?.jobId === jobId ? before : undefined
  const rates: Record<string, Rate> = {}
  for (const v of details.vertices)
    for (const counter of counters) {
      const key = `${v.id}/${counter}`
      rates[key] = advance(same?.rates[key], { at: details.now, count: v.metrics[counter] ?? 0 })
    }
  const sources = details.vertices.filter((v) => !details.plan.nodes?.find((n) => n.id === v.id)?.inputs?.length)
  // What a source reads; Flink counts only what it gives on, weir's engine both.
  const counter = (v: Vertex) => (v.metrics['read-records'] ? 'read-records' : 'write-records')
  const all = sources.map((v) => rates[`${v.id}/${counter(v)}`]?.perSecond)
  const perSecond = all.every((r) => r !== undefined) ? all.reduce((sum: number, r) => sum + r!, 0) : undefined
  const read = sources.reduce((sum, v) => sum + (v.metrics[counter(v)] ?? 0), 0)
  const newer = perSecond !== undefined && same?.now !== details.now
  return { ...details, jobId, rates, read, perSecond, history: newer ? [...(before?.history ?? []), perSecond].slice(-60) : (before?.history ?? []) }
}

/** What shares of the last second a vertex was busy and back-pressured, 0 to 1. */
export function shares(job: LiveJob, vertex: string): { busy: number; backPressured: number } {
  const rate = (name: string) => job.rates[`${vertex}/accumulated-${name}-time`]?.perSecond ?? 0
  const [busy, pressed] = [rate('busy'), rate('backpressured')]
  const all = Math.max(1, busy + pressed + rate('idle'))
  return { busy: busy / all, backPressured: pressed / all }
}

export function useCheckpointStats(ns: string, deploymentId: string | undefined, jobId: string | undefined) {
  return useQuery({
    queryKey: ['flink', ns, deploymentId, 'checkpoints'],
    queryFn: () => request<CheckpointStats>('GET', `${base(ns, jobId!)}/jobs/${flinkId(jobId!)}/checkpoints`),
    enabled: !!deploymentId && !!jobId,
    ...live,
  })
}

/** The newest rows of print sinks. A new job's empty table does not take the old rows away. */
export function useOutput(ns: string, deploymentId: string | undefined, jobId: string | undefined) {
  const queries = useQueryClient()
  const queryKey = ['flink', ns, deploymentId, 'output']
  return useQuery({
    queryKey,
    queryFn: async () => {
      const { tables } = await request<{ tables?: OutputTable[] }>('GET', `${base(ns, jobId!)}/jobs/${flinkId(jobId!)}/weir/output?limit=200`)
      const before = queries.getQueryData<{ tables: OutputTable[] }>(queryKey)?.tables ?? []
      return { tables: (tables ?? []).map((t) => (t.rows.length > 0 ? t : (before.find((b) => sameTable(b, t)) ?? t))) }
    },
    enabled: !!deploymentId && !!jobId,
    ...live,
  })
}

function sameTable(a: OutputTable, b: OutputTable): boolean {
  return a.name === b.name && a.columns.map((c) => c.name).join() === b.columns.map((c) => c.name).join()
}
