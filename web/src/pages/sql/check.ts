// What is wrong with a script, statement by statement, as one types.
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { ErrorDetails } from '../../api/sql'
import { validate } from '../../api/sql'
import { kindOf, offset, only, split, type Statement } from '../../lib/sql'

export interface Mistake {
  from: number
  to: number
  message: string
  severity: 'error' | 'info'
}

const most = 12 // statements that are checked at once

/** The mistakes of a script some moments after it was last changed, and whether they are of the text as it is. */
export function useMistakes(ns: string, script: string): { mistakes: Mistake[]; checking: boolean } {
  const [settled, setSettled] = useState(script)
  useEffect(() => {
    const t = setTimeout(() => setSettled(script), 400)
    return () => clearTimeout(t)
  }, [script])
  const { data, isFetching } = useQuery({
    queryKey: ['catalog', ns, 'check', settled], staleTime: Infinity, gcTime: 60_000, retry: false,
    queryFn: () => check(ns, settled),
    enabled: settled.trim() !== '',
  })
  return { mistakes: settled === script && settled.trim() !== '' ? (data ?? none) : none, checking: isFetching || settled !== script }
}

const none: Mistake[] = []

async function check(ns: string, script: string): Promise<Mistake[]> {
  const statements = split(script)
  const found = await Promise.all(statements.slice(0, most).map((s, i) => checkOne(ns, script, statements, s, i)))
  return found.filter((m) => m !== undefined)
}

/** A statement is looked at with those before it that it may need: first with all that declare, then with what is of the session alone. */
async function checkOne(ns: string, script: string, all: Statement[], s: Statement, index: number): Promise<Mistake | undefined> {
  const before = all.slice(0, index)
  const kept = before.filter((b) => ['session', 'temporary'].includes(kindOf(b.text)))
  const declared = before.filter((b) => ['session', 'temporary', 'declare'].includes(kindOf(b.text)))
  const ask = async (with_: Statement[]) => {
    const text = only(script, [...with_, s])
    const { error } = await validate(ns, text)
    return error && { error, ...place(text, error, s) }
  }
  let wrong = await ask(kept)
  if (wrong && declared.length > kept.length) {
    // What it lacks may be made by a statement above that was not carried out yet.
    const again = await ask(declared)
    if (!again) return undefined
    if (again.within) wrong = again
  }
  if (!wrong?.within) return undefined // the mistake is in another statement, which has its own
  const exists = /already exists/i.test(wrong.error.message ?? '') && /^CREATE/i.test(s.text)
  return { from: wrong.from, to: wrong.to, message: wrong.error.message ?? '', severity: exists ? 'info' : 'error' }
}

function place(text: string, e: ErrorDetails, s: Statement) {
  if (!e.lineNumber) return { from: s.from, to: s.to, within: true }
  const from = offset(text, e.lineNumber, e.columnNumber ?? 1)
  const to = e.endLineNumber ? offset(text, e.endLineNumber, (e.endColumnNumber ?? 1) + 1) : from + 1
  return { from, to: Math.max(to, from + 1), within: from >= s.from && from <= s.to }
}
