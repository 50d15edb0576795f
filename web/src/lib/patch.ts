// Documents: read and write by path, and what changed as a merge patch (RFC 7386). Pure.

export type Json = string | number | boolean | null | undefined | Json[] | { [key: string]: Json }
type Obj = { [key: string]: Json }

const isObject = (v: unknown): v is Obj => typeof v === 'object' && v !== null && !Array.isArray(v)

export function get(doc: unknown, path: string): Json {
  let at: unknown = doc
  for (const key of path.split('.')) at = isObject(at) ? at[key] : undefined
  return at as Json
}

/** A copy with one value changed; undefined takes the field away, and objects that get empty by that. */
export function put<T>(doc: T, path: string, value: Json): T {
  const [key = '', ...rest] = path.split('.')
  const copy: Obj = isObject(doc) ? { ...doc } : {}
  const next = rest.length > 0 ? put(copy[key], rest.join('.'), value) : value
  if (next === undefined || (rest.length > 0 && value === undefined && isObject(next) && Object.keys(next).length === 0)) delete copy[key]
  else copy[key] = next
  return copy as T
}

export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((x, i) => equal(x, b[i]))
  if (!isObject(a) || !isObject(b)) return false
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].every((k) => equal(a[k], b[k]))
}

/** What makes `after` of `before`; undefined if they are the same. */
export function mergePatch(before: unknown, after: unknown): Json {
  if (equal(before, after)) return undefined
  if (!isObject(before) || !isObject(after)) return (after ?? null) as Json
  const out: Obj = {}
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (equal(before[key], after[key])) continue
    out[key] = after[key] === undefined ? null : isObject(after[key]) && !isObject(before[key]) ? after[key] : mergePatch(before[key], after[key])
  }
  return out
}

/** `patch` on top of `doc`. */
export function merge(doc: unknown, patch: unknown): Json {
  if (!isObject(patch)) return patch as Json
  const out: Obj = isObject(doc) ? { ...doc } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || value === undefined) delete out[key]
    else out[key] = merge(out[key], value)
  }
  return out
}
