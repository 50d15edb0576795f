// Short news at the edge of the page, with a way back where there is one.
import { useSyncExternalStore } from 'react'

interface News {
  id: number
  text: string
  tone: 'good' | 'bad'
  undo?: () => void
}

let all: News[] = []
let last = 0
const readers = new Set<() => void>()

function put(next: News[]) {
  all = next
  readers.forEach((r) => r())
}

/** Tells that something was done. `undo` takes it back. */
export function toast(text: string, { tone = 'good', undo }: { tone?: News['tone']; undo?: () => void } = {}) {
  const id = ++last
  put([...all.slice(-3), { id, text, tone, undo }])
  setTimeout(() => dismiss(id), undo || tone === 'bad' ? 10_000 : 5_000)
}

const dismiss = (id: number) => put(all.filter((n) => n.id !== id))

const listen = (reader: () => void) => {
  readers.add(reader)
  return () => void readers.delete(reader)
}

export function Toasts() {
  const news = useSyncExternalStore(listen, () => all)
  return (
    <div className="toasts" role="log" aria-label="News" aria-live="polite">
      {news.map((n) => (
        <div key={n.id} className={`toast ${n.tone}`} data-testid="toast">
          <span>{n.text}</span>
          {n.undo && <button className="plain" onClick={() => { dismiss(n.id); n.undo?.() }}>Undo</button>}
          <button className="plain" aria-label="Dismiss the message" onClick={() => dismiss(n.id)}>✕</button>
        </div>
      ))}
    </div>
  )
}
