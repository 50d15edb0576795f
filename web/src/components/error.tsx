import type { ReactNode } from 'react'
import { remedyOf } from '../lib/remedy'
import { Message } from './bits'
import { Copy } from './code'

/** What went wrong: the cause, the places, what to do, and all of it to copy. */
export function ErrorBox({ error, title, remedy, onRetry, onClose }: {
  error: Error | null | undefined
  title?: string
  remedy?: ReactNode
  onRetry?: () => void
  onClose?: () => void
}) {
  if (!error) return null
  const { details = [], status } = error as { details?: string[]; status?: number }
  const todo = remedy ?? remedyOf(status)
  const text = [title, error.message, ...details].filter(Boolean).join('\n')
  return (
    <div className="failure" role="alert">
      <div>
        {title && <div>{title}</div>}
        <strong className="cause"><Message text={error.message} /></strong>
        {details.map((d) => <div key={d} className="mono">{d}</div>)}
        {todo && <div className="quiet">{todo}</div>}
      </div>
      {status === 401 && <a className="button" href="/auth/login">Sign in</a>}
      {onRetry && <button className="plain" onClick={onRetry}>Try again</button>}
      <Copy text={text} />
      {onClose && <button className="plain" onClick={onClose}>Dismiss</button>}
    </div>
  )
}
