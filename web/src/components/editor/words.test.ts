import { expect, it } from 'vitest'
import words from './words.json'

it('words of SQL are what they are in queries', () => {
  for (const k of ['SELECT', 'LEFT', 'WATERMARK', 'TEMPORARY', 'DESCRIPTOR', 'MATCH_RECOGNIZE']) expect(words.keywords).toContain(k)
  for (const t of ['STRING', 'TIMESTAMP_LTZ', 'ROW', 'MAP']) expect(words.types).toContain(t)
  for (const f of ['COUNT', 'TUMBLE', 'REGEXP_EXTRACT', 'CAST']) expect(words.functions).toContain(f)
  expect(words.keywords.filter((k) => words.types.includes(k))).toEqual([])
  expect(words.keywords).not.toContain('SUM')
})
