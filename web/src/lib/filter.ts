// Which deployments a list shows. Pure.
import { needs } from './attention'
import { troubles, type Condition } from './state'

export const stateFilters = [
  ['all', 'All'], ['running', 'Running'], ['changing', 'Changing'], ['stopped', 'Stopped'], ['failed', 'Failed'], ['attention', 'Need attention'],
] as const

export type StateFilter = (typeof stateFilters)[number][0]

interface Row {
  metadata?: { id?: string; name?: string; displayName?: string; labels?: Record<string, string> }
  spec?: { state?: string; deploymentTargetName?: string; sessionClusterName?: string }
  status?: { state?: string; running?: { conditions?: Condition[] } | null }
}

export function isIn(d: Row, filter: StateFilter, now: number): boolean {
  const state = d.status?.state
  switch (filter) {
    case 'all': return true
    case 'running': return state === 'RUNNING'
    case 'changing': return state === 'TRANSITIONING'
    case 'stopped': return state === 'SUSPENDED' || state === 'CANCELLED' || state === 'FINISHED'
    case 'failed': return state === 'FAILED' || troubles(d.status?.running?.conditions).length > 0
    case 'attention': return needs([d], now).length > 0
  }
}

/** "team=a" asks for a label with a value, "team" for the label. */
export function hasLabel(d: Row, label: string): boolean {
  const [key = '', value] = label.split('=', 2)
  const labels = d.metadata?.labels ?? {}
  return key in labels && (value === undefined || labels[key] === value)
}

/** Every word is in the name, the title, the state, the place or a label. */
export function says(d: Row, text: string): boolean {
  const all = [
    d.metadata?.name, d.metadata?.displayName, d.status?.state, d.spec?.deploymentTargetName, d.spec?.sessionClusterName,
    ...troubles(d.status?.running?.conditions).map((t) => t.word), ...Object.entries(d.metadata?.labels ?? {}).map(([k, v]) => `${k}=${v}`),
  ].join(' ').toLowerCase()
  return text.toLowerCase().split(/\s+/).every((w) => all.includes(w))
}
