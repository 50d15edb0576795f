// Small things every page is made of.
import type { ReactNode } from 'react'
import { pieces } from '../lib/format'
import { shapes, toneOf, troubles, word, type Condition, type Tone } from '../lib/state'

/** A state as a shape, a colour and a word; with what is wrong although it is in that state. */
export function StateWord({ state, conditions }: { state: string | undefined; conditions?: Condition[] }) {
  const wrong = troubles(conditions)
  const tone = wrong.length > 0 ? 'warn' : toneOf(state)
  return <Mark tone={tone}>{[word(state), ...wrong.map((w) => w.word)].join(', ')}</Mark>
}

/** Words with the shape and the colour of a tone. */
export function Mark({ tone, children }: { tone: Tone; children: ReactNode }) {
  return <span className={`state ${tone}`}><span aria-hidden="true">{shapes[tone]}</span> {children}</span>
}

/** A message of the server, its long ids and places shortened; they are whole on hover. */
export function Message({ text }: { text: string | undefined }) {
  return pieces(text ?? '').map((p, i) => (p.full ? <span key={i} className="cut" title={p.full}>{p.text}</span> : p.text))
}

/** What a place without content is for, and how to fill it. */
export function Empty({ title, children, actions }: { title: string; children?: ReactNode; actions?: ReactNode }) {
  return (
    <div className="empty">
      <strong>{title}</strong>
      <div>{children}</div>
      {actions && <div className="actions left">{actions}</div>}
    </div>
  )
}

/** The shape of what comes; it says so, and appears only if that takes a while. */
export function Loading({ what }: { what: string }) {
  return <div className="skeleton" aria-busy="true"><span>Reading {what} …</span></div>
}

export function Fact({ label, value, title, children }: { label: string; value: ReactNode; title?: string; children?: ReactNode }) {
  return (
    <div className="fact" title={title} data-testid="fact">
      <div className="value">{value}{children}</div>
      <div className="label">{label}</div>
    </div>
  )
}

/** The head of a page: its title and, at the right, what can be done. */
export function Head({ title, crumbs, children, aside }: { title: ReactNode; crumbs?: ReactNode; aside?: ReactNode; children?: ReactNode }) {
  return (
    <>
      {crumbs && <div className="crumbs">{crumbs}</div>}
      <div className="title">
        <h1>{title}</h1>
        {aside}
        <span className="grow" />
        {children}
      </div>
    </>
  )
}
