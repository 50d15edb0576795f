import { describe, expect, it } from 'vitest'
import { needs } from './attention'
import { ofTable, readable } from './contents'
import { hasLabel, isIn, says } from './filter'
import { absolute, took } from './format'
import { fitted } from './layout'
import { elsewhere, viewOf } from './links'
import { atLeast, parse } from './log'
import { match } from './match'
import { named, nameProblem } from './names'
import { equal, get, merge, mergePatch, put } from './patch'
import { createCatalog, createFunction, properties } from './register'
import { remedyOf } from './remedy'
import { near, sides } from './sides'
import { editable } from './spec'
import { shapes, toneOf, word } from './state'
import { csv, order, orderText, sorted } from './table'

const failing = { type: 'JobFailing', status: 'True', message: 'division by zero' }
const d = (name: string, state: string, more: object = {}) => ({ metadata: { id: name, name, labels: { team: 'a' } }, spec: { state: 'RUNNING', deploymentTargetName: 'local' }, status: { state, ...more } })

describe('what needs a person', () => {
  const now = Date.parse('2026-01-01T00:10:00Z')
  it('is told, the gravest first', () => {
    const all = [
      d('well', 'RUNNING'), d('fails', 'RUNNING', { running: { conditions: [failing] } }), d('lost', 'FAILED', { message: 'no such file' }),
      d('long', 'TRANSITIONING', { transition: { startedAt: '2026-01-01T00:00:00Z' } }), d('soon', 'TRANSITIONING', { transition: { startedAt: '2026-01-01T00:09:50Z' } }),
    ]
    expect(needs(all, now).map((n) => [n.name, n.tone, n.reason])).toEqual([['lost', 'bad', 'no such file'], ['fails', 'warn', 'division by zero'], ['long', 'busy', 'It is to be running.']])
  })
})

describe('filters', () => {
  it.each([['RUNNING', 'running'], ['TRANSITIONING', 'changing'], ['SUSPENDED', 'stopped'], ['FINISHED', 'stopped'], ['FAILED', 'failed']] as const)('%s is %s', (state, filter) => {
    expect(isIn(d('x', state), filter, 0)).toBe(true)
    expect(isIn(d('x', state), filter === 'running' ? 'stopped' : 'running', 0)).toBe(false)
  })
  it('of what runs and fails', () => expect(isIn(d('x', 'RUNNING', { running: { conditions: [failing] } }), 'failed', 0)).toBe(true))
  it('by label', () => expect([hasLabel(d('x', ''), 'team=a'), hasLabel(d('x', ''), 'team'), hasLabel(d('x', ''), 'team=b'), hasLabel(d('x', ''), 'toString')]).toEqual([true, true, false, expect.any(Boolean)]))
  it('by words in any order', () => expect([says(d('orders', 'RUNNING'), 'RUN ord'), says(d('orders', 'RUNNING'), 'team=a local'), says(d('orders', 'RUNNING'), 'orders failed')]).toEqual([true, true, false]))
})

describe('logs', () => {
  const lines = parse('time=1 level=INFO msg=a\ntime=2 level=WARN msg=b\n  at line 3\n2026-01-01 12:00 INFO c\nERROR d\n')
  it('give lines without a level the one before', () => expect(lines.map((l) => l.level)).toEqual(['info', 'warn', 'warn', 'info', 'error']))
  it('are filtered', () => expect(lines.filter((l) => atLeast(l, 'warn')).map((l) => l.n)).toEqual([2, 3, 5]))
  it('of nothing', () => expect(parse('')).toEqual([]))
})

describe('documents', () => {
  const doc = { spec: { a: 1, deep: { b: 'x' } }, list: [1, { c: 2 }] }
  it('are read and written by path', () => {
    expect(get(doc, 'spec.deep.b')).toBe('x')
    expect(get(doc, 'spec.none.b')).toBeUndefined()
    expect(put(doc, 'spec.deep.b', undefined)).toEqual({ spec: { a: 1 }, list: doc.list })
    expect(put(doc, 'new.key', 2)).toEqual({ ...doc, new: { key: 2 } })
    expect(doc.spec.deep.b).toBe('x')
  })
  it.each([
    [doc, { ...doc, spec: { a: 2 } }], [doc, {}], [{}, doc], [{ a: [1] }, { a: [2] }], [{ a: 1 }, { a: { b: 1 } }], [{ a: { b: 1 } }, { a: 1 }],
  ])('patches make one of the other', (before, after) => expect(merge(before, mergePatch(before, after))).toEqual(after))
  it('that are equal have no patch', () => expect([mergePatch(doc, structuredClone(doc)), equal([1, 2], [1])]).toEqual([undefined, false]))
  it('show what people write', () => expect(editable({ metadata: { name: 'a', id: 'x', displayName: '' }, spec: { state: 'RUNNING', none: null, list: [{ k: undefined }] } })).toEqual({ metadata: { name: 'a' }, spec: { state: 'RUNNING', list: [{}] } }))
})

describe('tables', () => {
  const rows = [{ n: 'b10', v: 2 }, { n: 'b9', v: undefined }, { n: 'a', v: 10 }]
  it('are in order, numbers as numbers, nothing last', () => {
    expect(sorted(rows, (r) => r.n, false).map((r) => r.n)).toEqual(['a', 'b9', 'b10'])
    expect(sorted(rows, (r) => r.v, true).map((r) => r.v)).toEqual([10, 2, undefined])
    expect(sorted(rows, (r) => r.v, false).map((r) => r.v)).toEqual([2, 10, undefined])
  })
  it('have their order in the address', () => expect(['-lag', 'name'].map((t) => orderText(order(t, { key: 'x', down: false })))).toEqual(['-lag', 'name']))
  it('are exported so that nothing becomes a formula', () => expect(csv(['a', 'b'], [['=1+1', '-5'], ['x,"y"', undefined]])).toBe('a,b\r\n\'=1+1,-5\r\n"x,""y""",\r\n'))
})

describe('names', () => {
  it.each([['orders-2', undefined], ['Orders', 'small letters'], ['-a', 'small letters'], ['a'.repeat(64), 'at most 63'], ['taken', 'one of this name']])('%s', (name, problem) => {
    if (problem) expect(nameProblem(name, ['taken'])).toContain(problem)
    else expect(named(name, ['taken'])).toBe(true)
  })
  it('are found by their beginnings first', () => expect(match('ord', 'orders')).toBeGreaterThan(match('ord', 'my records')))
  it('need every word', () => expect(match('orders x', 'orders')).toBe(0))
})

describe('plug-ins', () => {
  it('have options, one a line', () => expect(properties('hosts!\nindex! the index to write to\n\nsink.parallelism = 1 how many\n  !!\n')).toEqual([
    { key: 'hosts', required: true }, { key: 'index', required: true, description: 'the index to write to' }, { key: 'sink.parallelism', required: false, defaultValue: '1', description: 'how many' },
  ]))
  it('make statements', () => {
    expect(createCatalog('my cat', { type: 'jdbc', "it's": 'a', empty: '' })).toBe("CREATE CATALOG `my cat` WITH (\n  'type' = 'jdbc',\n  'it''s' = 'a'\n);")
    expect(createFunction('distance', 'com.x.Geo')).toBe("CREATE FUNCTION distance AS 'com.x.Geo';")
  })
})

describe('contents of savepoints', () => {
  const operators = [{ uid: 'u1', name: 'Join', tables: [{ name: 'left rows' }, { name: 'right' }] }]
  it('are named by the address', () => expect(ofTable(operators, 'u1 left rows')?.table.name).toBe('left rows'))
  it.each(['', 'u1', 'u2 right', 'u1 none'])('“%s” is nothing', (address) => expect(ofTable(operators, address)).toBeUndefined())
  it('have names to read', () => expect(readable('left_rows-of')).toBe('left rows of'))
})

describe('words', () => {
  it('of states', () => expect([word('RUNNING'), word(undefined), toneOf('FAILED'), toneOf('whatever')]).toEqual(['Running', 'Unknown', 'bad', 'quiet']))
  it('have a shape for each tone', () => expect(new Set(Object.values(shapes)).size).toBe(Object.keys(shapes).length))
  it('say what to do', () => {
    for (const status of [0, 401, 403, 404, 412, 500, 502]) expect(remedyOf(status)).toMatch(/\.$/)
    expect(remedyOf(200)).toBeUndefined()
  })
  it('of addresses elsewhere', () => {
    expect([viewOf('history'), viewOf('overview')]).toEqual(['jobs', 'overview'])
    expect(elsewhere['secret-values']).toBe('secrets')
  })
  it('of times', () => expect([absolute('2026-01-31T12:00:00Z', 'utc'), absolute('never', 'utc'), took(43), took(12_000), took(NaN)]).toEqual(['2026-01-31 12:00:00 UTC', '–', '43 ms', '12 s', '–']))
})

describe('texts side by side', () => {
  it('have what was changed at one place beside each other', () => {
    const pairs = sides('a\nb\nc', 'a\nx\ny\nc')
    expect(pairs).toEqual([{ before: 'a', after: 'a', same: true }, { before: 'b', after: 'x', same: false }, { before: undefined, after: 'y', same: false }, { before: 'c', after: 'c', same: true }])
  })
  it('leave out what is far', () => {
    const text = Array.from({ length: 30 }, (_, i) => `l${i}`)
    expect(near(sides(text.join('\n'), text.with(15, 'x').join('\n')), 1).length).toBeLessThan(8)
  })
})

it('graphs shrink a little, then scroll', () => expect(fitted({ width: 1000 })).toMatchObject({ maxWidth: 1000, minWidth: 800 }))
