// A deployment as a form or as YAML: two views of one document.
import { lazy, Suspense, useState } from 'react'
import { Loading } from '../bits'
import { Segments } from '../tabs'
import { SpecForm, type Around, type Doc, type FieldProblem } from './form'

export type { Around, Doc, FieldProblem } from './form'
export { SavepointFields } from './form'

const YamlView = lazy(() => import('./yaml-view'))

export type View = 'form' | 'yaml'

export function Spec({ doc, onDoc, problems, isNew = false, around, view, onView, onReadable }: {
  doc: Doc
  onDoc: (doc: Doc) => void
  problems: FieldProblem[]
  isNew?: boolean
  around: Around
  view: View
  onView: (view: View) => void
  onReadable: (readable: boolean) => void
}) {
  const [readable, setReadable] = useState(true)
  const tell = (r: boolean) => {
    setReadable(r)
    onReadable(r)
  }
  return (
    <>
      <div className="spec-head">
        <Segments label="View" value={view} onChange={(v) => { if (readable) onView(v) }} options={[['form', 'Form'], ['yaml', 'YAML']]} />
        {!readable && <span className="state bad">✕ This YAML cannot be read; correct it before you leave it.</span>}
      </div>
      {view === 'form' ? <SpecForm doc={doc} onDoc={onDoc} problems={problems} isNew={isNew} around={around} /> : (
        <Suspense fallback={<Loading what="the editor" />}><YamlView doc={doc} onDoc={onDoc} problems={problems} onReadable={tell} /></Suspense>
      )}
    </>
  )
}
