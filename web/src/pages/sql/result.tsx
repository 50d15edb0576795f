// What came of the statements that were run.
import { useEffect, useState, type ReactNode } from 'react'
import { Copy } from '../../components/code'
import { Menu } from '../../components/menu'
import { Segments } from '../../components/tabs'
import { toast } from '../../components/toast'
import { csv, json, matching, type ChangeRow } from '../../lib/changelog'
import { exact, span } from '../../lib/format'
import { Explained, planOf } from './explain'
import { Grid } from './grid'
import type { Outcome, Run } from './run'

export type View = 'table' | 'changelog'

export function Result({ run, none, view, onView, onStop, onPlace }: {
  run: Run | undefined
  none?: ReactNode
  view: View
  onView: (v: View) => void
  onStop: () => void
  onPlace: (offset: number) => void
}) {
  if (!run)
    return (
      <div className="result-none quiet">
        <p>Put the cursor into a statement and press <kbd>Ctrl</kbd> <kbd>Enter</kbd>. A query shows its rows as they come; DDL changes the catalog.</p>
        {none}
      </div>
    )
  const last = run.outcomes.filter((o) => o.state !== 'skipped').at(-1)
  return (
    <div className="result" data-testid="result">
      {run.outcomes.length > 1 && (
        <ol className="outcomes" aria-label="Statements">
          {run.outcomes.map((o, i) => (
            <li key={i} className={o.state}>
              <span className={`state ${{ running: 'busy', done: 'good', failed: 'bad', skipped: 'quiet' }[o.state]}`}>{{ running: '◐ runs', done: '● done', failed: '✕ failed', skipped: '○ not run' }[o.state]}</span>
              <button type="button" className="plain mono" disabled={o.statement.from < 0} onClick={() => onPlace(o.statement.from)}>{o.statement.text.replace(/\s+/g, ' ').slice(0, 80)}</button>
            </li>
          ))}
        </ol>
      )}
      {last && <One key={`${run.id}-${run.outcomes.indexOf(last)}`} o={last} running={run.running} view={view} onView={onView} onStop={onStop} onPlace={onPlace} />}
    </div>
  )
}

function One({ o, running, view, onView, onStop, onPlace }: { o: Outcome; running: boolean; view: View; onView: (v: View) => void; onStop: () => void; onPlace: (offset: number) => void }) {
  const plan = o.rows && planOf(o.rows)
  return (
    <>
      {o.error && (
        <div className="failure" role="alert" data-testid="mistake">
          <div>
            <strong className="cause">{o.error.message}</strong>
            {o.error.cause && <div className="mono">{o.error.cause}</div>}
            {o.error.lineNumber && <div className="quiet">line {o.error.lineNumber}, column {o.error.columnNumber} of the statement</div>}
          </div>
          {o.place !== undefined && <button type="button" className="plain" onClick={() => onPlace(o.place!)}>Show the place</button>}
          <Copy text={`${o.error.message}\n\n${o.statement.text}`} />
        </div>
      )}
      {o.log && o.headers && <Live o={o} running={running} view={view} onView={onView} onStop={onStop} />}
      {o.log && !o.headers && !o.error && <p className="quiet pad" role="status">◐ The query starts …</p>}
      {plan ? <Explained plan={plan} /> : o.rows && o.headers && <Still o={o} />}
      {!o.log && !o.rows && !o.error && <p className="pad" role="status">{o.state === 'running' ? '◐ It is carried out …' : <><span className="state good">●</span> {o.message} <span className="quiet">{span((o.endedAt ?? 0) - o.startedAt)}</span></>}</p>}
    </>
  )
}

/** The rows of a listing. */
function Still({ o }: { o: Outcome }) {
  const rows: ChangeRow[] = (o.rows?.rows ?? []).map((r, seq) => ({ seq, op: '+I', cells: (r.cells ?? []).map((c) => c.value ?? null) }))
  return (
    <>
      <div className="result-bar"><span className="quiet">{rows.length === 1 ? '1 row' : `${exact(rows.length)} rows`}</span><span className="grow" /><Take headers={o.headers ?? []} rows={rows} ops={false} /></div>
      <Grid headers={o.headers ?? []} rows={rows} ops={false} follow={false} label="Rows" />
    </>
  )
}

function Live({ o, running, view, onView, onStop }: { o: Outcome; running: boolean; view: View; onView: (v: View) => void; onStop: () => void }) {
  const log = o.log!
  const [filter, setFilter] = useState('')
  const [held, setHeld] = useState<{ rows: ChangeRow[]; changes: ChangeRow[]; seen: number }>()
  const going = running && o.state === 'running'
  const table = view === 'table'
  const all = table ? (held?.rows ?? log.table()) : (held?.changes ?? log.changes)
  const rows = matching(all, filter)
  const seen = held?.seen ?? log.seen
  const headers = o.headers ?? []
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    if (!going) return
    const t = setInterval(() => setNow(Date.now()), 500)
    return () => clearInterval(t)
  }, [going])
  return (
    <>
      <div className="result-bar">
        <Segments label="What is shown" value={view} onChange={onView} options={[['table', 'Table'], ['changelog', 'Changelog']] as const} />
        <input className="filter" type="search" placeholder="Filter rows" aria-label="Filter rows" value={filter} onChange={(e) => setFilter(e.target.value)} />
        <span role="status" className="result-count" data-testid="counts">
          {going ? <span className="state busy">◐ runs</span> : <span className={`state ${o.error ? 'bad' : 'good'}`}>{o.error ? '✕ failed' : '● ended'}</span>}
          {' '}<b>{exact(log.live)}</b> {log.live === 1 ? 'row' : 'rows'} of <b>{exact(seen)}</b> {seen === 1 ? 'change' : 'changes'}
          <span className="quiet"> · {span((o.endedAt ?? now) - o.startedAt)}</span>
          {filter && <span className="quiet"> · {exact(rows.length)} match</span>}
        </span>
        <span className="grow" />
        {going && (
          <button type="button" aria-pressed={held !== undefined} onClick={() => setHeld(held ? undefined : { rows: log.table(), changes: [...log.changes], seen: log.seen })}>
            {held ? `Go on (${exact(log.seen - held.seen)} more)` : 'Pause'}
          </button>
        )}
        {going && <button type="button" onClick={onStop}>Stop</button>}
        <Take headers={headers} rows={rows} ops={!table} />
      </div>
      {!going && o.message && o.reason !== 'END' && <p className="quiet pad small">{o.message[0]?.toUpperCase()}{o.message.slice(1)}.</p>}
      {rows.length === 0
        ? <p className="quiet pad">{filter ? `No row has “${filter}” in it.` : going ? waiting(now - o.startedAt) : log.seen > 0 ? 'No row is left: all were taken back.' : 'The query gave no rows.'}</p>
        : <Grid headers={headers} rows={rows} ops={!table} follow={!table && going && !held} label={table ? 'Rows' : 'Changes'} />}
    </>
  )
}

function waiting(ms: number): string {
  return ms < 8000 ? 'No rows yet.' : 'No rows yet. Windows give rows when the watermark passes their end; a filter may let nothing through; or the tables have no new rows.'
}

/** Rows to take along. */
function Take({ headers, rows, ops }: { headers: { name?: string; type?: string }[]; rows: ChangeRow[]; ops: boolean }) {
  const columns = [...(ops ? [{ name: 'op', type: 'STRING' }] : []), ...headers.map((h) => ({ name: h.name ?? '', type: h.type }))]
  const cells = () => rows.map((r) => (ops ? [r.op, ...r.cells] : r.cells))
  const asCsv = () => csv(columns.map((c) => c.name), cells())
  const asJson = () => json(columns, cells())
  const copy = (text: string) => void navigator.clipboard?.writeText(text).then(() => toast(rows.length === 1 ? '1 row copied' : `${exact(rows.length)} rows copied`))
  const save = (ending: string, type: string, text: string) => {
    const a = document.createElement('a')
    a.href = URL.createObjectURL(new Blob([text], { type }))
    a.download = `rows.${ending}`
    a.click()
    setTimeout(() => URL.revokeObjectURL(a.href), 1000)
  }
  return (
    <Menu label="Copy" align="right" items={[
      { label: 'Copy as CSV', onSelect: () => copy(asCsv()) }, { label: 'Copy as JSON', onSelect: () => copy(asJson()) },
      { label: 'Save as CSV', onSelect: () => save('csv', 'text/csv', asCsv()) }, { label: 'Save as JSON', onSelect: () => save('json', 'application/json', asJson()) },
    ]} />
  )
}
