// Logs and state: of a running job from its cluster's REST API through the server, of what was before from what is kept.
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { Schema } from './client'
import { namespacePath, request } from './client'

const base = (ns: string, jobId: string) => `/flink-ui/v1/namespaces/${encodeURIComponent(ns)}/jobs/${jobId}`
const flinkId = (jobId: string) => jobId.replaceAll('-', '')

export interface LogFile {
  path: string
  title: string
}

/** The processes of a job that write a log. */
export function useLogFiles(ns: string, jobId: string | undefined) {
  return useQuery({
    queryKey: ['flink', ns, jobId, 'log files'],
    queryFn: async (): Promise<LogFile[]> => {
      const { taskmanagers } = await request<{ taskmanagers?: { id: string }[] }>('GET', `${base(ns, jobId!)}/taskmanagers`)
      const others = (taskmanagers ?? []).filter((t) => t.id !== 'weir-engine')
      return [{ path: 'jobmanager/log', title: others.length > 0 ? 'Job manager' : 'Engine' }, { path: 'jobmanager/stdout', title: 'Standard output' }, ...others.map((t) => ({ path: `taskmanagers/${t.id}/log`, title: `Task manager ${t.id}` }))]
    },
    enabled: !!jobId,
    staleTime: 10_000,
  })
}

/** A log, read anew every two seconds. */
export function useLog(ns: string, jobId: string | undefined, path: string) {
  return useQuery({
    queryKey: ['flink', ns, jobId, 'log', path],
    queryFn: () => request<string>('GET', `${base(ns, jobId!)}/${path}`, undefined, 'text/plain'),
    enabled: !!jobId,
    refetchInterval: 2000,
    retry: 1,
  })
}

/** What is kept of the log of a job that has ended; it does not change any more. */
export function useKeptLog(ns: string, jobId: string | undefined) {
  return useQuery({
    queryKey: ['jobs', ns, jobId, 'kept log'],
    queryFn: () => request<string>('GET', `${namespacePath(ns)}/jobs/${jobId}/log`, undefined, 'text/plain'),
    enabled: !!jobId,
    staleTime: 60_000,
    retry: 1,
  })
}

export type Contents = Schema['SavepointContents']
export type StateRows = Schema['StateRows']

/** What a savepoint holds, operator by operator. */
export function useContents(ns: string, savepoint: string | undefined) {
  return useQuery({
    queryKey: ['state of savepoint', ns, savepoint],
    queryFn: () => request<Contents>('GET', `${namespacePath(ns)}/savepoints/${savepoint}/state`),
    enabled: !!savepoint,
    staleTime: Infinity, // it never changes
  })
}

export interface RowsOf {
  operator: string
  table: string
  column: string
  text: string
  limit: number
}

/** Rows of one table of a savepoint. */
export function useStateRows(ns: string, savepoint: string | undefined, of: RowsOf | undefined) {
  return useQuery({
    queryKey: ['state of savepoint', ns, savepoint, of],
    queryFn: () => {
      const query = new URLSearchParams({ operator: of!.operator, table: of!.table, limit: String(of!.limit) })
      if (of!.column && of!.text) query.append('where', `${of!.column}=${of!.text}`)
      return request<StateRows>('GET', `${namespacePath(ns)}/savepoints/${savepoint}/state/rows?${query}`)
    },
    enabled: !!savepoint && !!of,
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  })
}

export interface OperatorState {
  vertex: string
  vertexName: string
  operator: string
  bytes: number
  keys: number
  /** Milliseconds that a key is kept which nothing touches; 0: for ever; undefined: keys do not age by themselves. */
  ttl?: number
}

/** State of each operator as the engine counts it now, over all its subtasks. */
export function useOperatorState(ns: string, jobId: string | undefined, vertices: { id: string; name: string }[]) {
  const ids = vertices.map((v) => v.id).join()
  return useQuery({
    queryKey: ['flink', ns, jobId, 'state', ids],
    queryFn: async () => {
      const all = await Promise.all(vertices.map(async (v): Promise<OperatorState[]> => {
        const at = `${base(ns, jobId!)}/jobs/${flinkId(jobId!)}/vertices/${v.id}/subtasks/metrics`
        const names = (await request<{ id: string }[]>('GET', at)).map((m) => m.id).filter((id) => /weir\.state(Bytes|Keys|TtlMillis)$/.test(id))
        if (names.length === 0) return []
        const values = await request<{ id: string; sum?: number; max?: number }[]>('GET', `${at}?get=${encodeURIComponent(names.join())}&agg=sum,max`)
        const by = new Map<string, OperatorState>()
        for (const m of values) {
          const operator = m.id.replace(/\.?weir\.state(Bytes|Keys|TtlMillis)$/, '')
          if (operator === '') continue // the whole chain; its operators are told one by one
          const s = by.get(operator) ?? { vertex: v.id, vertexName: v.name, operator, bytes: 0, keys: 0 }
          if (m.id.endsWith('Bytes')) s.bytes = m.sum ?? 0
          else if (m.id.endsWith('Keys')) s.keys = m.sum ?? 0
          else s.ttl = m.max
          by.set(operator, s)
        }
        return [...by.values()]
      }))
      return all.flat()
    },
    enabled: !!jobId && vertices.length > 0,
    refetchInterval: 5000,
  })
}

export interface Subtask {
  subtask: number
  status: string
  attempt: number
  host?: string
  duration: number
  metrics: Record<string, number>
}

/** A vertex, slice by slice. */
export function useVertex(ns: string, jobId: string | undefined, vertex: string | undefined) {
  return useQuery({
    queryKey: ['flink', ns, jobId, 'vertex', vertex],
    queryFn: async () => {
      const at = `${base(ns, jobId!)}/jobs/${flinkId(jobId!)}/vertices/${vertex}`
      const [details, marks, pressure] = await Promise.all([
        request<{ now: number; subtasks: Subtask[]; maxParallelism: number }>('GET', at),
        request<{ id: string; value: string }[]>('GET', `${at}/watermarks`).catch(() => []),
        request<{ subtasks?: { subtask: number; ratio: number; busyRatio?: number; idleRatio?: number }[] }>('GET', `${at}/backpressure`).catch(() => ({ subtasks: [] })),
      ])
      return { ...details, watermarks: marks, shares: pressure.subtasks ?? [] }
    },
    enabled: !!jobId && !!vertex,
    refetchInterval: 1000,
  })
}

export interface CheckpointLine {
  id: number
  status: string
  is_savepoint: boolean
  trigger_timestamp: number
  end_to_end_duration: number
  state_size: number
  checkpointed_size?: number
  external_path?: string
  failure_message?: string
}

export function useCheckpointHistory(ns: string, jobId: string | undefined) {
  return useQuery({
    queryKey: ['flink', ns, jobId, 'checkpoint history'],
    queryFn: () => request<{ counts: Record<string, number>; history: CheckpointLine[] }>('GET', `${base(ns, jobId!)}/jobs/${flinkId(jobId!)}/checkpoints`),
    enabled: !!jobId,
    refetchInterval: 2000,
  })
}
