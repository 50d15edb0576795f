// A deployment as YAML: to text and back, what is wrong with it and where, and
// what may be written at a place. Loaded with the YAML view.
import { isMap, isScalar, isSeq, LineCounter, parseDocument, stringify, type Document, type Node } from 'yaml'
import type { Problem, Suggestion } from '../editor/editor'
import raw from './shape.json'

interface Shape {
  type: string
  about?: string
  enum?: string[]
  min?: number
  properties?: Record<string, Shape>
  values?: Shape
  items?: Shape
  open?: boolean
}

const shape = raw as unknown as Shape

export function toYaml(doc: unknown): string {
  return stringify(doc, { lineWidth: 0, blockQuote: 'literal' })
}

/** What a text says, and what is wrong with it by the shape of a deployment. */
export function read(text: string): { doc?: Record<string, unknown>; problems: Problem[] } {
  const document = parseDocument(text, { lineCounter: new LineCounter(), prettyErrors: false })
  const problems: Problem[] = document.errors.map((e) => ({ from: e.pos[0], to: Math.max(e.pos[1], e.pos[0] + 1), message: e.message }))
  if (problems.length > 0) return { problems }
  if (!isMap(document.contents)) return { problems: [{ from: 0, to: text.length, message: 'a deployment begins with fields such as metadata and spec' }] }
  const doc = walk(document.contents, shape, '', problems) as Record<string, unknown>
  return { doc, problems }
}

function walk(node: unknown, s: Shape | undefined, path: string, problems: Problem[]): unknown {
  const wrong = (message: string, at: unknown = node) => {
    const [from = 0, to = 0] = (at as Node | null)?.range ?? []
    problems.push({ from, to: Math.max(to, from + 1), message })
  }
  if (isMap(node)) {
    if (s && s.type !== 'object' && s.type !== 'any') wrong(`${path || 'this'} is to be ${article(s.type)}`)
    const out: Record<string, unknown> = {}
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String((key as { source?: string }).source ?? key.value) : String(key)
      const under = s?.properties?.[name] ?? s?.values
      if (s?.properties && !under && !s.open) {
        const near = nearest(name, Object.keys(s.properties))
        wrong(`${path ? `${path} has` : 'there is'} no field ${name}${near ? `; did you mean ${near}?` : ''}`, key)
      }
      out[name] = walk(value, under, path ? `${path}.${name}` : name, problems)
    }
    return out
  }
  if (isSeq(node)) {
    if (s && s.type !== 'array' && s.type !== 'any') wrong(`${path} is to be ${article(s.type)}`)
    return node.items.map((n, i) => walk(n, s?.items, `${path}.${i}`, problems))
  }
  if (!isScalar(node)) return node === null ? undefined : node
  const { value } = node
  const source = (node as { source?: string }).source
  if (value === null) return s?.type === 'string' && source !== 'null' && source !== '~' && source !== '' ? source : null
  switch (s?.type) {
    case 'string': {
      // 1.10 stays 1.10: what is meant as text is taken as it is written.
      const text = typeof value === 'string' ? value : (source ?? String(value))
      if (s.enum && !s.enum.includes(text)) wrong(`${path} is one of ${s.enum.join(', ')}`)
      return text
    }
    case 'integer': case 'number':
      if (typeof value !== 'number' || (s.type === 'integer' && !Number.isInteger(value))) wrong(`${path} is to be ${article(s.type)}`)
      else if (s.min !== undefined && value < s.min) wrong(`${path} is at least ${s.min}`)
      return value
    case 'boolean':
      if (typeof value !== 'boolean') wrong(`${path} is true or false`)
      return value
    case 'object': case 'array':
      wrong(`${path} is to be ${article(s.type)}`)
  }
  return value
}

const article = (type: string) => ({ object: 'fields, each on a line of its own', array: 'a list', integer: 'a whole number', number: 'a number', string: 'text', boolean: 'true or false' })[type] ?? type

function nearest(word: string, all: string[]): string | undefined {
  const low = word.toLowerCase()
  return all.find((k) => k.toLowerCase() === low) ?? all.find((k) => k.toLowerCase().startsWith(low) || low.startsWith(k.toLowerCase())) ?? all.find((k) => distance(low, k.toLowerCase()) <= 2)
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
    row = next
  }
  return row[b.length]!
}

/** Where a field such as spec.template.spec.parallelism is in a text; the nearest one above it if it is not there. */
export function placeOf(text: string, path: string): { from: number; to: number } {
  let document: Document
  try {
    document = parseDocument(text, { prettyErrors: false })
  } catch {
    return { from: 0, to: 0 }
  }
  const keys = path.split('.')
  for (; keys.length > 0; keys.pop()) {
    const node = document.getIn(keys, true) as Node | undefined
    if (node?.range) return { from: node.range[0], to: Math.max(node.range[1], node.range[0] + 1) }
  }
  return { from: 0, to: 1 }
}

/** What may be written at an offset: names of fields, or values of one. */
export function suggest(text: string, at: number, asked: boolean): { from: number; options: Suggestion[] } | undefined {
  const before = text.slice(0, at)
  const lines = before.split('\n')
  const line = lines.at(-1) ?? ''
  const indent = line.length - line.trimStart().length
  const path: string[] = []
  let depth = indent
  for (let i = lines.length - 2; i >= 0 && depth > 0; i--) {
    const m = /^(\s*)(?:- )?([\w./-]+):\s*(\|[-+]?|>[-+]?)?\s*$/.exec(lines[i]!)
    if (!m || m[1]!.length >= depth) continue
    if (m[3]) return undefined // inside a text
    path.unshift(m[2]!)
    depth = m[1]!.length
  }
  const s = path.reduce<Shape | undefined>((s, key) => s?.properties?.[key] ?? s?.values ?? s?.items, shape)
  const value = /^\s*(?:- )?([\w./-]+):\s+(\S*)$/.exec(line)
  if (value) {
    const of = s?.properties?.[value[1]!]
    const options = of?.enum ?? (of?.type === 'boolean' ? ['true', 'false'] : [])
    return options.length > 0 ? { from: at - value[2]!.length, options: options.map((label) => ({ label, type: 'enum' })) } : undefined
  }
  const word = /^\s*(?:- )?([\w-]*)$/.exec(line)
  if (!word || !s?.properties || (word[1] === '' && !asked)) return undefined
  const nested = (t: Shape) => t.type === 'object'
  return {
    from: at - word[1]!.length,
    options: Object.entries(s.properties).map(([label, t]) => ({
      label, insert: nested(t) ? `${label}:\n${' '.repeat(indent + 2)}` : `${label}: `, detail: t.enum ? t.enum.join(' | ') : t.type, info: t.about, type: 'property',
    })),
  }
}
