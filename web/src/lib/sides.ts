// Two texts side by side. Pure.
import { diffLines } from './diff'

export interface Pair {
  before?: string
  after?: string
  same: boolean
}

/** Lines beside their counterparts; what was removed and added at one place is beside each other. */
export function sides(before: string, after: string): Pair[] {
  const out: Pair[] = []
  let removed: string[] = []
  let added: string[] = []
  const flush = () => {
    for (let i = 0; i < Math.max(removed.length, added.length); i++) out.push({ before: removed[i], after: added[i], same: false })
    removed = []
    added = []
  }
  for (const l of diffLines(before, after)) {
    if (l.kind === 'removed') removed.push(l.text)
    else if (l.kind === 'added') added.push(l.text)
    else {
      flush()
      out.push({ before: l.text, after: l.text, same: true })
    }
  }
  flush()
  return out
}

/** Only what differs, with `around` lines beside it; undefined stands for lines left out. */
export function near(pairs: Pair[], around = 3): (Pair | undefined)[] {
  const keep = pairs.map((_, i) => pairs.slice(Math.max(0, i - around), i + around + 1).some((p) => !p.same))
  return pairs.flatMap((p, i) => (keep[i] ? [p] : i > 0 && keep[i - 1] ? [undefined] : []))
}
