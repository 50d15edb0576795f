import type { ReactNode } from 'react'
import { useEffect, useRef } from 'react'

/** A question over the page. Escape and Cancel answer no. */
export function Dialog({ title, confirm, disabled, onConfirm, onClose, children }: {
  title: string
  confirm: string
  disabled?: boolean
  onConfirm: () => void
  onClose: () => void
  children: ReactNode
}) {
  const ref = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    ref.current?.showModal()
  }, [])
  return (
    <dialog ref={ref} onCancel={onClose} aria-label={title}>
      <form method="dialog" onSubmit={(e) => { e.preventDefault(); onConfirm() }}>
        <h2>{title}</h2>
        {children}
        <div className="actions">
          <button type="button" onClick={onClose}>Cancel</button>
          <button type="submit" className="primary" disabled={disabled}>{confirm}</button>
        </div>
      </form>
    </dialog>
  )
}
