import { expect, test } from 'vitest'
import { driftOf, ownerOf, says } from './drift'

const of = (manifest: unknown, spec: unknown) => ({ metadata: { annotations: { 'weir.io/owned-by': 'kubernetes:team/orders', 'weir.io/last-applied': JSON.stringify(manifest) } }, spec })
const at = (parallelism: number, more = {}) => ({ state: 'RUNNING', attempts: 4, template: { parallelism, ...more } })
const manifest = (parallelism: number) => ({ spec: { state: 'RUNNING', template: { parallelism } } })

test('the owner is named as Kubernetes names it', () => {
  expect(ownerOf(of({}, {}))).toBe('team/orders')
  expect(ownerOf({ metadata: { annotations: {} } })).toBeUndefined()
  expect(ownerOf({})).toBeUndefined()
})

test('a document says what another says, and more', () => {
  expect(says({ a: 1, b: { c: [1], d: 2 } }, { b: { c: [1] } })).toBe(true)
  expect(says({ b: { c: [1, 2] } }, { b: { c: [1] } })).toBe(false)
  expect(says({}, { a: null })).toBe(true)
  expect(says(undefined, { a: 1 })).toBe(false)
})

test('drift is what was edited since the manifest was applied', () => {
  const revisions = [{ generation: 1, spec: at(1) }, { generation: 2, spec: at(2) }, { generation: 3, spec: at(4) }]
  expect(driftOf(of(manifest(2), at(2)), revisions.slice(0, 2))).toBeUndefined()
  expect(driftOf(of(manifest(2), at(4)), revisions)).toEqual({ template: { parallelism: 4 } })
  // Also of a field that the manifest does not name.
  expect(driftOf(of(manifest(2), at(2, { memory: '2g' })), [...revisions.slice(0, 2), { generation: 3, spec: at(2, { memory: '2g' }) }])).toEqual({ template: { memory: '2g' } })
  // Of the newest time that it was applied.
  expect(driftOf(of(manifest(1), at(1, { memory: '1g' })), [...revisions, { generation: 4, spec: at(1, { memory: '1g' }) }])).toBeUndefined()
})

test('what cannot be told is not told', () => {
  expect(driftOf({ metadata: { annotations: {} }, spec: {} }, [])).toBeUndefined()
  expect(driftOf(of(manifest(9), at(1)), [{ generation: 1, spec: at(1) }])).toBeUndefined()
  expect(driftOf({ metadata: { annotations: { 'weir.io/last-applied': '{' } } }, [])).toBeUndefined()
})
