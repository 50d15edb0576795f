import { expect, it } from 'vitest'
import { asked, complaint } from './health'

it('says that the server answers with errors until it does not', () => {
  asked('/api/v1/a?x=1')(200)
  expect(complaint(Date.now())).toBeUndefined()
  asked('/api/v1/a?x=1')(503)
  expect(complaint(Date.now())).toMatch(/errors \(503\)/)
  asked('/api/v1/b')(200)
  expect(complaint(Date.now())).toMatch(/503/)
  asked('/api/v1/a?x=2')(404)
  expect(complaint(Date.now())).toBeUndefined()
})

it('forgets errors of pages that were left', () => {
  asked('/api/v1/c')(500)
  expect(complaint(Date.now() + 61_000)).toBeUndefined()
  expect(complaint(Date.now())).toBeUndefined()
})

it('leaves clusters of jobs to the page that asks them', () => {
  asked('/flink-ui/v1/x')(502)
  expect(complaint(Date.now())).toBeUndefined()
})

it('says that the server is slow while it is', () => {
  const answered = asked('/api/v1/d')
  expect(complaint(Date.now() + 3000)).toBeUndefined()
  expect(complaint(Date.now() + 5500)).toMatch(/slow: 5 s/)
  answered(200)
  expect(complaint(Date.now() + 5500)).toBeUndefined()
})
