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

/** How long ago, as people say it. */
export function ago(then: string | undefined, now: number): string {
  if (!then) return '–'
  const ms = now - Date.parse(then)
  return ms < 2000 ? 'now' : `${span(ms)} ago`
}
