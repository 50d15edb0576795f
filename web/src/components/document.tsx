// One document, as a form and as YAML. What one of them changes the other shows.
import { useState, type ReactNode } from 'react'
import { parseDocument, stringify } from 'yaml'
import { Editor, type Problem } from './editor/editor'
import { Segments } from './tabs'

export type View = 'form' | 'yaml'

export function DocumentEditor<T extends object>({ label, value, onChange, view, onView, readOnly, form }: {
  label: string
  value: T
  /** `problem` says why the text is no document; the value then is the last one that was. */
  onChange: (value: T, problem: string | undefined) => void
  view: View
  onView: (view: View) => void
  readOnly?: boolean
  form: ReactNode
}) {
  const [text, setText] = useState<string>()
  const [problems, setProblems] = useState<Problem[]>([])
  const written = text ?? stringify(value)
  const edit = (next: string) => {
    setText(next)
    const d = parseDocument(next)
    const found: Problem[] = d.errors.map((e) => ({ from: e.pos[0], to: Math.max(e.pos[1], e.pos[0] + 1), message: e.message.split('\n')[0] ?? 'not YAML' }))
    const parsed: unknown = found.length === 0 ? d.toJS() : undefined
    if (found.length === 0 && (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed))) found.push({ from: 0, to: next.length, message: 'must be a map of keys and values' })
    setProblems(found)
    onChange(found.length === 0 ? (parsed as T) : value, found[0]?.message)
  }
  const show = (v: View) => {
    // What is no document stays in the editor until it is one.
    if (v === 'form' && problems.length > 0) return
    setText(undefined)
    onView(v)
  }
  return (
    <div className="document">
      <Segments label="Show as" value={view} onChange={show} options={[['form', 'Form'], ['yaml', 'YAML']] as const} />
      {view === 'form' ? form : <Editor label={label} language="yaml" value={written} onChange={edit} problems={problems} readOnly={readOnly} minLines={14} />}
      {view === 'yaml' && problems[0] && <div className="error small" role="alert">✕ {problems[0].message}</div>}
    </div>
  )
}
