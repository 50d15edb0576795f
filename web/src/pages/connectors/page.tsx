// What SQL can be connected to: connectors, formats, catalogs, and functions of one's own.
import { useState } from 'react'
import { Link, useParams, useSearchParams } from 'react-router'
import '../../components/places.css'
import { useArtifacts } from '../../api/platform'
import { shortName, useCatalogConnectors, useConnectors, useFormats, useRegistry, useUdfArtifacts, type UdfArtifact } from '../../api/sql'
import { Empty, Head, Loading, Message } from '../../components/bits'
import { Dialog } from '../../components/dialog'
import { ErrorBox } from '../../components/error'
import { TextField } from '../../components/field'
import { Segments } from '../../components/tabs'
import { Ago } from '../../components/time'
import { toast } from '../../components/toast'
import { named, nameProblem } from '../../lib/names'
import { NewCatalog, NewFunction, RegisterPlugin, type Plugin } from './register'

const views = [['connectors', 'Connectors'], ['formats', 'Formats'], ['catalogs', 'Catalogs'], ['functions', 'Functions']] as const
type View = (typeof views)[number][0]
const plugin: Record<Exclude<View, 'functions'>, Plugin> = { connectors: 'connectors', formats: 'formats', catalogs: 'catalog-connectors' }

export function Component() {
  const { ns = 'default' } = useParams()
  const [params, setParams] = useSearchParams()
  const view = (params.get('view') as View | null) ?? 'connectors'
  const [filter, setFilter] = useState('')
  const [asking, setAsking] = useState<'plugin' | 'catalog' | { name: string }>()
  const { remove } = useRegistry(ns)
  const unregister = (p: { name?: string; packaged?: boolean }) => (p.packaged ? undefined : () => { remove.reset(); setAsking({ name: shortName(p.name) }) })
  const connectors = useConnectors(ns)
  const formats = useFormats(ns)
  const catalogs = useCatalogConnectors(ns)
  const shown = { connectors, formats, catalogs, functions: undefined }[view]
  const has = (name: string | undefined) => (name ?? '').toLowerCase().includes(filter.toLowerCase())
  return (
    <section>
      <title>Connectors and functions · weir</title>
      <Head title="Connectors and functions" />
      <p className="quiet about">What <code>CREATE TABLE … WITH</code> can name, with every option; and files of functions of your own. Those that a user registered run on Flink targets.</p>
      <div className="filters">
        <Segments label="What is listed" value={view} onChange={(v) => setParams({ view: v }, { replace: true })} options={views} />
        {view !== 'functions' && <input className="filter" type="search" placeholder="Filter" aria-label="Filter by name" value={filter} onChange={(e) => setFilter(e.target.value)} />}
        <span className="grow" />
        {view !== 'functions' && <button onClick={() => setAsking('plugin')}>Register a {view === 'catalogs' ? 'kind of catalog' : view.slice(0, -1)}…</button>}
        {view === 'catalogs' && <button onClick={() => setAsking('catalog')}>New catalog…</button>}
      </div>
      <ErrorBox error={shown?.error} onRetry={() => void shown?.refetch()} />
      {shown?.isPending && <Loading what={`the ${view}`} />}
      {view === 'connectors' && connectors.data?.filter((c) => has(c.type)).map((c) => (
        <Item key={c.name} name={c.type} packaged={c.packaged} onRemove={unregister(c)} properties={c.properties} about={[c.source && 'source', c.lookup && 'lookup', c.sink && 'sink'].filter(Boolean).join(', ')} more={c.supportedFormats?.length ? `formats: ${c.supportedFormats.join(', ')}` : undefined} />
      ))}
      {view === 'formats' && formats.data?.filter((c) => has(c.type)).map((c) => <Item key={c.name} name={c.type} packaged={c.packaged} onRemove={unregister(c)} properties={c.properties} about={[c.source && 'read', c.sink && 'written'].filter(Boolean).join(' and ')} />)}
      {view === 'catalogs' && catalogs.data?.filter((c) => has(c.type)).map((c) => <Item key={c.name} name={c.type} packaged={c.packaged} onRemove={unregister(c)} properties={c.properties} about={c.readOnly ? 'read only' : 'read and written'} />)}
      {view === 'functions' && <Functions ns={ns} />}
      {asking === 'plugin' && view !== 'functions' && <RegisterPlugin ns={ns} kind={plugin[view]} taken={(shown?.data ?? []).map((p) => shortName(p.name))} onClose={() => setAsking(undefined)} />}
      {asking === 'catalog' && <NewCatalog ns={ns} onClose={() => setAsking(undefined)} />}
      {asking && typeof asking === 'object' && view !== 'functions' && (
        <Dialog title={`Unregister ${asking.name}?`} confirm="Unregister" danger disabled={remove.isPending} onClose={() => setAsking(undefined)}
          onConfirm={() => remove.mutate({ kind: plugin[view], name: asking.name }, { onSuccess: () => { toast(`${asking.name} is unregistered`); setAsking(undefined) } })}>
          <ErrorBox error={remove.error} />
          <p>Scripts whose tables name it can no longer start.</p>
        </Dialog>
      )}
    </section>
  )
}

function Item({ name, packaged, properties, about, more, onRemove }: { name?: string; packaged?: boolean; onRemove?: () => void; properties?: { key?: string; required?: boolean; defaultValue?: string; description?: string }[]; about: string; more?: string }) {
  return (
    <details className="item" data-testid="item">
      <summary><b>{name}</b> <span className="quiet">{about}{packaged ? '' : ' · registered by a user'}</span></summary>
      {more && <p className="small quiet">{more}</p>}
      {properties?.length ? (
        <table className="options" aria-label={`Options of ${name}`}><tbody>{properties.map((p) => (
          <tr key={p.key}><td className="mono">{p.key}{p.required && <span className="state bad"> required</span>}</td><td>{p.description}{p.defaultValue && <span className="quiet"> Default: <code>{p.defaultValue}</code></span>}</td></tr>
        ))}</tbody></table>
      ) : <p className="quiet small">{packaged ? 'It has no options.' : 'No options were described.'}</p>}
      {onRemove && <div className="actions left"><button onClick={onRemove}>Unregister…</button></div>}
    </details>
  )
}

function Functions({ ns }: { ns: string }) {
  const udfs = useUdfArtifacts(ns)
  const { list: artifacts } = useArtifacts(ns)
  const { registerUdf, remove } = useRegistry(ns)
  const [asking, setAsking] = useState<'new' | UdfArtifact>()
  const [name, setName] = useState('')
  const [url, setUrl] = useState('')
  const [creating, setCreating] = useState<string>()
  return (
    <>
      <div className="actions left"><button onClick={() => { registerUdf.reset(); setName(''); setUrl(''); setAsking('new') }}>Register a file…</button></div>
      <ErrorBox error={udfs.error} onRetry={() => void udfs.refetch()} />
      {udfs.isPending && <Loading what="the functions" />}
      {udfs.data?.length === 0 && (
        <Empty title="No functions of your own yet">
          Upload a JAR or a WebAssembly module under <Link to={`/namespaces/${ns}/artifacts`}>Artifacts</Link>, register it here, then <code>CREATE FUNCTION name AS 'class'</code>. More than 250 functions are built in.
        </Empty>
      )}
      {udfs.data?.map((u) => (
        <details key={u.name} className="item" open data-testid="udf">
          <summary><b>{shortName(u.name)}</b> <span className="quiet mono small"><Message text={u.jarUrl} /></span> <span className="quiet small">· <Ago at={u.updateTime} /></span></summary>
          <table className="options" aria-label={`Functions of ${shortName(u.name)}`}><tbody>{u.udfClasses?.map((c) => (
            <tr key={c.className}><td className="mono">{c.className}</td><td className="quiet">{(c.classType ?? '').replace('UDF_TYPE_', '').toLowerCase().replace('_', ' ')}</td><td>{c.functionNames?.length ? c.functionNames.join(', ') : <span className="quiet">no function uses it yet</span>}</td><td><button onClick={() => setCreating(c.className ?? '')}>Create a function…</button></td></tr>
          ))}</tbody></table>
          <button onClick={() => { remove.reset(); setAsking(u) }}>Unregister…</button>
        </details>
      ))}
      {creating !== undefined && <NewFunction ns={ns} className={creating} onClose={() => setCreating(undefined)} />}
      {asking === 'new' && (
        <Dialog title="Register a file of functions" confirm="Register" disabled={!named(name, udfs.data?.map((u) => shortName(u.name))) || url === '' || registerUdf.isPending} onClose={() => setAsking(undefined)}
          onConfirm={() => registerUdf.mutate({ name, jarUrl: url }, { onSuccess: () => { toast(`${name} is registered`); setAsking(undefined) } })}>
          <ErrorBox error={registerUdf.error} />
          <TextField label="Name" value={name} onChange={setName} error={nameProblem(name, udfs.data?.map((u) => shortName(u.name)))} autoFocus placeholder="geo" />
          <TextField label="URI of the file" value={url} onChange={setUrl} mono suggestions={artifacts.data?.map((a) => a.uri)} hint="One of the artifacts, or a place that the server can read." />
        </Dialog>
      )}
      {typeof asking === 'object' && (
        <Dialog title={`Unregister ${shortName(asking.name)}?`} confirm="Unregister" danger disabled={remove.isPending} onClose={() => setAsking(undefined)}
          onConfirm={() => remove.mutate({ kind: 'udfartifacts', name: shortName(asking.name) }, { onSuccess: () => { toast(`${shortName(asking.name)} is unregistered`); setAsking(undefined) } })}>
          <ErrorBox error={remove.error} />
          <p>Queries with its functions can no longer start. The file itself stays under Artifacts.</p>
        </Dialog>
      )}
    </>
  )
}
