// What the form of a deployment needs to know around it.
import { useMemo } from 'react'
import { useArtifacts, useSessionClusters, useTargets } from './platform'
import { complete, validate } from './sql'

const names = (all: { metadata?: { name?: string } }[] | undefined) => (all ?? []).map((x) => x.metadata?.name ?? '').filter(Boolean).sort()

/** Offset of a line and column, both from 1. */
function offset(text: string, line = 1, column = 1): number {
  return text.split('\n').slice(0, line - 1).reduce((sum, l) => sum + l.length + 1, 0) + column - 1
}

export async function checkSql(ns: string, script: string) {
  const { error } = await validate(ns, script)
  if (!error) return []
  const from = offset(script, error.lineNumber, error.columnNumber)
  return [{ from, to: Math.max(from + 1, offset(script, error.endLineNumber, error.endColumnNumber) + 1), message: error.message ?? 'This is not valid.' }]
}

export async function suggestSql(ns: string, text: string, at: number) {
  const found = await complete(ns, text, at).catch(() => [])
  const typed = /[\w$]*$/.exec(text.slice(0, at))?.[0] ?? ''
  return {
    from: at - typed.length,
    options: found.map((c) => ({ label: c.text ?? '', type: (c.type ?? '').replace('HINT_TYPE_', '').toLowerCase() })).filter((o) => o.label),
  }
}

export function useAround(ns: string) {
  const targets = useTargets(ns).list.data
  const clusters = useSessionClusters(ns).list.data
  const jars = useArtifacts(ns).list.data
  return useMemo(() => ({
    targets: names(targets), clusters: names(clusters), jars: (jars ?? []).map((j) => j.uri),
    checkSql: (script: string) => checkSql(ns, script),
    suggestSql: (text: string, at: number, asked: boolean) => (asked || /\w$/.test(text.slice(0, at)) ? suggestSql(ns, text, at) : undefined),
  }), [ns, targets, clusters, jars])
}
