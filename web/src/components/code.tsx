import { useState } from 'react'

/** Copies a text, and says so. */
export function Copy({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [done, setDone] = useState(false)
  const copy = () => {
    void navigator.clipboard?.writeText(text).then(() => {
      setDone(true)
      setTimeout(() => setDone(false), 2000)
    })
  }
  return <button type="button" className="plain" onClick={copy}>{done ? 'Copied' : label}</button>
}

/** A text of a machine, to read and to copy. */
export function Code({ text, label }: { text: string; label: string }) {
  return (
    <div className="code">
      <Copy text={text} />
      <pre className="mono" tabIndex={0} aria-label={label}>{text}</pre>
    </div>
  )
}
