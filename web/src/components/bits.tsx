// Small things every page is made of.
import type { ReactNode } from 'react'
import { useEffect, useState } from 'react'
import { ago } from '../lib/format'
import { shapes, toneOf, word } from '../lib/state'

export function StateWord({ state, children }: { state: string | undefined; children?: ReactNode }) {
  const tone = toneOf(state)
  return (
    <span className={`state ${tone}`}>
      <span aria-hidden="true">{shapes[tone]}</span> {children ?? word(state)}
    </span>
  )
}

/** The clock, every second, for what says how long ago. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return now
}

export function Ago({ at }: { at: string | undefined }) {
  const now = useNow()
  return <time dateTime={at} title={at}>{ago(at, now)}</time>
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

export function Spark({ values, label }: { values: number[]; label: string }) {
  const w = 80
  const h = 20
  const top = Math.max(...values, 1)
  const points = values.map((v, i) => `${((i / Math.max(values.length - 1, 1)) * w).toFixed(1)},${(h - 1 - (v / top) * (h - 2)).toFixed(1)}`).join(' ')
  return (
    <svg className="spark" width={w} height={h} role="img" aria-label={label}>
      {values.length > 1 && <polyline points={points} fill="none" />}
    </svg>
  )
}

export function Fact({ label, value, unit, title }: { label: string; value: ReactNode; unit?: string; title?: string }) {
  return (
    <div className="fact" title={title}>
      <div className="value">{value}{unit && <span className="unit"> {unit}</span>}</div>
      <div className="label">{label}</div>
    </div>
  )
}
