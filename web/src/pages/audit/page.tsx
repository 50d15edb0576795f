// The audit log: who changed what, when, newest first.
import { useEffect, useState } from 'react'
import { Link, useParams, useSearchParams } from 'react-router'
import '../../components/places.css'
import { auditReport, useAudit, useAuditCheck, type AuditEntry, type AuditFilter } from '../../api/platform'
import { Empty, Head, Loading, Mark } from '../../components/bits'
import { ErrorBox } from '../../components/error'
import { Menu } from '../../components/menu'
import { Ago, Time } from '../../components/time'
import { exact } from '../../lib/format'

const page = 100
const kinds = ['Deployment', 'Savepoint', 'SessionCluster', 'DeploymentTarget', 'DeploymentDefaults', 'SecretValue', 'Namespace', 'ApiToken', 'Artifact', 'SqlScript', 'CatalogEntry', 'UdfArtifact', 'Connector', 'Format', 'AutopilotPolicy']

export function Component() {
  const { ns = 'default' } = useParams()
  const [params, setParams] = useSearchParams()
  const get = (key: string) => params.get(key) ?? ''
  const filter: AuditFilter = { namespace: params.get('scope') === 'all' ? undefined : ns, kind: get('kind'), name: get('name'), actor: get('actor'), from: get('from'), to: get('to') }
  const before = Number(params.get('before')) || undefined
  const set = (key: string, value: string) => setParams((p) => {
    if (value) p.set(key, value)
    else p.delete(key)
    if (key !== 'before') p.delete('before')
    return p
  }, { replace: key !== 'before' })
  const { data, error, isPending, refetch } = useAudit(filter, before, page)
  const filtered = ['kind', 'name', 'actor', 'from', 'to'].some((k) => params.has(k))
  return (
    <section>
      <title>Audit · weir</title>
      <Head title="Audit log">
        <Check />
        <Menu label="Export" align="right" items={[{ label: 'All that is selected, as CSV', href: auditReport(filter, 'csv') }, { label: 'All that is selected, as JSON', href: auditReport(filter, 'json') }]} />
      </Head>
      <div className="filters" role="search">
        <Words label="Name or id" value={get('name')} onChange={(v) => set('name', v)} />
        <Words label="Who" value={get('actor')} onChange={(v) => set('actor', v)} hint="user:ann" />
        <select aria-label="Kind" value={get('kind')} onChange={(e) => set('kind', e.target.value)}>
          <option value="">every kind</option>
          {kinds.map((k) => <option key={k}>{k}</option>)}
        </select>
        <select aria-label="Where" value={get('scope')} onChange={(e) => set('scope', e.target.value)}>
          <option value="">namespace {ns}</option>
          <option value="all">everywhere</option>
        </select>
        <label>from <Day label="From this day (UTC)" value={get('from')} onChange={(v) => set('from', v)} /></label>
        <label>to <Day label="Until the day before this (UTC)" value={get('to')} onChange={(v) => set('to', v)} /></label>
        {filtered && <button className="plain" onClick={() => setParams(params.get('scope') ? { scope: params.get('scope')! } : {})}>Clear</button>}
      </div>
      <ErrorBox error={error} onRetry={() => void refetch()} />
      {isPending && <Loading what="the audit log" />}
      {data?.length === 0 && <Empty title={filtered ? 'Nothing was found' : 'Nothing was changed yet'}>{filtered ? 'No change is of all of these at once.' : 'Every change is written down here, with who made it.'}</Empty>}
      {data && data.length > 0 && (
        <>
          <div className="scroll-x"><table className="list audit-list" aria-label="Audit log">
            <thead><tr><th className="number">No.</th><th>When</th><th>Who</th><th>Did</th><th>What changed</th></tr></thead>
            <tbody>{data.map((e) => <Entry key={e.sequence} e={e} ns={ns} />)}</tbody>
          </table></div>
          <div className="foot">
            {before !== undefined && <button onClick={() => set('before', '')}>Newest</button>}
            <span className="grow" />
            {data.length === page && <button onClick={() => set('before', String(data.at(-1)?.sequence))}>Older</button>}
          </div>
        </>
      )}
    </section>
  )
}

/** What is typed, which counts when it was not changed for a moment and is whole. */
function useTyped(value: string, onChange: (v: string) => void, whole: (text: string) => boolean = () => true) {
  const [text, setText] = useState(value)
  const [last, setLast] = useState(value)
  if (last !== value) {
    setLast(value)
    if (text.trim() !== value) setText(value)
  }
  useEffect(() => {
    if (text.trim() === value || !whole(text)) return
    const t = setTimeout(() => onChange(text.trim()), 400)
    return () => clearTimeout(t)
  })
  return [text, setText] as const
}

/** A day: on the way to 2026 its year is 0002, 0020 and 0202. */
function Day({ label, value, onChange }: { label: string; value: string; onChange: (v: string) => void }) {
  const [text, setText] = useTyped(value, onChange, (t) => t === '' || t >= '1000')
  return <input type="date" aria-label={label} value={text} onChange={(e) => setText(e.target.value)} />
}

function Words({ label, value, hint, onChange }: { label: string; value: string; hint?: string; onChange: (v: string) => void }) {
  const [text, setText] = useTyped(value, onChange)
  return <input className="filter" type="search" aria-label={label} placeholder={hint ? `${label}, as ${hint}` : label} value={text} onChange={(e) => setText(e.target.value)} />
}

function Entry({ e, ns }: { e: AuditEntry; ns: string }) {
  const refused = e.status >= 400
  const what = e.name || e.id
  const link = e.kind === 'Deployment' && what && !refused && e.action !== 'delete' ? `/namespaces/${e.namespace ?? ns}/deployments/${encodeURIComponent(what)}` : undefined
  return (
    <tr data-testid="entry" className={refused ? 'refused' : ''}>
      <td className="number quiet" title={`hash ${e.hash}`}>{e.sequence}</td>
      <td className="when"><Ago at={e.at} /><div className="quiet small"><Time at={e.at} /></div></td>
      <td className="words">{e.actor}</td>
      <td className="words">
        {refused && <Mark tone="bad">refused ({e.status})</Mark>} {e.action} <span className="quiet">{e.kind}</span> {link ? <Link to={link}>{what}</Link> : <b>{what}</b>}
        {e.namespace && e.namespace !== ns && <span className="quiet"> in {e.namespace}</span>}
        {e.message && <div className="small quiet">{e.message}</div>}
      </td>
      <td className="words">{(e.changes?.length ?? 0) > 0 && <Changes e={e} />}</td>
    </tr>
  )
}

const gone = (v: unknown) => v === undefined || v === null
const words = (v: unknown): string => (gone(v) ? '–' : typeof v === 'string' ? v : JSON.stringify(v))

function Changes({ e }: { e: AuditEntry }) {
  const all = e.changes ?? []
  const few = all.length <= 2 && all.every((c) => words(c.old).length + words(c.new).length < 80)
  const table = (
    <table className="changes"><tbody>{all.map((c) => (
      <tr key={c.field}><td className="mono quiet">{c.field}</td><td className="mono">{gone(c.old) ? (gone(c.new) ? <i>hidden</i> : words(c.new)) : <><del>{words(c.old)}</del> → {gone(c.new) ? <i>removed</i> : words(c.new)}</>}</td></tr>
    ))}</tbody></table>
  )
  return few ? table : <details className="entry"><summary>{all.length === 1 ? all[0]?.field : `${all.length} fields`}</summary>{table}</details>
}

/** Whether the log is as it was written. */
function Check() {
  const { data, error } = useAuditCheck()
  if (error) return <span className="quiet small">the chain could not be checked: {error.message}</span>
  if (!data) return <span className="quiet small" role="status">the chain is checked …</span>
  return data.broken
    ? <Mark tone="bad">the log was tampered with at entry {data.broken}: {data.reason}</Mark>
    : <span className="small" title={`Hash of the newest entry: ${data.hash}. Written down elsewhere it proves later that nothing up to it was taken away.`}><Mark tone="good">{exact(data.entries)} entries, as they were written</Mark></span>
}
