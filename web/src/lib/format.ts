// Text for numbers and times. Pure.

const si = ['', ' k', ' M', ' G', ' T']

/** A count or rate with three significant digits: 1234567 is "1.23 M". */
export function compact(n: number): string {
  if (!Number.isFinite(n)) return '–'
  const sign = n < 0 ? '-' : ''
  let x = Math.abs(n)
  let k = 0
  while (x >= 999.5 && k < si.length - 1) {
    x /= 1000
    k++
  }
  const digits = k === 0 && Number.isInteger(x) ? 0 : x < 9.995 ? 2 : x < 99.95 ? 1 : 0
  return sign + x.toFixed(digits) + (si[k] ?? '')
}

/** A number with thin groups of three: "1 234 567". */
export function exact(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f')
}

/** A size in bytes: "1.2 MiB". */
export function bytes(n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let k = 0
  while (n >= 1024 && k < units.length - 1) {
    n /= 1024
    k++
  }
  return `${n.toFixed(k === 0 || n >= 100 ? 0 : 1)} ${units[k]}`
}

/** A span of time, coarse: "0.8 s", "12 s", "3 min", "2 h", "5 d". */
export function span(ms: number): string {
  const s = Math.max(0, ms) / 1000
  if (s < 10) return `${s.toFixed(1)} s`
  if (s < 100) return `${Math.round(s)} s`
  if (s < 100 * 60) return `${Math.round(s / 60)} min`
  if (s < 48 * 3600) return `${Math.round(s / 3600)} h`
  return `${Math.round(s / 86400)} d`
}

/** How long something took: "43 ms", else as a span. */
export function took(ms: number): string {
  return !Number.isFinite(ms) ? '–' : ms < 1000 ? `${Math.round(ms)} ms` : span(ms)
}

/** How long ago, as people say it. Whole seconds: a number that changes all the time is no help. */
export function ago(then: string | number | undefined, now: number): string {
  if (!then) return '–'
  const ms = now - new Date(then).getTime()
  return ms < 2000 ? 'now' : `${ms < 100_000 ? `${Math.floor(ms / 1000)} s` : span(ms)} ago`
}

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/
const place = /[a-z][a-z0-9+.-]*:\/+[^\s;,()]+|(?:file:)?\/[^\s;,()']*\/[^\s;,()']*/
const long = new RegExp(`(?:${place.source})|(?:${uuid.source})`, 'gi')

export interface Piece {
  text: string
  full?: string // what the text stands for, where it was cut
}

/** A message in pieces, its ids cut to 8 characters and its long places to their last name. */
export function pieces(message: string): Piece[] {
  const out: Piece[] = []
  let at = 0
  for (const m of message.matchAll(long)) {
    const full = m[0].replace(/[.:]+$/, '')
    const text = full.includes('/') ? (full.length > 40 ? `…/${full.replace(/\/+$/, '').split('/').at(-1)}` : full) : full.slice(0, 8)
    if (text === full) continue
    out.push({ text: message.slice(at, m.index) }, { text, full })
    at = m.index + full.length
  }
  out.push({ text: message.slice(at) })
  return out.filter((p) => p.text !== '')
}

export function isNumber(type: string): boolean {
  return /^(TINYINT|SMALLINT|INT|BIGINT|FLOAT|DOUBLE|DECIMAL)/.test(type)
}

/** A value of a row of an SQL type: DOUBLEs aligned on the point, times as SQL writes them. */
export function cell(value: string | null, type: string): string {
  if (value === null) return 'NULL'
  if (/^TIMESTAMP/.test(type)) return value.replace('T', ' ')
  if (!/^(FLOAT|DOUBLE)/.test(type)) return value
  const x = Number(value)
  const size = Math.abs(x)
  return !Number.isFinite(x) || size >= 1e9 || (size > 0 && size < 0.01) ? value : x.toFixed(3)
}

/** An instant in full: "2024-01-31 12:00:00 UTC", or in the zone of the browser with its offset. */
export function absolute(at: string | number, zone: 'utc' | 'local'): string {
  const d = new Date(at)
  if (Number.isNaN(d.getTime())) return '–'
  if (zone === 'utc') return `${d.toISOString().slice(0, 19).replace('T', ' ')} UTC`
  const two = (n: number) => String(n).padStart(2, '0')
  const off = -d.getTimezoneOffset()
  const zoneText = `${off < 0 ? '−' : '+'}${two(Math.floor(Math.abs(off) / 60))}:${two(Math.abs(off) % 60)}`
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())} ${zoneText}`
}
