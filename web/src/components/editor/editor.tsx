// The editor. What it edits stays the caller's: a value and what changes it. The
// editor itself is loaded when the first one is opened; until then, and if it
// cannot be loaded, the same text is in a plain field.
import { Component, lazy, Suspense, type ReactNode } from 'react'
import type { EditorProps } from './codemirror'

export type { EditorHandle, EditorProps, Problem, Suggestion } from './codemirror'

const CodeMirror = lazy(() => import('./codemirror'))

export function Editor(props: EditorProps) {
  return <Guard plain={<Plain {...props} />}><Suspense fallback={<Plain {...props} />}><CodeMirror {...props} /></Suspense></Guard>
}

function Plain({ label, value, onChange, readOnly, minLines = 8 }: EditorProps) {
  return (
    <textarea className="mono script" aria-label={label} spellCheck={false} wrap="off" readOnly={readOnly} value={value}
      rows={Math.max(minLines, value.split('\n').length + 1)} onChange={(e) => onChange?.(e.target.value)} />
  )
}

class Guard extends Component<{ plain: ReactNode; children: ReactNode }, { failed: boolean }> {
  override state = { failed: false }
  static getDerivedStateFromError() {
    return { failed: true }
  }
  override render() {
    return this.state.failed ? this.props.plain : this.props.children
  }
}
