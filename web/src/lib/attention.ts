// Which deployments need a person, and why. Pure.
import { troubles, type Condition, type Tone } from './state'

interface Seen {
  metadata?: { id?: string; name?: string; displayName?: string }
  spec?: { state?: string }
  status?: { state?: string; message?: string; messageSince?: string | null; running?: { conditions?: Condition[] } | null; transition?: { startedAt?: string | null } | null }
}

export interface Need {
  id: string
  name: string
  title: string
  tone: Tone
  word: string
  reason: string
  since?: string
}

const patience = 60_000 // a transition that takes longer is told

/** Failed ones first, then those that run badly, then those that take long. */
export function needs(deployments: readonly Seen[], now: number): Need[] {
  const found: (Need & { rank: number })[] = []
  for (const d of deployments) {
    const state = d.status?.state
    if (state !== 'FAILED' && state !== 'TRANSITIONING' && !d.status?.running?.conditions?.length) continue
    const name = d.metadata?.name ?? d.metadata?.id ?? ''
    const base = { id: d.metadata?.id ?? name, name, title: d.metadata?.displayName || name, since: d.status?.messageSince ?? undefined }
    const wrong = troubles(d.status?.running?.conditions)
    if (d.status?.state === 'FAILED') found.push({ ...base, rank: 0, tone: 'bad', word: 'Failed', reason: d.status.message || 'Its events say why.' })
    else if (wrong.length > 0) found.push({ ...base, rank: 1, tone: 'warn', word: `Running, ${wrong.map((w) => w.word).join(', ')}`, reason: wrong.map((w) => w.message).join(' ') })
    else if (d.status?.state === 'TRANSITIONING') {
      const since = d.status.transition?.startedAt ?? d.status.messageSince
      if (since && now - Date.parse(since) > patience) found.push({ ...base, since, rank: 2, tone: 'busy', word: 'Takes long', reason: d.status.message || `It is to be ${d.spec?.state?.toLowerCase() ?? 'changed'}.` })
    }
  }
  return found.sort((a, b) => a.rank - b.rank || a.name.localeCompare(b.name))
}
