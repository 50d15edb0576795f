// Writes the shape of a deployment, as api/openapi.yaml describes it, for the
// YAML editor: what may be where, of which type, and what it means.
import { readFileSync, writeFileSync } from 'node:fs'
import { parse } from 'yaml'

const { schemas } = parse(readFileSync(new URL('../api/openapi.yaml', import.meta.url), 'utf8')).components

function shape(s, above = []) {
  if (s.$ref) {
    const name = s.$ref.split('/').at(-1)
    return above.includes(name) ? { type: 'object', open: true } : { ...shape(schemas[name], [...above, name]), ...(s.description ? { about: s.description } : {}) }
  }
  const out = { type: s.type ?? 'any' }
  if (s.description) out.about = s.description.trim().split('\n')[0]
  if (s.enum) out.enum = s.enum
  if (s.minimum !== undefined) out.min = s.minimum
  if (s.properties) out.properties = Object.fromEntries(Object.entries(s.properties).map(([k, v]) => [k, shape(v, above)]))
  if (s.additionalProperties === true || (s.type === 'object' && !s.properties && !s.additionalProperties)) out.open = true
  else if (s.additionalProperties) out.values = shape(s.additionalProperties, above)
  if (s.items) out.items = shape(s.items, above)
  return out
}

const deployment = shape({ $ref: '#/components/schemas/Deployment' })
delete deployment.properties.status
const own = ['name', 'displayName', 'labels', 'annotations', 'namespace']
deployment.properties.metadata.properties = Object.fromEntries(Object.entries(deployment.properties.metadata.properties).filter(([k]) => own.includes(k)))
writeFileSync(new URL('src/components/spec/shape.json', import.meta.url), JSON.stringify(deployment) + '\n')
