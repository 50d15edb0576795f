// The scripts that are open: saved ones with what was changed since, and drafts that
// have no name yet. They outlive the page in this browser.
import { useCallback, useState } from 'react'

export interface Open {
  id: string // name of a saved script, or draft-N
  title: string
  text?: string // what differs from what is saved; undefined: nothing does
  draft: boolean
}

const key = (ns: string) => `weir.sql.${ns}`

function read(ns: string): Open[] {
  try {
    const all = JSON.parse(localStorage.getItem(key(ns)) ?? '[]') as Open[]
    return Array.isArray(all) ? all.filter((o) => typeof o?.id === 'string') : []
  } catch {
    return []
  }
}

export function useOpen(ns: string) {
  const [state, setState] = useState(() => ({ ns, all: read(ns) }))
  const all = state.ns === ns ? state.all : read(ns)
  const change = useCallback((to: (all: Open[]) => Open[]) => {
    setState((before) => {
      const next = to(before.ns === ns ? before.all : read(ns))
      try {
        localStorage.setItem(key(ns), JSON.stringify(next))
      } catch {
        // A browser that keeps nothing forgets drafts with the page.
      }
      return { ns, all: next }
    })
  }, [ns])
  return [all, change] as const
}

/** A name for a new draft that none of the open has. */
export function newDraft(all: Open[], text = ''): Open {
  let n = 1
  while (all.some((o) => o.id === `draft-${n}`)) n++
  return { id: `draft-${n}`, title: `Draft ${n}`, text, draft: true }
}
