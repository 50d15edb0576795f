import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { Deployment, Event, Job, Revision, Savepoint, Schema } from './client'
import { useMemo } from 'react'
import { ApiError, namespacePath, request } from './client'

interface List<T> {
  items?: T[]
}

const items = async <T>(path: string) => (await request<List<T>>('GET', path)).items ?? []

export function useDeployments(ns: string) {
  return useQuery({ queryKey: ['deployments', ns], queryFn: () => items<Deployment>(`${namespacePath(ns)}/deployments`) })
}

export function useDeployment(ns: string, ref: string) {
  return useQuery({
    queryKey: ['deployments', ns, ref],
    queryFn: () => request<Deployment>('GET', `${namespacePath(ns)}/deployments/${encodeURIComponent(ref)}`),
    enabled: ref !== '',
  })
}

export function useJobs(ns: string, deploymentId: string | undefined) {
  return useQuery({
    queryKey: ['jobs', ns, deploymentId],
    queryFn: () => items<Job>(`${namespacePath(ns)}/jobs?newest=100&deploymentId=${deploymentId}`),
    enabled: !!deploymentId,
  })
}

export function useSavepoints(ns: string, deploymentId: string | undefined) {
  return useQuery({
    queryKey: ['savepoints', ns, deploymentId],
    queryFn: () => items<Savepoint>(`${namespacePath(ns)}/savepoints?newest=100&deploymentId=${deploymentId}`),
    enabled: !!deploymentId,
  })
}

export function useEvents(ns: string, deploymentId: string | undefined, newest: number) {
  return useQuery({
    queryKey: ['events', ns, deploymentId, newest],
    queryFn: () => items<Event>(`${namespacePath(ns)}/events?newest=${newest}&deploymentId=${deploymentId}`),
    enabled: !!deploymentId,
  })
}

/** Which job ran which spec, oldest first. */
export function useRuns(ns: string, ref: string) {
  return useQuery({
    queryKey: ['jobs', ns, ref, 'runs'],
    queryFn: () => items<Schema['Run']>(`${namespacePath(ns)}/deployments/${encodeURIComponent(ref)}/history?newest=100`),
  })
}

export function useRevisions(ns: string, ref: string) {
  return useQuery({
    queryKey: ['revisions', ns, ref],
    queryFn: () => items<Revision>(`${namespacePath(ns)}/deployments/${encodeURIComponent(ref)}/revisions`),
  })
}

export type WantedState = 'RUNNING' | 'SUSPENDED' | 'CANCELLED'

/** Does one thing to each of several deployments, a few at a time; the errors of those that refused, by name. */
async function each(names: string[], what: (name: string) => Promise<unknown>): Promise<Map<string, Error>> {
  const refused = new Map<string, Error>()
  const waiting = [...names]
  const worker = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const n = name
      await what(n).catch((e: Error) => refused.set(n, e))
    }
  }
  await Promise.all(Array.from({ length: 4 }, worker))
  return refused
}

/** What can be done to many deployments at once. */
export function useStates(ns: string) {
  const queries = useQueryClient()
  return useMemo(() => {
    const path = (name: string) => `${namespacePath(ns)}/deployments/${encodeURIComponent(name)}`
    const all = (names: string[], what: (name: string) => Promise<unknown>) => each(names, what).finally(() => void queries.invalidateQueries({ queryKey: ['deployments'] }))
    return {
      set: (names: string[], state: WantedState) => all(names, (n) => request('PATCH', path(n), { spec: { state } })),
      remove: (names: string[]) => all(names, (n) => request('DELETE', path(n))),
    }
  }, [ns, queries])
}

/** A deployment as the server writes it in YAML. */
export function yamlOf(ns: string, ref: string): Promise<string> {
  return request<string>('GET', `${namespacePath(ns)}/deployments/${encodeURIComponent(ref)}`, undefined, 'application/yaml')
}

export type Plan = Schema['Plan']

/** What a change would do; nothing is changed by asking. */
export function plan(ns: string, ref: string, patch: unknown): Promise<Plan> {
  return request<Plan>('POST', `${namespacePath(ns)}/deployments/${encodeURIComponent(ref)}:plan?method=PATCH`, patch)
}

/** What the server would refuse of a document, field by field; its SQL is compiled too. */
export async function check(ns: string, doc: unknown, patch?: { ref: string; body: unknown }): Promise<{ attribute: string; message: string }[]> {
  const all = `${namespacePath(ns)}/deployments`
  try {
    await (patch ? request('PATCH', `${all}/${encodeURIComponent(patch.ref)}?dryRun=true&validate=true`, patch.body) : request('POST', `${all}?dryRun=true&validate=true`, doc))
    return []
  } catch (e) {
    if (e instanceof ApiError && e.status === 400) return e.fields.length > 0 ? e.fields : [{ attribute: '', message: e.message }]
    if (e instanceof ApiError && e.status === 409) return [{ attribute: 'metadata.name', message: e.message }]
    throw e
  }
}

export function useCreate(ns: string) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (doc: unknown) => request<Deployment>('POST', `${namespacePath(ns)}/deployments`, doc),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['deployments'] }),
  })
}

/** What can be done to a deployment. Every action ends in fresh reads. */
export function useActions(ns: string, ref: string) {
  const queries = useQueryClient()
  const path = `${namespacePath(ns)}/deployments/${encodeURIComponent(ref)}`
  const action = useMutation({
    mutationFn: (run: () => Promise<unknown>) => run(),
    onSettled: () => queries.invalidateQueries(),
  })
  /** Runs one action; `then` only if it succeeded. */
  const run = <T>(what: () => Promise<T>, then?: (result: T) => void) =>
    action.mutate(what, { onSuccess: (result) => then?.(result as T) })
  return {
    pending: action.isPending,
    error: action.error,
    clear: action.reset,
    patch: (patch: unknown, then?: () => void) => run(() => request('PATCH', path, patch), then),
    /** As planned: state that the plan did not call lost is not lost. */
    change: (patch: unknown, acceptStateLoss: boolean, then?: () => void) =>
      run(() => request('PATCH', `${path}?${acceptStateLoss ? 'acceptStateLoss' : 'refuseStateLoss'}=true`, patch), then),
    savepoint: (deploymentId: string, then?: () => void) => run(() => request('POST', `${namespacePath(ns)}/savepoints`, { metadata: { deploymentId } }), then),
    reset: (savepointId: string) => run(() => request('POST', `${path}:reset`, { savepointId })),
    fork: (savepointId: string, name: string, then: (d: Deployment) => void) =>
      run(() => request<Deployment>('POST', `${path}:fork`, { savepointId, name }), then),
    adopt: (deploymentId: string, savepointLocation: string, then?: () => void) =>
      run(() => request('POST', `${namespacePath(ns)}/savepoints`, { metadata: { deploymentId }, spec: { savepointLocation } }), then),
    removeSavepoint: (id: string, force: boolean) => run(() => request('DELETE', `${namespacePath(ns)}/savepoints/${id}${force ? '?force=true' : ''}`)),
    remove: (then: () => void) => run(() => request('DELETE', path), then),
    rollback: (generation: number) => run(() => request('POST', `${path}:rollback`, { generation })),
  }
}
