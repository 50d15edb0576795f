// What the SQL page must know of SQL without asking: where statements begin
// and end, and which of them run, ask or declare. Pure.

export interface Statement {
  text: string
  from: number // of its first character that is no blank or comment
  to: number // after its last, without the semicolon
}

export type StatementKind = 'query' | 'insert' | 'declare' | 'temporary' | 'session' | 'other'

interface Token {
  text: string // upper case for words
  from: number
  to: number
}

/** Words, signs and quoted texts of a script; comments and blanks are left out. */
export function tokens(script: string): Token[] {
  const out: Token[] = []
  const all = /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*(?:'|$)|`(?:[^`]|``)*(?:`|$)|"[^"]*(?:"|$)|[\p{L}_$][\p{L}\p{N}_$]*|\d[\w.]*|\S/gu
  for (const m of script.matchAll(all)) {
    if (m[0].startsWith('--') || m[0].startsWith('/*')) continue
    const word = /^[\p{L}_$]/u.test(m[0])
    out.push({ text: word ? m[0].toUpperCase() : m[0], from: m.index, to: m.index + m[0].length })
  }
  return out
}

/** The statements of a script. A statement set is one, whatever stands in it. */
export function split(script: string): Statement[] {
  const out: Statement[] = []
  let first: Token | undefined
  let last: Token | undefined
  let before: Token | undefined
  let inSet = false
  let cases = 0 // CASEs that no END has closed yet
  const close = () => {
    if (first && last) out.push({ text: script.slice(first.from, last.to), from: first.from, to: last.to })
    first = last = undefined
    inSet = false
    cases = 0
  }
  for (const t of tokens(script)) {
    if (t.text === 'STATEMENT' && before?.text === 'BEGIN') inSet = true
    if (t.text === 'BEGIN' && before?.text === 'SET' && first?.text === 'EXECUTE') inSet = true
    if (t.text === 'CASE') cases++
    else if (t.text === 'END' && cases > 0) cases--
    else if (t.text === 'END') inSet = false
    if (t.text === ';' && inSet) {
      before = last = t
      continue
    }
    if (t.text === ';') {
      close()
      before = undefined
      continue
    }
    first ??= t
    before = last = t
  }
  close()
  return out
}

/** The statement at a place; between two it is the one before. */
export function statementAt(statements: Statement[], at: number): number {
  let found = statements.length > 0 ? 0 : -1
  statements.forEach((s, i) => {
    if (s.from <= at) found = i
  })
  return found
}

export function kindOf(statement: string): StatementKind {
  const [a, b, c, d, e] = tokens(statement).map((t) => t.text)
  switch (a) {
    case 'SELECT': case 'WITH': case 'VALUES': case 'FROM': case '(': return 'query'
    case 'INSERT': case 'EXECUTE': case 'BEGIN': return 'insert'
    case 'SET': case 'RESET': case 'USE': case 'LOAD': case 'UNLOAD': case 'ADD': case 'REMOVE': return 'session'
    case 'CREATE': return [b, c, d, e].slice(0, b === 'OR' ? 4 : 1).includes('TEMPORARY') ? 'temporary' : 'declare'
    case 'DROP': return b === 'TEMPORARY' ? 'temporary' : 'declare'
    case 'ALTER': return 'declare'
  }
  return 'other'
}

/** What of the statements before one must be carried out with it: each request is a session of its own. */
export function prelude(statements: Statement[], index: number): Statement[] {
  return statements.slice(0, index).filter((s) => ['session', 'temporary'].includes(kindOf(s.text)))
}

/** The script with everything but some statements blank, so that places in it stay what they are. */
export function only(script: string, statements: Statement[]): string {
  let out = ''
  let at = 0
  for (const s of statements) {
    out += script.slice(at, s.from).replace(/[^\n]/g, ' ')
    out += s.text
    at = s.to
    const semicolon = script.slice(at).match(/^\s*;/)
    if (semicolon) {
      out += semicolon[0]
      at += semicolon[0].length
    } else if (at < script.length) {
      out += ';'
      at++
    }
  }
  return out
}

/** The offset of a line and a column, both from 1, columns in code points. */
export function offset(text: string, line: number, column: number): number {
  let at = 0
  for (let n = 1; n < line; n++) {
    const next = text.indexOf('\n', at)
    if (next < 0) return text.length
    at = next + 1
  }
  for (let n = 1; n < column && at < text.length && text[at] !== '\n'; n++) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1
  return at
}

/** A name as SQL takes it: quoted where it must be. */
export function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/i.test(name) && !reserved.has(name.toUpperCase()) ? name : `\`${name.replaceAll('`', '``')}\``
}

export const text = (s: string) => `'${s.replaceAll("'", "''")}'`

const reserved = new Set(('ABS ALL ALTER AND ANY ARE ARRAY AS ASYMMETRIC AT BEGIN BETWEEN BIGINT BINARY BOOLEAN BOTH BY CALL CASE CAST CHAR COLUMN CONSTRAINT COUNT CREATE CROSS CUBE CURRENT DATE DAY DECIMAL DEFAULT DELETE DESCRIBE DISTINCT DOUBLE DROP ELSE END EXCEPT EXISTS EXPLAIN FALSE FETCH FILTER FLOAT FOR FROM FULL FUNCTION GROUP HAVING HOUR IN INNER INSERT INT INTEGER INTERSECT INTERVAL INTO IS JOIN KEY LANGUAGE LATERAL LEADING LEFT LIKE LIMIT MAP MATCH MAX MIN MINUTE MODULE MONTH MULTISET NATURAL NOT NULL OF OFFSET ON OR ORDER OUTER OVER PARTITION POSITION PRIMARY RANGE RANK RAW REFERENCES RESET RESULT RIGHT ROLLUP ROW ROWS SECOND SELECT SET SHOW SMALLINT SOME START STRING SUM SYSTEM TABLE TEMPORARY THEN TIME TIMESTAMP TINYINT TO TRAILING TRUE UNION UNIQUE UNNEST UPDATE USE USER USING VALUE VALUES VARBINARY VARCHAR VIEW WATERMARK WATERMARKS WHEN WHERE WINDOW WITH WITHIN YEAR').split(' '))

/** A type as people write it. */
export function shortType(type: string | undefined): string {
  return (type ?? '').replace(/\b(VARCHAR|VARBINARY)\(2147483647\)/g, (_, t: string) => (t === 'VARCHAR' ? 'STRING' : 'BYTES'))
}

export interface TableDraft {
  name: string
  temporary: boolean
  columns: { name: string; type: string }[]
  primaryKey: string[]
  watermark: { column: string; delay: string } | undefined
  options: Record<string, string>
}

/** The statement that makes a table. */
export function createTable(d: TableDraft): string {
  const lines = d.columns.filter((c) => c.name.trim() !== '').map((c) => `  ${quoted(c.name.trim())} ${c.type.trim() || 'STRING'}`)
  if (d.primaryKey.length > 0) lines.push(`  PRIMARY KEY (${d.primaryKey.map(quoted).join(', ')}) NOT ENFORCED`)
  if (d.watermark) lines.push(`  WATERMARK FOR ${quoted(d.watermark.column)} AS ${quoted(d.watermark.column)} - INTERVAL ${text(d.watermark.delay)} SECOND`)
  const options = Object.entries(d.options).filter(([, v]) => v !== '').map(([k, v]) => `  ${text(k)} = ${text(v)}`)
  return `CREATE ${d.temporary ? 'TEMPORARY ' : ''}TABLE ${quoted(d.name.trim() || 'new_table')} (\n${lines.join(',\n')}\n) WITH (\n${options.join(',\n')}\n);`
}
