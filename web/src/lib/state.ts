// What a state looks like and what can be done in it. Pure.

export type Tone = 'good' | 'busy' | 'quiet' | 'bad' | 'warn'

const tones: Record<string, Tone> = {
  RUNNING: 'good', STARTED: 'good', COMPLETED: 'good',
  TRANSITIONING: 'busy', STARTING: 'busy', TERMINATING: 'busy', IN_PROGRESS: 'busy',
  FAILED: 'bad',
}

export function toneOf(state: string | undefined): Tone {
  return tones[state ?? ''] ?? 'quiet'
}

/** A shape for each tone, so that colour never speaks alone. */
export const shapes: Record<Tone, string> = { good: '●', busy: '◐', quiet: '○', bad: '✕', warn: '▲' }

/** "RUNNING" as "Running". */
export function word(state: string | undefined): string {
  if (!state) return 'Unknown'
  const w = state.toLowerCase().replaceAll('_', ' ')
  return w.charAt(0).toUpperCase() + w.slice(1)
}

export interface Condition {
  type?: string
  status?: string
  message?: string
}

const none: readonly { word: string; message: string }[] = []

/** What is wrong with something that runs: its conditions that hold, "JobFailing" as "job failing". */
export function troubles(conditions: Condition[] | undefined): readonly { word: string; message: string }[] {
  if (!conditions || conditions.length === 0) return none
  return conditions
    .filter((c) => c.status === 'True')
    .map((c) => ({ word: (c.type ?? '').replaceAll(/\B([A-Z])/g, ' $1').toLowerCase(), message: c.message ?? '' }))
}
