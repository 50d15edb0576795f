// Order and text of rows. Pure.

export type Order = { key: string; down: boolean }

export type Sortable = string | number | undefined | null

// One for all comparisons: making one takes longer than many of them.
const words = new Intl.Collator(undefined, { numeric: true })

/** Rows in order; those without a value come last either way. Rows that are equal stay as they were. */
export function sorted<T>(rows: readonly T[], value: (row: T) => Sortable, down: boolean): T[] {
  const sign = down ? -1 : 1
  return rows
    .map((row) => ({ row, v: value(row) ?? undefined }))
    .sort((a, b) => {
      if (a.v === undefined || b.v === undefined) return a.v === b.v ? 0 : a.v === undefined ? 1 : -1
      return sign * (typeof a.v === 'number' && typeof b.v === 'number' ? a.v - b.v : words.compare(String(a.v), String(b.v)))
    })
    .map((x) => x.row)
}

/** "name" is up and "-name" is down, as in addresses. */
export function order(text: string | null | undefined, standard: Order): Order {
  if (!text) return standard
  return text.startsWith('-') ? { key: text.slice(1), down: true } : { key: text, down: false }
}

export const orderText = (o: Order) => (o.down ? `-${o.key}` : o.key)

/** Comma-separated values by RFC 4180; what a spreadsheet would take for a formula is quoted as text. */
export function csv(head: string[], rows: Sortable[][]): string {
  const cell = (v: Sortable) => {
    let text = v === undefined || v === null ? '' : String(v)
    if (typeof v === 'string' && /^[=+\-@\t]/.test(text) && Number.isNaN(Number(text))) text = `'${text}`
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  return [head, ...rows].map((r) => r.map(cell).join(',')).join('\r\n') + '\r\n'
}
