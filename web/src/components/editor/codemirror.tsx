import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, type CompletionContext } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { sql } from '@codemirror/lang-sql'
import { yaml } from '@codemirror/lang-yaml'
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language'
import { lintGutter, setDiagnostics } from '@codemirror/lint'
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search'
import { Compartment, EditorState, type Extension } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers, placeholder as ghost } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useEffect, useRef } from 'react'
import { flink, functions } from './dialect'

/** Something wrong between two offsets of the text. */
export interface Problem {
  from: number
  to: number
  message: string
  severity?: 'error' | 'warning' | 'info'
}

export interface Suggestion {
  label: string
  /** What is put in; the label if left out. */
  insert?: string
  detail?: string
  info?: string
  type?: string // 'keyword' | 'property' | 'function' | 'class' | …
}

export interface EditorHandle {
  /** The text that is selected, else undefined. */
  selection: () => string | undefined
  /** Offset of the cursor. */
  cursor: () => number
  insert: (text: string) => void
  focus: () => void
  reveal: (offset: number) => void
}

export interface EditorProps {
  label: string
  value: string
  onChange?: (value: string) => void
  language?: 'sql' | 'yaml' | 'text'
  readOnly?: boolean
  placeholder?: string
  minLines?: number
  maxHeight?: string
  problems?: Problem[]
  /** What fits at an offset of the text; `from` is where that which is typed begins. */
  suggest?: (text: string, at: number, asked: boolean) => Promise<{ from: number; options: Suggestion[] } | undefined> | { from: number; options: Suggestion[] } | undefined
  /** Mod-Enter. */
  onRun?: () => void
  handle?: (handle: EditorHandle | null) => void
  onCursor?: (offset: number) => void
}

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--accent)', fontWeight: '600' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--good)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--busy)' },
  { tag: [tags.comment, tags.lineComment, tags.blockComment], color: 'var(--quiet)', fontStyle: 'italic' },
  { tag: [tags.typeName, tags.standard(tags.name)], color: 'var(--blue)' },
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--blue)' },
])

const look = EditorView.theme({
  '&': { backgroundColor: 'var(--sheet)', color: 'var(--text)', fontSize: '13px' },
  '.cm-content': { fontFamily: 'var(--mono)', caretColor: 'var(--text)', padding: '8px 0' },
  '.cm-placeholder': { color: 'var(--quiet)' },
  '.cm-called, .cm-called > span': { color: 'var(--violet)', fontWeight: '400' },
  '.cm-gutters': { backgroundColor: 'var(--sheet)', color: 'var(--quiet)', border: '0' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--accent) 6%, transparent)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-1px' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': { backgroundColor: 'color-mix(in srgb, var(--accent) 25%, transparent)' },
  '.cm-panels, .cm-tooltip': { backgroundColor: 'var(--sheet)', color: 'var(--text)', border: '1px solid var(--line)' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--accent)', color: 'var(--on-accent)' },
  '.cm-searchMatch': { backgroundColor: 'color-mix(in srgb, var(--busy) 35%, transparent)' },
  '.cm-matchingBracket': { backgroundColor: 'color-mix(in srgb, var(--accent) 25%, transparent) !important', color: 'inherit' },
})

function languageOf(language: EditorProps['language']): Extension {
  if (language === 'sql') return [sql({ dialect: flink, upperCaseKeywords: true }), functions]
  return language === 'yaml' ? yaml() : []
}

export default function CodeMirror(props: EditorProps) {
  const box = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(null)
  const latest = useRef(props)
  useEffect(() => {
    latest.current = props
  })
  const { value, language, readOnly, label, placeholder, minLines = 8, maxHeight = '70vh', problems } = props

  useEffect(() => {
    const settable = new Compartment()
    const complete = async (c: CompletionContext) => {
      const found = await latest.current.suggest?.(c.state.doc.toString(), c.pos, c.explicit)
      if (!found || (found.options.length === 0)) return null
      return {
        from: found.from,
        options: found.options.map((o) => ({ label: o.label, apply: o.insert, detail: o.detail, info: o.info, type: o.type })),
        validFor: /^[\w.$]*$/,
      }
    }
    const v = new EditorView({
      parent: box.current!,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: [
          lineNumbers(), history(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(), highlightActiveLine(), highlightSelectionMatches(),
          search({ top: true }), lintGutter(), syntaxHighlighting(colours), look, languageOf(language), EditorState.tabSize.of(2),
          EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', autocapitalize: 'off', ...(readOnly ? { tabindex: '0' } : {}) }),
          placeholder ? ghost(placeholder) : [],
          settable.of([EditorState.readOnly.of(readOnly ?? false), EditorView.editable.of(!readOnly)]),
          autocompletion(latest.current.suggest ? { override: [complete], activateOnTyping: true } : {}),
          keymap.of([
            { key: 'Mod-Enter', run: () => { latest.current.onRun?.(); return latest.current.onRun !== undefined } },
            ...closeBracketsKeymap, ...completionKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap, indentWithTab,
            // Last: where Escape closes nothing else, it leaves the editor, so that Tab goes on.
            { key: 'Escape', run: (v) => { v.contentDOM.blur(); return true } },
          ]),
          EditorView.updateListener.of((u) => {
            if (u.docChanged) latest.current.onChange?.(u.state.doc.toString())
            if (u.selectionSet || u.docChanged) latest.current.onCursor?.(u.state.selection.main.head)
          }),
        ],
      }),
    })
    view.current = v
    v.scrollDOM.tabIndex = 0 // long scripts are scrolled by keyboard too
    latest.current.handle?.({
      selection: () => {
        const { from, to } = v.state.selection.main
        return from === to ? undefined : v.state.sliceDoc(from, to)
      },
      cursor: () => v.state.selection.main.head,
      insert: (text) => v.dispatch(v.state.replaceSelection(text)),
      focus: () => v.focus(),
      reveal: (at) => {
        v.dispatch({ selection: { anchor: Math.min(at, v.state.doc.length) }, scrollIntoView: true })
        v.focus()
      },
    })
    return () => {
      latest.current.handle?.(null)
      v.destroy()
    }
  }, [language, readOnly, label, placeholder])

  // What others changed comes in; what was typed here is there already.
  useEffect(() => {
    const v = view.current
    if (v && v.state.doc.toString() !== value) v.dispatch({ changes: { from: 0, to: v.state.doc.length, insert: value } })
  }, [value])

  useEffect(() => {
    const v = view.current
    if (!v) return
    const size = v.state.doc.length
    v.dispatch(setDiagnostics(v.state, (problems ?? []).map((p) => ({
      from: Math.min(p.from, size), to: Math.min(Math.max(p.to, p.from), size), message: p.message, severity: p.severity ?? 'error',
    }))))
  }, [problems])

  return <div ref={box} className="editor" data-testid="editor" style={{ ['--least' as string]: `${minLines * 1.4 + 1}em`, ['--most' as string]: maxHeight }} />
}
