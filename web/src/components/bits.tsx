// Small things every page is made of.
import type { ReactNode } from 'react'
import { useSyncExternalStore } from 'react'
import { ago, pieces } from '../lib/format'
import { shapes, toneOf, troubles, word, type Condition } from '../lib/state'

/** A state as a shape, a colour and a word; with what is wrong although it is in that state. */
export function StateWord({ state, conditions }: { state: string | undefined; conditions?: Condition[] }) {
  const wrong = troubles(conditions)
  const tone = wrong.length > 0 ? 'warn' : toneOf(state)
  return (
    <span className={`state ${tone}`}>
      <span aria-hidden="true">{shapes[tone]}</span> {[word(state), ...wrong.map((w) => w.word)].join(', ')}
    </span>
  )
}

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

export function Ago({ at }: { at: string | undefined }) {
  const clock = useSyncExternalStore(listen, () => now)
  return <time dateTime={at} title={at ? new Date(at).toLocaleString() : undefined}>{ago(at, clock)}</time>
}

/** A message of the server, its long ids and places shortened; they are whole on hover. */
export function Message({ text }: { text: string | undefined }) {
  return pieces(text ?? '').map((p, i) => (p.full ? <span key={i} className="cut" title={p.full}>{p.text}</span> : p.text))
}

export function Failure({ error, onClose }: { error: Error | null | undefined; onClose?: () => void }) {
  if (!error) return null
  const details = (error as { details?: string[] }).details ?? []
  const text = [error.message, ...details].join('\n')
  return (
    <div className="failure" role="alert">
      <div>
        <strong>{error.message}</strong>
        {details.map((d) => <div key={d} className="mono">{d}</div>)}
      </div>
      <button className="plain" onClick={() => void navigator.clipboard?.writeText(text)}>Copy</button>
      {onClose && <button className="plain" onClick={onClose}>Dismiss</button>}
    </div>
  )
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return <div className="empty"><strong>{title}</strong><div>{children}</div></div>
}

/** The newest values at the right end; a line of `slots` of them is full. */
export function Spark({ values, label, slots = 60 }: { values: number[]; label: string; slots?: number }) {
  const w = 96
  const h = 24
  const top = Math.max(...values, 1) * 1.25
  const x = (i: number) => (w - ((values.length - 1 - i) / (slots - 1)) * w).toFixed(1)
  const line = values.map((v, i) => `${x(i)},${(h - 1 - (v / top) * (h - 2)).toFixed(1)}`).join(' ')
  return (
    <svg className="spark" width={w} height={h} role="img" aria-label={label}>
      <title>{label}</title>
      <path className="floor" d={`M0,${h - 0.5}H${w}`} />
      {values.length > 1 && <polygon points={`${x(0)},${h} ${line} ${w},${h}`} />}
      {values.length > 1 && <polyline points={line} fill="none" />}
    </svg>
  )
}

export function Fact({ label, value, title, children }: { label: string; value: ReactNode; title?: string; children?: ReactNode }) {
  return (
    <div className="fact" title={title} data-testid="fact">
      <div className="value">{value}{children}</div>
      <div className="label">{label}</div>
    </div>
  )
}
