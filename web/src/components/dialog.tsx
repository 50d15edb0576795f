import type { ReactNode, RefObject } from 'react'
import { useLayoutEffect, useRef, useState } from 'react'

/** Opens a dialog over the page. When it goes, the focus is again where it was: a dialog gives it back as it closes, and only while it is in the page. */
export function useModal(ref: RefObject<HTMLDialogElement | null>) {
  useLayoutEffect(() => {
    const dialog = ref.current
    dialog?.showModal()
    return () => dialog?.close()
  }, [ref])
}

/**
 * A question over the page. Escape and Cancel answer no. `danger` says that what
 * is confirmed loses something; `name` has to be typed before it can be.
 */
export function Dialog({ title, confirm, disabled, danger, wide, name, onConfirm, onClose, children }: {
  title: string
  confirm: string
  disabled?: boolean
  danger?: boolean
  wide?: boolean
  name?: string
  onConfirm: () => void
  onClose: () => void
  children: ReactNode
}) {
  const ref = useRef<HTMLDialogElement>(null)
  const [typed, setTyped] = useState('')
  useModal(ref)
  const held = disabled || (name !== undefined && typed !== name)
  return (
    <dialog ref={ref} onCancel={onClose} aria-label={title} className={wide ? 'wide' : ''}>
      <form method="dialog" onSubmit={(e) => { e.preventDefault(); if (!held) onConfirm() }}>
        <h2>{title}</h2>
        {children}
        {name !== undefined && (
          <label className="field">
            <span>Type <b>{name}</b> to confirm</span>
            <input value={typed} autoComplete="off" spellCheck={false} onChange={(e) => setTyped(e.target.value)} />
          </label>
        )}
        <div className="actions">
          <button type="button" onClick={onClose}>Cancel</button>
          <button type="submit" className={danger ? 'primary danger' : 'primary'} disabled={held}>{confirm}</button>
        </div>
      </form>
    </dialog>
  )
}

/** A window over the page to look at; Escape and Close end it. */
export function Panel({ title, onClose, children, tools }: { title: string; onClose: () => void; children: ReactNode; tools?: ReactNode }) {
  const ref = useRef<HTMLDialogElement>(null)
  useModal(ref)
  return (
    <dialog ref={ref} onCancel={onClose} onClick={(e) => e.target === ref.current && onClose()} aria-label={title} className="panel">
      <div className="title"><h2>{title}</h2><span className="grow" />{tools}<button onClick={onClose}>Close</button></div>
      {children}
    </dialog>
  )
}
