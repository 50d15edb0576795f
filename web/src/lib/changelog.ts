// The result of a query as it comes: its changes, and the table that they make. Pure.

export type Cells = (string | null)[]

export interface ChangeRow {
  seq: number
  op: string // +I, -U, +U, -D
  cells: Cells
}

/** What is kept of the changes; the table is kept whole. */
export const changesKept = 20_000

/**
 * Folds changes into a table. A row that is taken back leaves its place to the
 * next that comes, so that an update changes a row where it stands.
 */
export class Changelog {
  changes: ChangeRow[] = []
  rows: (ChangeRow | undefined)[] = []
  seen = 0
  live = 0
  unmatched = 0 // taken back without having been there
  private at = new Map<string, number[]>()
  private free: number[] = []

  add(op: string, cells: Cells) {
    const row = { seq: this.seen++, op, cells }
    this.changes.push(row)
    if (this.changes.length > changesKept * 1.5) this.changes = this.changes.slice(-changesKept)
    const key = JSON.stringify(cells)
    const places = this.at.get(key)
    if (op === '+I' || op === '+U') {
      const place = this.free.pop() ?? this.rows.length
      this.rows[place] = row
      this.live++
      if (places) places.push(place)
      else this.at.set(key, [place])
      return
    }
    const place = places?.pop()
    if (place === undefined) {
      this.unmatched++
      return
    }
    if (places!.length === 0) this.at.delete(key)
    this.rows[place] = undefined
    this.free.push(place)
    this.live--
  }

  table(): ChangeRow[] {
    return this.rows.filter((r) => r !== undefined)
  }
}

/** Rows with a text in one of their values, in any case. */
export function matching(rows: ChangeRow[], words: string): ChangeRow[] {
  const wanted = words.trim().toLowerCase()
  if (wanted === '') return rows
  return rows.filter((r) => r.cells.some((c) => c !== null && c.toLowerCase().includes(wanted)))
}

const field = (v: string | null) => (v === null ? '' : /[",\n\r]/.test(v) || v === '' ? `"${v.replaceAll('"', '""')}"` : v)

/** RFC 4180; NULL is an empty field, an empty text is "". */
export function csv(names: string[], rows: Cells[]): string {
  return [names, ...rows].map((r) => r.map(field).join(',')).join('\n') + '\n'
}

const numeric = /^(TINYINT|SMALLINT|INT|BIGINT|FLOAT|DOUBLE|DECIMAL)/

/** An array of objects; numbers that JavaScript holds exactly and booleans are such. */
export function json(columns: { name: string; type?: string }[], rows: Cells[]): string {
  const value = (v: string | null, type: string | undefined) => {
    if (v === null) return null
    if (type?.startsWith('BOOLEAN')) return v.toLowerCase() === 'true'
    if (type && numeric.test(type) && Number.isFinite(Number(v)) && (!/^-?\d+$/.test(v) || Number.isSafeInteger(Number(v)))) return Number(v)
    return v
  }
  return JSON.stringify(rows.map((r) => Object.fromEntries(columns.map((c, i) => [c.name, value(r[i] ?? null, c.type)]))), null, 1) + '\n'
}
