// A form that writes CREATE TABLE from what a connector asks for.
import { useState } from 'react'
import { useConnectors, useFormats, useRegistry } from '../../api/sql'
import { Code } from '../../components/code'
import { Dialog } from '../../components/dialog'
import { ErrorBox } from '../../components/error'
import { Check, Pairs, SelectField, TextField } from '../../components/field'
import { createTable } from '../../lib/sql'

const types = ['STRING', 'INT', 'BIGINT', 'DOUBLE', 'DECIMAL(10, 2)', 'BOOLEAN', 'DATE', 'TIME', 'TIMESTAMP(3)', 'TIMESTAMP_LTZ(3)', 'BYTES', 'ARRAY<STRING>', 'MAP<STRING, STRING>', 'ROW<a INT, b STRING>']

export function NewTable({ ns, onClose, onInsert, onMade }: { ns: string; onClose: () => void; onInsert: (text: string) => void; onMade: (name: string) => void }) {
  const { data: connectors, error } = useConnectors(ns)
  const { data: formats } = useFormats(ns)
  const { execute } = useRegistry(ns)
  const [name, setName] = useState('')
  const [temporary, setTemporary] = useState(false)
  const [type, setType] = useState('datagen')
  const [columns, setColumns] = useState([{ name: 'id', type: 'BIGINT', key: false }, { name: 'name', type: 'STRING', key: false }])
  const [watermark, setWatermark] = useState('')
  const [delay, setDelay] = useState('5')
  const [format, setFormat] = useState('json')
  const [required, setRequired] = useState<Record<string, string>>({})
  const [more, setMore] = useState<Record<string, string>>({})
  const connector = connectors?.find((c) => c.type === type)
  const able = (connector?.supportedFormats ?? []).length > 0
  const properties = connector?.properties ?? []
  const formatProperties = able ? (formats?.find((f) => f.type === format)?.properties ?? []) : []
  const needed = [...properties, ...formatProperties].filter((p) => p.required && !p.definesFormat)
  const optional = [...properties, ...formatProperties].filter((p) => !p.required && !p.definesFormat && !p.key?.includes('#'))
  const formatKey = properties.find((p) => p.definesFormat && p.key === 'format') ?? properties.find((p) => p.definesFormat)
  const isTime = (t: string) => /^TIMESTAMP/i.test(t)
  const times = columns.filter((c) => isTime(c.type) && c.name)
  const set = (i: number, change: Partial<(typeof columns)[number]>) => setColumns(columns.map((c, at) => (at === i ? { ...c, ...change } : c)))
  const chosen = times.find((c) => c.name === watermark)
  const statement = createTable({
    name, temporary, columns, primaryKey: columns.filter((c) => c.key && c.name).map((c) => c.name),
    watermark: chosen && { column: chosen.name, delay },
    options: {
      connector: type, ...(able ? { [formatKey?.key ?? 'format']: format } : {}),
      ...Object.fromEntries(needed.map((p) => [p.key ?? '', required[p.key ?? ''] ?? ''])), ...more,
    },
  })
  const missing = needed.filter((p) => !required[p.key ?? '']).map((p) => p.key)
  const ready = name.trim() !== '' && columns.some((c) => c.name) && missing.length === 0
  return (
    <Dialog title="New table" confirm={temporary ? 'Insert into the script' : 'Create'} wide disabled={!ready || execute.isPending} onClose={onClose}
      onConfirm={() => {
        if (temporary) return onInsert(`${statement}\n\n`)
        execute.mutate(statement, { onSuccess: () => onMade(name) })
      }}>
      <ErrorBox error={error ?? execute.error} onClose={execute.error ? execute.reset : undefined} />
      <div className="two">
        <TextField label="Name" value={name} onChange={setName} autoFocus mono placeholder="orders" />
        <SelectField label="Connector" value={type} onChange={(t) => { setType(t); setRequired({}); setMore({}) }}
          options={(connectors ?? []).map((c) => [c.type ?? '', `${c.type}${c.source && c.sink ? '' : c.source ? ' (source)' : c.sink ? ' (sink)' : ''}`] as const)} />
      </div>
      <fieldset className="field">
        <legend>Columns</legend>
        {columns.map((c, i) => (
          <div key={i} className="pair columns-of-table">
            <input className="mono" aria-label={`Name of column ${i + 1}`} placeholder="name" value={c.name} spellCheck={false} onChange={(e) => set(i, { name: e.target.value })} />
            <input className="mono" aria-label={`Type of column ${i + 1}`} list="sql-types" placeholder="STRING" value={c.type} spellCheck={false} onChange={(e) => set(i, { type: e.target.value })} />
            <label><input type="checkbox" checked={c.key} onChange={(e) => set(i, { key: e.target.checked })} /> key</label>
            <button type="button" className="plain" aria-label={`Remove column ${c.name || i + 1}`} disabled={columns.length === 1} onClick={() => setColumns(columns.filter((_, at) => at !== i))}>✕</button>
          </div>
        ))}
        <datalist id="sql-types">{types.map((t) => <option key={t} value={t} />)}</datalist>
        <button type="button" onClick={() => setColumns([...columns, { name: '', type: 'STRING', key: false }])}>Add a column</button>
      </fieldset>
      <div className="two">
        <SelectField label="Event time" value={chosen ? watermark : ''} onChange={setWatermark} options={[['', 'none'], ...times.map((c) => [c.name, c.name] as const)]}
          hint={times.length === 0 ? 'A TIMESTAMP(3) column can carry the time of events; windows need one.' : 'Windows close when the watermark passes their end.'} />
        {chosen && <TextField label="Events come late by up to" value={delay} onChange={setDelay} hint="seconds" />}
      </div>
      {able && <SelectField label="Format" value={format} onChange={setFormat} options={(connector?.supportedFormats ?? []).map((f) => [f, f] as const)} />}
      {needed.map((p) => (
        <TextField key={p.key} label={p.key ?? ''} value={required[p.key ?? ''] ?? ''} mono onChange={(v) => setRequired({ ...required, [p.key ?? '']: v })} hint={p.description} required />
      ))}
      <Pairs label="More options" value={more} onChange={setMore} keys={optional.map((p) => p.key ?? '')} hint={
        <details><summary>{optional.length} options of {type}{able ? ` and ${format}` : ''}</summary>
          <table className="fields"><tbody>{optional.map((p) => <tr key={p.key}><td className="mono">{p.key}</td><td>{p.description}{p.defaultValue ? ` Default: ${p.defaultValue}.` : ''}</td></tr>)}</tbody></table>
        </details>
      } />
      <Check label="Temporary" checked={temporary} onChange={setTemporary} hint="Known only to the script that it stands in; it goes into the script instead of the catalog." />
      <Code text={statement} label="The statement" />
    </Dialog>
  )
}
