// SQL as the platform's parser reads it: its own words, generated from it.
import { SQLDialect } from '@codemirror/lang-sql'
import { syntaxTree } from '@codemirror/language'
import type { Extension } from '@codemirror/state'
import { Decoration, MatchDecorator, ViewPlugin, type DecorationSet, type EditorView, type ViewUpdate } from '@codemirror/view'
import words from './words.json'

export const flink = SQLDialect.define({
  keywords: words.keywords.join(' ').toLowerCase(),
  types: words.types.join(' ').toLowerCase(),
  builtin: '',
  identifierQuotes: '`',
  caseInsensitiveIdentifiers: true,
  slashComments: false,
  hashComments: false,
  backslashEscapes: false,
})

const known = new Set(words.functions)
const mark = Decoration.mark({ class: 'cm-called' })

// A function is one where it is called: columns may have its name.
const called = new MatchDecorator({
  regexp: /([A-Za-z_][A-Za-z0-9_]*)(?=\s*\()/g,
  decorate: (add, from, to, match, view) => {
    if (!known.has(match[1]!.toUpperCase())) return
    const at = syntaxTree(view.state).resolveInner(from, 1).name
    if (!/String|Comment|QuotedIdentifier/.test(at)) add(from, to, mark)
  },
})

/** Colours functions that are called. */
export const functions: Extension = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet
    constructor(view: EditorView) {
      this.decorations = called.createDeco(view)
    }
    update(u: ViewUpdate) {
      // Where a comment begins or ends, other lines change their meaning too.
      this.decorations = syntaxTree(u.startState) === syntaxTree(u.state) ? called.updateDeco(u, this.decorations) : called.createDeco(u.view)
    }
  },
  { decorations: (v) => v.decorations },
)
