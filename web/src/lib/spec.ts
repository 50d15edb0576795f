// The part of a deployment that people write. Pure.

/** The document that is edited: what people write, without what the platform adds. */
export function editable(d: { metadata?: unknown; spec?: unknown }): Record<string, unknown> {
  const { name, displayName, labels } = (d.metadata ?? {}) as { name?: string; displayName?: string; labels?: unknown }
  return clean({ metadata: { name, displayName: displayName || undefined, labels }, spec: d.spec }) as Record<string, unknown>
}

/** Without fields that are not set. */
function clean(v: unknown): unknown {
  if (Array.isArray(v)) return v.map(clean)
  if (typeof v !== 'object' || v === null) return v
  return Object.fromEntries(Object.entries(v).filter(([, x]) => x !== undefined && x !== null).map(([k, x]) => [k, clean(x)]))
}
