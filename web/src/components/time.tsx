// Times: relative on the page, absolute on hover, in the zone that the person chose.
import { useSyncExternalStore } from 'react'
import { absolute, ago } from '../lib/format'
import { useSettings } from './settings'

// One clock for all that says how long ago; it stands still while nobody looks.
let now = Date.now()
const readers = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

function listen(reader: () => void) {
  readers.add(reader)
  timer ??= setInterval(() => {
    now = Date.now()
    readers.forEach((r) => r())
  }, 1000)
  return () => {
    readers.delete(reader)
    if (readers.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** The time now, once a second. */
export function useClock(): number {
  return useSyncExternalStore(listen, () => now)
}

/** The time now in steps: nothing is drawn anew until the next one. */
export function useTick(step: number): number {
  return useSyncExternalStore(listen, () => Math.floor(now / step) * step)
}

type Instant = string | number | null | undefined

/** How long ago; the exact time on hover. */
export function Ago({ at }: { at: Instant }) {
  // The words of the clock, not the clock: nothing is drawn anew while they stay.
  const words = useSyncExternalStore(listen, () => ago(at ?? undefined, now))
  const { zone } = useSettings()
  if (!at) return <span>–</span>
  return <time dateTime={new Date(at).toISOString()} title={absolute(at, zone)}>{words}</time>
}

/** The time itself; how long ago on hover. */
export function Time({ at, day = true }: { at: Instant; day?: boolean }) {
  const { zone } = useSettings()
  if (!at) return <span>–</span>
  const whole = absolute(at, zone)
  return <time dateTime={new Date(at).toISOString()} title={whole}>{day ? whole : whole.slice(11)}</time>
}
