// What forms of SQL's plug-ins write. Pure.
import { quoted, text } from './sql'

export interface Property {
  key: string
  required: boolean
  defaultValue?: string
  description?: string
}

/** Options, one a line: "hosts! where it is" must be given, "retries = 3 how often" has a default. */
export function properties(lines: string): Property[] {
  return lines.split('\n').flatMap((line) => {
    const m = /^\s*([\w.#-]+)(!?)\s*(?:=\s*(\S+))?\s*(.*?)\s*$/.exec(line)
    if (!m?.[1]) return []
    return [{ key: m[1], required: m[2] === '!', ...(m[3] ? { defaultValue: m[3] } : {}), ...(m[4] ? { description: m[4] } : {}) }]
  })
}

export function createCatalog(name: string, options: Record<string, string>): string {
  const lines = Object.entries(options).filter(([k, v]) => k !== '' && v !== '').map(([k, v]) => `  ${text(k)} = ${text(v)}`)
  return `CREATE CATALOG ${quoted(name.trim() || 'new_catalog')} WITH (\n${lines.join(',\n')}\n);`
}

export const createFunction = (name: string, className: string) => `CREATE FUNCTION ${quoted(name.trim() || 'new_function')} AS ${text(className)};`
