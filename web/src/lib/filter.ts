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
    case 'attention': return (state === 'FAILED' || state === 'TRANSITIONING' || (d.status?.running?.conditions?.length ?? 0) > 0) && needs([d], now).length > 0
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
  if (text === '') return true
  const all = wordsOf(d)
  return text.toLowerCase().split(/\s+/).every((w) => all.includes(w))
}

// Of hundreds that are listed few change at a time: what was made of the others is kept as long as they are.
const words = new WeakMap<Row, string>()
const labels = new WeakMap<Row, string[]>()

function wordsOf(d: Row): string {
  const known = words.get(d)
  if (known !== undefined) return known
  const all = [
    d.metadata?.name, d.metadata?.displayName, d.status?.state, d.spec?.deploymentTargetName, d.spec?.sessionClusterName,
    ...troubles(d.status?.running?.conditions).map((t) => t.word), ...labelsOf(d),
  ].join(' ').toLowerCase()
  words.set(d, all)
  return all
}

/** Labels as they are written: key=value. */
export function labelsOf(d: Row): readonly string[] {
  let all = labels.get(d)
  if (!all) labels.set(d, (all = Object.entries(d.metadata?.labels ?? {}).map(([k, v]) => `${k}=${v}`)))
  return all
}

/** How many a filter of states would show, for each of them. */
export function countStates(deployments: readonly Row[], now: number): number[] {
  return stateFilters.map(([key]) => (key === 'all' ? deployments.length : deployments.reduce((n, d) => n + (isIn(d, key, now) ? 1 : 0), 0)))
}
