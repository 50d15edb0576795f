// How the server answers: that it is slow, or answers with errors, is said
// once, above every page.
import { useEffect, useState } from 'react'

const patience = 4000 // milliseconds until an answer is late
const memory = 60_000 // a page that was left asks no more, so its errors are forgotten

interface Asked {
  path: string
  since: number
}

const open = new Set<Asked>()
const failed = new Map<string, { status: number; at: number }>()

/** Notes that a read was sent; what it returns is called with the status of the answer, 0 for none. */
export function asked(path: string): (status: number) => void {
  const one = { path: path.split('?')[0]!, since: Date.now() }
  open.add(one)
  return (status) => {
    open.delete(one)
    // What a job's cluster does not answer is said where it is asked.
    if (status >= 500 && !one.path.startsWith('/flink-ui/')) failed.set(one.path, { status, at: Date.now() })
    else failed.delete(one.path)
  }
}

/** What is wrong with how the server answers; undefined: nothing. */
export function complaint(now: number): string | undefined {
  for (const [path, { at }] of failed) if (now - at > memory) failed.delete(path)
  const worst = [...failed.values()].at(-1)
  if (worst) return `The server answers with errors (${worst.status}); trying again. What you see is what was known.`
  const waits = Math.max(0, ...[...open].map((o) => now - o.since))
  return waits > patience ? `The server is slow: ${Math.floor(waits / 1000)} s without an answer. What you see is what was known.` : undefined
}

/** The complaint, looked at every second. */
export function useComplaint(): string | undefined {
  const [said, say] = useState<string>()
  useEffect(() => {
    const timer = setInterval(() => say(complaint(Date.now())), 1000)
    return () => clearInterval(timer)
  }, [])
  return said
}
