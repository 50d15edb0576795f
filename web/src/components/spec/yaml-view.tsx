import { useMemo, useState } from 'react'
import { Editor } from '../editor/editor'
import { equal } from '../../lib/patch'
import { placeOf, read, suggest, toYaml } from './document'
import type { FieldProblem } from './form'

/** The same document as text. What cannot be read stays here and changes nothing. */
export default function YamlView({ doc, onDoc, problems, onReadable }: {
  doc: Record<string, unknown>
  onDoc: (doc: Record<string, unknown>) => void
  problems: FieldProblem[]
  onReadable: (readable: boolean) => void
}) {
  const [text, setText] = useState(() => toYaml(doc))
  const [said, setSaid] = useState<unknown>(doc)
  // What others changed comes in; what was typed here says the same already.
  if (doc !== said && !equal(doc, said)) {
    setSaid(doc)
    setText(toYaml(doc))
  }
  const type = (next: string) => {
    setText(next)
    const { doc: now } = read(next)
    onReadable(now !== undefined)
    if (!now) return
    setSaid(now)
    onDoc(now)
  }
  const marks = useMemo(() => {
    const own = read(text).problems
    return own.length > 0 ? own : problems.map((p) => ({ ...placeOf(text, p.attribute), message: p.message }))
  }, [text, problems])
  return (
    <>
      <Editor label="Deployment as YAML" language="yaml" value={text} onChange={type} problems={marks} suggest={suggest} minLines={20} />
      <p className="hint" role="status">{marks.length === 0 ? 'Ctrl Space tells what may be written.' : `${text.slice(0, marks[0]!.from).split('\n').length}: ${marks[0]!.message}${marks.length > 1 ? ` (and ${marks.length - 1} more)` : ''}`}</p>
    </>
  )
}
