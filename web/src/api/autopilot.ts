// The autopilot of a deployment.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { Schema } from './client'
import { request } from './client'

export type Policy = Schema['AutopilotPolicy']

export function useAutopilot(ns: string, ref: string) {
  const queries = useQueryClient()
  const path = `/autopilot/v1alpha1/namespaces/${encodeURIComponent(ns)}/deployments/${encodeURIComponent(ref)}/autopilotpolicy`
  const key = ['autopilot', ns, ref]
  return {
    policy: useQuery({ queryKey: [...key, 'policy'], queryFn: async () => (await request<Schema['AutopilotPolicyResponse']>('GET', path)).policy }),
    status: useQuery({ queryKey: [...key, 'status'], queryFn: async () => (await request<Schema['AutopilotStatusResponse']>('GET', `${path}:status`)).status, refetchInterval: 5000 }),
    recommendation: useQuery({ queryKey: [...key, 'recommendation'], queryFn: async () => (await request<Schema['AutopilotRecommendationResponse']>('GET', `${path}:recommendation`)).recommendation, refetchInterval: 5000 }),
    save: useMutation({ mutationFn: (policy: Policy) => request('PUT', path, policy), onSettled: () => queries.invalidateQueries({ queryKey: key }) }),
  }
}
