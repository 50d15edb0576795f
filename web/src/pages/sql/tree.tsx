// What the catalogs hold: catalog, database, tables, views and functions, and the details of one.
import { useState, type ReactNode } from 'react'
import { useCatalogs, useContents, type Table, type View } from '../../api/sql'
import { Loading } from '../../components/bits'
import { ErrorBox } from '../../components/error'
import { Menu } from '../../components/menu'
import { quoted, shortType } from '../../lib/sql'

export interface TreeActions {
  insert: (text: string) => void
  run: (statement: string) => void
  drop: (kind: 'TABLE' | 'VIEW' | 'FUNCTION' | 'DATABASE', name: string) => void
  newTable: () => void
}

const home = { catalog: 'vvp', database: 'default' }

/** A name as it has to be written where the platform's own database is current. */
const full = (catalog: string, database: string, name: string) =>
  [...(catalog === home.catalog && database === home.database ? [] : catalog === home.catalog ? [database] : [catalog, database]), name].map(quoted).join('.')

export function Tree({ ns, actions }: { ns: string; actions: TreeActions }) {
  const { data, error, isPending, refetch } = useCatalogs(ns)
  const [filter, setFilter] = useState('')
  return (
    <nav className="catalog" aria-label="Catalog">
      <div className="catalog-head">
        <h2>Catalog</h2>
        <span className="grow" />
        <button type="button" onClick={actions.newTable}>New table…</button>
      </div>
      <input className="filter" type="search" placeholder="Filter tables" aria-label="Filter tables" value={filter} onChange={(e) => setFilter(e.target.value)} />
      <ErrorBox error={error} onRetry={() => void refetch()} />
      {isPending && <Loading what="the catalogs" />}
      {data?.toSorted((a, b) => Number(b.name === home.catalog) - Number(a.name === home.catalog)).map((c) => (
        <Branch key={c.name} open={c.name === home.catalog} label={c.name} hint={c.type}>
          {c.databases.map((d) => <Database key={d} ns={ns} catalog={c.name} database={d} filter={filter} actions={actions} />)}
          {c.databases.length === 0 && <p className="quiet small">No databases.</p>}
        </Branch>
      ))}
    </nav>
  )
}

function Branch({ label, hint, open, children, onOpen, menu }: { label: ReactNode; hint?: ReactNode; open?: boolean; children: ReactNode; onOpen?: (open: boolean) => void; menu?: ReactNode }) {
  const [is, setIs] = useState(open ?? false)
  return (
    <div className="branch-line">
      <details className="branch" open={is} onToggle={(e) => { setIs(e.currentTarget.open); onOpen?.(e.currentTarget.open) }}>
        <summary><span className="branch-name">{label}</span>{hint && <span className="quiet small">{hint}</span>}</summary>
        {is && <div className="branch-inside">{children}</div>}
      </details>
      {menu}
    </div>
  )
}

function Database({ ns, catalog, database, filter, actions }: { ns: string; catalog: string; database: string; filter: string; actions: TreeActions }) {
  const first = catalog === home.catalog && database === home.database
  const [open, setOpen] = useState(first)
  const { data, error, isPending } = useContents(ns, catalog, database, open)
  const has = (name: string) => name.toLowerCase().includes(filter.trim().toLowerCase())
  const name = (n: string) => full(catalog, database, n)
  const tables = data?.tables.filter((t) => has(t.name ?? '')) ?? []
  const views = data?.views.filter((t) => has(t.name ?? '')) ?? []
  const functions = data?.functions.filter((t) => has(t.name ?? '')) ?? []
  return (
    <Branch open={first} label={database} hint="database" onOpen={setOpen}>
      <ErrorBox error={error} />
      {isPending && <Loading what="the tables" />}
      {data && tables.length + views.length + functions.length + data.broken.length === 0 && (
        <p className="quiet small">{filter ? `Nothing has “${filter}” in its name.` : 'Nothing here yet. CREATE TABLE in a script, or New table… above.'}</p>
      )}
      {tables.map((t) => (
        <Branch key={t.name} label={t.name} hint={t.properties?.['connector'] ?? 'table'} menu={
          <Menu label="⋯" title={`Do with table ${t.name}`} className="plain" align="right" items={[
            { label: 'Look at its rows', onSelect: () => actions.run(`SELECT * FROM ${name(t.name ?? '')}`) },
            { label: 'Insert its name', onSelect: () => actions.insert(name(t.name ?? '')) },
            { label: 'Insert its columns', onSelect: () => actions.insert((t.schema?.column ?? []).map((c) => quoted(c.name ?? '')).join(', ')) },
            { label: 'Show how it is made', onSelect: () => actions.run(`SHOW CREATE TABLE ${name(t.name ?? '')}`) },
            { label: 'Drop…', danger: true, onSelect: () => actions.drop('TABLE', name(t.name ?? '')) },
          ]} />
        }>
          <Details t={t} />
        </Branch>
      ))}
      {views.map((v) => (
        <Branch key={v.name} label={v.name} hint="view" menu={
          <Menu label="⋯" title={`Do with view ${v.name}`} className="plain" align="right" items={[
            { label: 'Look at its rows', onSelect: () => actions.run(`SELECT * FROM ${name(v.name ?? '')}`) },
            { label: 'Insert its name', onSelect: () => actions.insert(name(v.name ?? '')) },
            { label: 'Show how it is made', onSelect: () => actions.run(`SHOW CREATE VIEW ${name(v.name ?? '')}`) },
            { label: 'Drop…', danger: true, onSelect: () => actions.drop('VIEW', name(v.name ?? '')) },
          ]} />
        }>
          <Details t={v} />
          <pre className="mono small" tabIndex={0} aria-label={`Query of ${v.name}`}>{v.query}</pre>
        </Branch>
      ))}
      {functions.map((f) => (
        <Branch key={f.name} label={`${f.name}()`} hint="function" menu={
          <Menu label="⋯" title={`Do with function ${f.name}`} className="plain" align="right" items={[
            { label: 'Insert its name', onSelect: () => actions.insert(`${name(f.name ?? '')}()`) },
            { label: 'Drop…', danger: true, onSelect: () => actions.drop('FUNCTION', name(f.name ?? '')) },
          ]} />
        }>
          <p className="small mono">{f.className}</p>
          {f.description && <p className="small">{f.description}</p>}
        </Branch>
      ))}
      {data?.broken.map((b) => (
        <Branch key={b.name} label={<span className="state bad">✕ {b.name}</span>} hint="cannot be read">
          <p className="small">{b.message}</p>
          <pre className="mono small" tabIndex={0} aria-label={`Statement of ${b.name}`}>{b.statement}</pre>
        </Branch>
      ))}
    </Branch>
  )
}

function Details({ t }: { t: Table | View }) {
  const s = t.schema
  const key = new Set(s?.primaryKey?.column)
  const options = Object.entries(t.properties ?? {})
  return (
    <div className="details">
      {t.comment && <p className="small quiet">{t.comment}</p>}
      <table className="fields"><tbody>
        {s?.column?.map((c) => (
          <tr key={c.name}>
            <td>{c.name}{key.has(c.name ?? '') && <span className="quiet" title="part of the primary key"> key</span>}</td>
            <td className="quiet mono">{c.expression ? `AS ${c.expression}` : `${shortType(c.type)}${c.meta ? ' METADATA' : ''}`}</td>
          </tr>
        ))}
      </tbody></table>
      {s?.watermarkSpec?.map((w) => <p key={w.timeColumn} className="small"><span className="quiet">watermark</span> <span className="mono">{w.watermarkExpression}</span></p>)}
      {options.length > 0 && (
        <table className="fields options-of"><tbody>{options.map(([k, v]) => <tr key={k}><td className="mono quiet">{k}</td><td className="mono">{v}</td></tr>)}</tbody></table>
      )}
    </div>
  )
}
