import { describe, expect, it } from 'vitest'
import { changedOnly, diffLines } from './diff'
import { ago, bytes, cell, compact, exact, pieces, span } from './format'
import { curve, place } from './layout'
import { advance } from './rate'
import { troubles } from './state'

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
  it('tells whole seconds', () => expect(ago('2024-01-01T00:00:00Z', Date.parse('2024-01-01T00:00:05.700Z'))).toBe('5 s ago'))
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

describe('messages', () => {
  const id = '45a4aa1c-4554-86d1-8419-f233b59cb6e6'
  const place = `file:/data/state/namespaces/default/${id}/savepoint-930dac-af15`
  it.each([
    ['nothing to cut', 'nothing to cut'],
    [`waiting for job ${id} to start`, 'waiting for job 45a4aa1c to start'],
    [`from savepoint ${id} (${place})`, 'from savepoint 45a4aa1c (…/savepoint-930dac-af15)'],
    [`written to ${place}.`, 'written to …/savepoint-930dac-af15.'],
    ['keeps s3://bucket/short', 'keeps s3://bucket/short'],
    ['3 and/or 4', '3 and/or 4'],
  ])('%s', (message, short) => {
    expect(pieces(message).map((p) => p.text).join('')).toBe(short)
    expect(pieces(message).map((p) => p.full ?? p.text).join('')).toBe(message)
  })
})

describe('cells', () => {
  it.each([
    ['-1.4285714285714286', 'DOUBLE', '-1.429'], ['7.0', 'DOUBLE', '7.000'], ['1.0E-9', 'DOUBLE', '1.0E-9'], ['NaN', 'DOUBLE', 'NaN'],
    ['12.50', 'DECIMAL(10, 2)', '12.50'], ['2013-01-12T05:00', 'TIMESTAMP(3)', '2013-01-12 05:00'], ['9E', 'STRING', '9E'],
  ])('%s of %s', (value, type, text) => expect(cell(value, type)).toBe(text))
})

describe('layout', () => {
  it('joins the right side of a box with the left side of the next', () => {
    const { paths, boxes } = place(['a', 'b', 'c'], [{ from: 'a', to: 'b' }, { from: 'a', to: 'c' }], 100, 40)
    for (const p of paths) {
      const [from, to] = [boxes.find((b) => b.id === p.from)!, boxes.find((b) => b.id === p.to)!]
      expect(p.points[0]).toEqual({ x: from.x + 100, y: from.y + 20 })
      expect(p.points.at(-1)).toEqual({ x: to.x, y: to.y + 20 })
    }
  })
  it('draws a level curve', () => expect(curve([{ x: 0, y: 0 }, { x: 5, y: 5 }, { x: 10, y: 10 }])).toBe('M0,0C5,0 5,10 10,10'))
})

describe('troubles', () => {
  it('are conditions that hold, in words', () => {
    const conditions = [{ type: 'JobFailing', status: 'True', message: 'no' }, { type: 'ClusterUnreachable', status: 'False', message: '' }]
    expect(troubles(conditions)).toEqual([{ word: 'job failing', message: 'no' }])
  })
})
