// Carrying out statements: what is under way, and what came of it.
import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { ApiError } from '../../api/client'
import { execute, follow, type ErrorDetails, type Executed, type Header } from '../../api/sql'
import { Changelog } from '../../lib/changelog'
import { kindOf, offset, type Statement } from '../../lib/sql'

export interface Outcome {
  statement: Statement
  state: 'running' | 'done' | 'failed' | 'skipped'
  startedAt: number
  endedAt?: number
  message?: string
  error?: ErrorDetails
  /** Offset in the script of what is wrong. */
  place?: number
  rows?: Executed['resultTable']
  headers?: Header[]
  log?: Changelog
  reason?: string
}

export interface Run {
  id: number
  outcomes: Outcome[]
  running: boolean
}

let last = 0

/** Runs statements one after the other; one run at a time, and none goes on without the page. */
export function useRun(ns: string) {
  const [run, setRun] = useState<Run>()
  const [, setVersion] = useState(0)
  const queries = useQueryClient()
  const stopping = useRef<AbortController>(undefined)
  useEffect(() => () => stopping.current?.abort(), [ns])

  const stop = useCallback(() => stopping.current?.abort(), [])
  const start = useCallback(async (statements: Statement[], before: Statement[], limit: number) => {
    stopping.current?.abort()
    const abort = (stopping.current = new AbortController())
    const now: Run = { id: ++last, outcomes: [], running: true }
    const show = () => {
      if (stopping.current === abort) setRun({ ...now, outcomes: [...now.outcomes] })
    }
    let drawn = 0
    const soon = () => {
      if (drawn) return
      // Rows come by the thousand: they are drawn when the browser draws.
      drawn = requestAnimationFrame(() => {
        drawn = 0
        if (stopping.current === abort) setVersion((v) => v + 1)
      })
    }
    const needed = [...before]
    for (const [i, s] of statements.entries()) {
      const o: Outcome = { statement: s, state: 'running', startedAt: Date.now() }
      now.outcomes.push(o)
      show()
      try {
        if (kindOf(s.text) === 'query') await ask(o, needed)
        else await carryOut(o, needed)
      } catch (e) {
        o.error ??= { message: e instanceof Error ? e.message : String(e) }
        if (e instanceof ApiError && e.details.length > 0) o.error.cause = e.details.join('\n')
      }
      o.endedAt = Date.now()
      o.state = o.error ? 'failed' : 'done'
      if (o.error?.lineNumber && s.from >= 0) o.place = s.from + offset(s.text, o.error.lineNumber, o.error.columnNumber ?? 1)
      if (kindOf(s.text) === 'declare') void queries.invalidateQueries({ queryKey: ['catalog', ns] })
      if (['session', 'temporary'].includes(kindOf(s.text))) needed.push(s)
      if (o.error || abort.signal.aborted) {
        for (const rest of statements.slice(i + 1)) now.outcomes.push({ statement: rest, state: 'skipped', startedAt: Date.now() })
        break
      }
    }
    cancelAnimationFrame(drawn)
    now.running = false
    show()

    async function ask(o: Outcome, needed: Statement[]) {
      const log = (o.log = new Changelog())
      await follow(ns, o.statement.text, needed.map((b) => b.text), limit, abort.signal, (line) => {
        if (line.headers) o.headers = line.headers
        for (const [op, ...cells] of line.rows ?? []) log.add(op ?? '', cells)
        if (line.end) {
          o.reason = line.end.reason
          o.message = line.end.message
          o.error = line.end.errorMessage
        }
        if (line.headers) show()
        else soon()
      })
      if (abort.signal.aborted) [o.reason, o.message] = ['STOPPED', 'stopped by you']
      else if (!o.reason) o.error = { message: 'The connection to the server was lost while the query ran; these are the rows it had given.' }
    }

    async function carryOut(o: Outcome, needed: Statement[]) {
      const all = await execute(ns, [...needed, o.statement].map((b) => b.text))
      const bad = all.slice(0, -1).findIndex((r) => r.errorMessage)
      if (bad >= 0) {
        o.error = { message: `In a statement before it (${needed[bad]!.text.slice(0, 60)}…): ${all[bad]!.errorMessage!.message}` }
        return
      }
      const r = all.at(-1)
      o.rows = r?.resultTable
      o.headers = r?.resultTable?.headers
      o.error = r?.errorMessage
      o.message = r?.preview?.message ?? (o.rows ? undefined : 'Done.')
    }
  }, [ns, queries])
  const clear = useCallback(() => {
    stopping.current?.abort()
    stopping.current = undefined
    setRun(undefined)
  }, [])
  return { run, start, stop, clear }
}
