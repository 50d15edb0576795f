// Lines of logs: their level and time. Pure.

export type Level = 'error' | 'warn' | 'info' | 'debug'

export interface LogLine {
  text: string
  level: Level
  n: number
}

const found: [RegExp, Level][] = [[/\b(ERROR|FATAL|panic:)/, 'error'], [/\bWARN(ING)?\b/, 'warn'], [/\b(DEBUG|TRACE)\b/, 'debug']]

/** Lines with levels; a line without one (a stack trace) has that of the line before. */
export function parse(text: string): LogLine[] {
  let level: Level = 'info'
  const lines = text.replace(/\n$/, '').split('\n')
  if (lines.length === 1 && lines[0] === '') return []
  return lines.map((line, i) => {
    const own = found.find(([r]) => r.test(line.slice(0, 160)))?.[1]
    if (own) level = own
    else if (/^\S/.test(line) && /\bINFO\b|level=INFO|^\d{4}-/.test(line)) level = 'info'
    return { text: line, level, n: i + 1 }
  })
}

const rank: Level[] = ['debug', 'info', 'warn', 'error']

export const atLeast = (line: LogLine, level: Level) => rank.indexOf(line.level) >= rank.indexOf(level)
