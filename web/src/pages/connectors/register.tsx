// Forms that register what a user brings along: connectors, formats and kinds of catalogs in JARs, catalogs, functions.
import { useState } from 'react'
import { useArtifacts } from '../../api/platform'
import { useCatalogConnectors, useRegistry } from '../../api/sql'
import { Code } from '../../components/code'
import { Dialog } from '../../components/dialog'
import { ErrorBox } from '../../components/error'
import { Check, Pairs, SelectField, TextArea, TextField } from '../../components/field'
import { toast } from '../../components/toast'
import { named, nameProblem } from '../../lib/names'
import { createCatalog, createFunction, properties } from '../../lib/register'

export type Plugin = 'connectors' | 'formats' | 'catalog-connectors'

const about: Record<Plugin, { one: string; option: string }> = {
  connectors: { one: 'connector', option: 'connector' },
  formats: { one: 'format', option: 'format' },
  'catalog-connectors': { one: 'kind of catalog', option: 'type' },
}

/** A plug-in of Flink, from JARs. */
export function RegisterPlugin({ ns, kind, taken, onClose }: { ns: string; kind: Plugin; taken: readonly string[]; onClose: () => void }) {
  const { list: artifacts } = useArtifacts(ns)
  const { registerPlugin } = useRegistry(ns)
  const [name, setName] = useState('')
  const [type, setType] = useState('')
  const [jars, setJars] = useState<string[]>([''])
  const [can, setCan] = useState({ source: true, sink: true, lookup: false })
  const [options, setOptions] = useState('')
  const { one, option } = about[kind]
  const dependencies = jars.map((j) => j.trim()).filter(Boolean)
  const body = {
    type: type.trim(), dependencies, properties: properties(options),
    ...(kind === 'connectors' ? can : kind === 'formats' ? { source: can.source, sink: can.sink } : {}),
  }
  return (
    <Dialog title={`Register a ${one}`} confirm="Register" disabled={!named(name, taken) || type.trim() === '' || dependencies.length === 0 || registerPlugin.isPending} onClose={onClose}
      onConfirm={() => registerPlugin.mutate({ kind, name, body }, { onSuccess: () => { toast(`${name} is registered`); onClose() } })}>
      <ErrorBox error={registerPlugin.error} />
      <div className="two">
        <TextField label="Name" value={name} onChange={(v) => { if (type === name) setType(v); setName(v) }} error={nameProblem(name, taken)} autoFocus placeholder="elastic" />
        <TextField label="Type" value={type} onChange={setType} mono placeholder="elasticsearch-7" hint={`what tables write: '${option}' = '${type || '…'}'`} />
      </div>
      {jars.map((jar, i) => (
        <TextField key={i} label={i === 0 ? 'JAR' : `JAR ${i + 1}`} value={jar} onChange={(v) => setJars(jars.with(i, v))} mono suggestions={artifacts.data?.map((a) => a.uri)} placeholder="s3://libraries/elastic.jar"
          hint={i === 0 ? 'One of the artifacts, or a place that the cluster can read. Jobs that use it get it.' : undefined} />
      ))}
      <div className="actions left"><button type="button" onClick={() => setJars([...jars, ''])}>Add another JAR</button></div>
      {kind !== 'catalog-connectors' && (
        <fieldset className="bare">
          <Check label={kind === 'formats' ? 'It is read' : 'Tables are read from it'} checked={can.source} onChange={(source) => setCan({ ...can, source })} />
          <Check label={kind === 'formats' ? 'It is written' : 'Tables are written to it'} checked={can.sink} onChange={(sink) => setCan({ ...can, sink })} />
          {kind === 'connectors' && <Check label="Joins look rows up in it" checked={can.lookup} onChange={(lookup) => setCan({ ...can, lookup })} />}
        </fieldset>
      )}
      <TextArea label="Options" value={options} onChange={setOptions} mono rows={3} placeholder={'hosts!\nindex! the index to write to\nsink.parallelism = 1'} hint="For forms and completion, one a line: a key, ! where it must be given, = its default, and what it means." />
    </Dialog>
  )
}

/** A catalog of a known kind. */
export function NewCatalog({ ns, onClose }: { ns: string; onClose: () => void }) {
  const kinds = useCatalogConnectors(ns)
  const { execute } = useRegistry(ns)
  const [name, setName] = useState('')
  const [type, setType] = useState('generic_in_memory')
  const [given, setGiven] = useState<Record<string, string>>({})
  const [more, setMore] = useState<Record<string, string>>({})
  const kind = kinds.data?.find((k) => k.type === type)
  const needed = (kind?.properties ?? []).filter((p) => p.required)
  const statement = createCatalog(name, { type, ...Object.fromEntries(needed.map((p) => [p.key ?? '', given[p.key ?? ''] ?? ''])), ...more })
  const ready = name.trim() !== '' && needed.every((p) => given[p.key ?? ''])
  return (
    <Dialog title="New catalog" confirm="Create" disabled={!ready || execute.isPending} onClose={onClose}
      onConfirm={() => execute.mutate(statement, { onSuccess: () => { toast(`${name} is there; USE CATALOG ${name} in a script`); onClose() } })}>
      <ErrorBox error={kinds.error ?? execute.error} />
      <div className="two">
        <TextField label="Name" value={name} onChange={setName} mono autoFocus placeholder="warehouse" />
        <SelectField label="Kind" value={type} onChange={(t) => { setType(t); setGiven({}); setMore({}) }} options={(kinds.data ?? []).map((k) => [k.type ?? '', k.type ?? ''] as const)} />
      </div>
      {needed.map((p) => <TextField key={p.key} label={p.key ?? ''} value={given[p.key ?? ''] ?? ''} mono required onChange={(v) => setGiven({ ...given, [p.key ?? '']: v })} hint={p.description} />)}
      <Pairs label="More options" value={more} onChange={setMore} keys={(kind?.properties ?? []).filter((p) => !p.required).map((p) => p.key ?? '')} />
      <Code text={statement} label="The statement" />
    </Dialog>
  )
}

/** A function of the catalog, of a class in a registered file. */
export function NewFunction({ ns, className, onClose }: { ns: string; className: string; onClose: () => void }) {
  const { execute } = useRegistry(ns)
  const simple = className.split(/[.$]/).at(-1) ?? ''
  const [name, setName] = useState(simple.replace(/(Function|Udf)$/i, '').replaceAll(/\B([A-Z])/g, '_$1').toLowerCase())
  const statement = createFunction(name, className)
  return (
    <Dialog title="Create a function" confirm="Create" disabled={name.trim() === '' || execute.isPending} onClose={onClose}
      onConfirm={() => execute.mutate(statement, { onSuccess: () => { toast(`${name} can be called`); onClose() } })}>
      <ErrorBox error={execute.error} />
      <TextField label="Name" value={name} onChange={setName} mono autoFocus hint="what queries call it" />
      <Code text={statement} label="The statement" />
    </Dialog>
  )
}
