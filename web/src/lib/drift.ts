// A deployment that git owns: who says so, and what was edited here since its manifest was applied. Pure.
import { equal, mergePatch, type Json } from './patch'

const owner = 'weir.io/owned-by'
const applied = 'weir.io/last-applied'

interface Owned {
  metadata?: { annotations?: Record<string, string> }
  spec?: unknown
}

/** The resource that owns a deployment, as namespace/name of Kubernetes; undefined: nobody does. */
export function ownerOf(d: Owned): string | undefined {
  return d.metadata?.annotations?.[owner]?.replace(/^kubernetes:/, '') || undefined
}

/** Whether a document says all that another one says. What the other does not say it may say as it likes. */
export function says(doc: unknown, of: unknown): boolean {
  if (of === null || of === undefined) return true
  if (typeof of !== 'object' || Array.isArray(of)) return equal(doc, of)
  return typeof doc === 'object' && doc !== null && Object.entries(of).every(([k, v]) => says((doc as Record<string, unknown>)[k], v))
}

/** What was edited since the manifest was applied, as a merge patch of its spec; undefined: nothing, or it cannot be told. */
export function driftOf(d: Owned, revisions: readonly { generation: number; spec: unknown }[]): Json {
  let manifest: { spec?: unknown }
  try {
    manifest = JSON.parse(d.metadata?.annotations?.[applied] ?? '') as { spec?: unknown }
  } catch {
    return undefined
  }
  // The revision that it became: where the specs began, for the last time, to say what it says.
  const all = [...revisions].sort((a, b) => a.generation - b.generation)
  const base = all.findLast((r, i) => says(r.spec, manifest.spec) && (i === 0 || !says(all[i - 1]!.spec, manifest.spec)))
  return base && mergePatch(base.spec, d.spec)
}
