import { describe, expect, it } from 'vitest'
import { changedOnly, diffLines } from './diff'
import { ago, bytes, compact, exact, span } from './format'
import { advance } from './rate'

describe('numbers', () => {
  it.each([
    [0, '0'], [7, '7'], [999, '999'], [1000, '1.00 k'], [1234567, '1.23 M'], [99950, '100 k'], [-2500, '-2.50 k'], [0.5, '0.50'],
  ])('compact %d', (n, text) => expect(compact(n)).toBe(text))
  it('says nothing of what is no number', () => expect(compact(NaN)).toBe('–'))
  it('groups digits', () => expect(exact(1234567)).toBe('1\u202f234\u202f567'))
  it.each([[0, '0 B'], [1536, '1.5 KiB'], [300 * 1024 * 1024, '300 MiB']])('bytes %d', (n, text) => expect(bytes(n)).toBe(text))
})

describe('times', () => {
  it.each([[840, '0.8 s'], [12_000, '12 s'], [180_000, '3 min'], [7_200_000, '2 h'], [5 * 86_400_000, '5 d']])('span %d', (ms, text) => expect(span(ms)).toBe(text))
  it('tells how long ago', () => expect(ago('2024-01-01T00:00:00Z', Date.parse('2024-01-01T00:03:00Z'))).toBe('3 min ago'))
})

describe('rates', () => {
  it('is the difference over time', () => {
    const a = advance(undefined, { at: 0, count: 100 })
    expect(a.perSecond).toBeUndefined()
    expect(advance(a, { at: 2000, count: 300 }).perSecond).toBe(100)
  })
  it('begins anew when the counter went back', () => {
    const a = advance(advance(undefined, { at: 0, count: 0 }), { at: 1000, count: 50 })
    expect(advance(a, { at: 2000, count: 3 }).perSecond).toBeUndefined()
  })
})

describe('differences', () => {
  it('finds what changed', () => {
    const lines = diffLines('a\nb\nc', 'a\nx\nc\nd')
    expect(lines.map((l) => l.kind[0] + l.text)).toEqual(['sa', 'rb', 'ax', 'sc', 'ad'])
  })
  it('leaves out what is far from changes', () => {
    const text = Array.from({ length: 40 }, (_, i) => `line ${i}`)
    const after = text.with(20, 'changed')
    expect(changedOnly(diffLines(text.join('\n'), after.join('\n')), 2).length).toBe(7)
  })
})
