import { QueryClient, QueryObserver } from '@tanstack/react-query'
import { expect, it } from 'vitest'
import type { Deployment } from './client'
import { collect, replaced } from './changes'

/** A server whose answers are held back until they are let go. */
function held() {
  let state = 'Started'
  const waiting: (() => void)[] = []
  return {
    set: (s: string) => { state = s },
    ask: () => {
      const answer = state // what is true when the question arrives
      return new Promise<string>((done) => waiting.push(() => done(answer)))
    },
    release: () => waiting.splice(0).forEach((go) => go()),
    asked: () => waiting.length,
  }
}

const turn = () => new Promise((done) => setTimeout(done, 0))

for (const first of [true, false])
  it(`reads again what changed during ${first ? 'the first' : 'a later'} load`, async () => {
    const server = held()
    const queries = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, retry: false } } })
    if (!first) queries.setQueryData(['savepoints'], 'old', { updatedAt: 0 })
    const observer = new QueryObserver(queries, { queryKey: ['savepoints'], queryFn: server.ask, staleTime: first ? Infinity : 0 })
    const stop = observer.subscribe(() => {})
    await turn()
    expect(server.asked()).toBe(1)
    server.set('Completed')
    collect(queries).add('savepoints')
    for (let i = 0; i < 5; i++) {
      await turn()
      server.release()
    }
    await turn()
    expect(observer.getCurrentResult().data).toBe('Completed')
    stop()
    queries.clear()
  })

it('a list changes where something is newer, and nowhere else', () => {
  const of = (id: string, resourceVersion: number) => ({ metadata: { id, resourceVersion } }) as Deployment
  const before = [of('a', 1), of('b', 5), of('c', 1)]
  expect(replaced(before, new Map([['b', of('b', 5)]]))).toBe(before)
  expect(replaced(before, new Map([['b', of('b', 4)]]))).toBe(before)
  const b = of('b', 6)
  const d = of('d', 1)
  const after = replaced(before, new Map([['b', b], ['a', undefined], ['d', d], ['e', undefined]]))
  expect(after).toEqual([b, before[2], d])
  expect(after[1]).toBe(before[2])
})
