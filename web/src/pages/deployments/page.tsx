// All deployments of a namespace: is anything wrong, what is going on, what can be done.
import { useMemo, useState } from 'react'
import { Link, useParams, useSearchParams } from 'react-router'
import type { Deployment } from '../../api/client'
import { useDeployments } from '../../api/deployments'
import { useExamples } from '../../api/platform'
import { useSummary, useSummaryOf, type Summary } from '../../api/telemetry'
import { Empty, Head, Loading, Message, StateWord } from '../../components/bits'
import { ErrorBox } from '../../components/error'
import { Filter } from '../../components/filter'
import { Menu } from '../../components/menu'
import { Spark } from '../../components/spark'
import { Table, type Column } from '../../components/table'
import { Segments } from '../../components/tabs'
import { Ago, useTick } from '../../components/time'
import { toast } from '../../components/toast'
import { countStates, hasLabel, isIn, labelsOf, says, stateFilters, type StateFilter } from '../../lib/filter'
import { compact, exact, span } from '../../lib/format'
import { troubles } from '../../lib/state'
import { order, orderText } from '../../lib/table'
import { Bulk } from './bulk'
import './deployments.css'


export function Component() {
  const ns = useParams()['ns'] ?? 'default'
  const { data, error, isPending, refetch } = useDeployments(ns)
  return (
    <section>
      <title>Deployments · weir</title>
      <Head title="Deployments"><Link className="button primary" to={`/namespaces/${ns}/deploy`}>Create deployment</Link></Head>
      <ErrorBox error={data ? null : error} onRetry={() => void refetch()} />
      {isPending && <Loading what="the deployments" />}
      {data?.length === 0 && <First ns={ns} />}
      {data && data.length > 0 && <List ns={ns} all={data} />}
    </section>
  )
}

function List({ ns, all }: { ns: string; all: Deployment[] }) {
  const [address, setAddress] = useSearchParams()
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const tick = useTick(10_000)
  const text = address.get('q') ?? ''
  const state = (address.get('state') ?? 'all') as StateFilter
  const labels = address.getAll('label')
  const sort = order(address.get('order'), { key: 'name', down: false })
  const set = (change: (a: URLSearchParams) => void) => setAddress((a) => { change(a); return a }, { replace: true })
  const put = (key: string, value: string, standard = '') => set((a) => (value === standard ? a.delete(key) : a.set(key, value)))
  const { data: summary } = useSummary(ns)
  // Under the pointer the order stays: numbers go on, rows do not jump.
  const [held, setHeld] = useState<ReadonlyMap<string, Summary>>()
  const numbers = held ?? summary
  const labelKey = labels.join('\n')
  const found = useMemo(
    () => all.filter((d) => (labelKey === '' || labelKey.split('\n').every((l) => hasLabel(d, l))) && says(d, text)),
    [all, labelKey, text],
  )
  const shown = useMemo(() => (state === 'all' ? found : found.filter((d) => isIn(d, state, tick))), [found, state, tick])
  const counts = useMemo(() => countStates(found, tick), [found, tick])
  const byNumber = ['in', 'out', 'lag'].includes(sort.key)
  const columns = useMemo(() => columnsOf(ns, byNumber ? numbers : undefined), [ns, byNumber, numbers])
  const known = useMemo(() => [...new Set(all.flatMap(labelsOf))].sort(), [all])
  const chosen = all.filter((d) => selected.has(d.metadata?.name ?? ''))
  return (
    <>
      <div className="tools">
        <Filter label="Filter deployments" placeholder="Filter by name, state, target, label" value={text} onChange={(v) => put('q', v)} />
        <Segments label="State" value={state} onChange={(s) => put('state', s, 'all')}
          options={stateFilters.map(([key, title], i) => [key, <>{title} <span className="quiet">{counts[i]}</span></>] as const)} />
        {known.length > 0 && (
          <Menu label="Label ▾" items={known.map((l) => ({
            label: l, checked: labels.includes(l),
            onSelect: () => set((a) => { const rest = labels.filter((x) => x !== l); a.delete('label'); for (const x of labels.includes(l) ? rest : [...rest, l]) a.append('label', x) }),
          }))} />
        )}
        {labels.map((l) => (
          <button key={l} type="button" className="chip" aria-label={`No longer only ${l}`} onClick={() => set((a) => { a.delete('label'); for (const x of labels.filter((y) => y !== l)) a.append('label', x) })}>{l} ✕</button>
        ))}
      </div>
      {chosen.length > 0 && <Bulk ns={ns} chosen={chosen} onDone={() => setSelected(new Set())} />}
      <div onPointerEnter={(e) => e.pointerType === 'mouse' && setHeld(summary)} onPointerLeave={() => setHeld(undefined)}>
        <Table label="Deployments" columns={columns} rows={shown} id={nameOf} order={sort} onOrder={(o) => put('order', orderText(o), 'name')} selected={selected} onSelect={setSelected}
          rowHeight={57} testid="deployment"
          none={<>None of {all.length} {text && <>has “{text}” in its name, state, target or labels </>}{state !== 'all' && <>is {stateFilters.find((f) => f[0] === state)?.[1].toLowerCase()} </>}. <button className="plain" onClick={() => setAddress({})}>Show all</button></>} />
      </div>
    </>
  )
}

const nameOf = (d: Deployment) => d.metadata?.name ?? d.metadata?.id ?? ''

function columnsOf(ns: string, numbers: ReadonlyMap<string, Summary> | undefined): Column<Deployment>[] {
  const of = (d: Deployment) => numbers?.get(d.metadata?.id ?? '')
  return [
    {
      key: 'name', title: 'Name', className: 'named', value: (d) => d.metadata?.displayName || nameOf(d),
      cell: (d) => (
        <>
          <Link to={`/namespaces/${ns}/deployments/${encodeURIComponent(nameOf(d))}`}>{d.metadata?.displayName || nameOf(d)}</Link>
          {d.metadata?.displayName && d.metadata.displayName !== nameOf(d) && <div className="quiet small">{nameOf(d)}</div>}
        </>
      ),
    },
    {
      key: 'state', title: 'State', className: 'words', value: (d) => [d.status?.state, ...troubles(d.status?.running?.conditions).map((t) => t.word)].join(', '),
      cell: (d) => (
        <>
          <StateWord state={d.status?.state} conditions={d.status?.running?.conditions} />
          {d.status?.message && d.status.state !== 'RUNNING' && <div className="quiet small brief"><Message text={d.status.message} /></div>}
          {troubles(d.status?.running?.conditions).map((t) => <div key={t.word} className="quiet small brief"><Message text={t.message} /></div>)}
        </>
      ),
    },
    { key: 'target', title: 'Target', value: (d) => d.spec?.deploymentTargetName ?? d.spec?.sessionClusterName, cell: (d) => d.spec?.deploymentTargetName ?? d.spec?.sessionClusterName },
    { key: 'parallelism', title: '×', number: true, value: (d) => d.spec?.template?.spec?.parallelism ?? 1, cell: (d) => <span title="parallelism">{d.spec?.template?.spec?.parallelism ?? 1}</span> },
    { key: 'in', title: 'Records/s in', number: true, className: 'rate', value: (d) => of(d)?.recordsIn, cell: (d) => <Rate ns={ns} d={d} what="recordsIn" /> },
    { key: 'minutes', title: 'Just now', className: 'wide-only', cell: (d) => <History ns={ns} d={d} /> },
    { key: 'out', title: 'out', number: true, className: 'rate', value: (d) => of(d)?.recordsOut, cell: (d) => <Rate ns={ns} d={d} what="recordsOut" /> },
    { key: 'lag', title: 'Lag', number: true, value: (d) => of(d)?.watermarkLag, cell: (d) => <Lag ns={ns} d={d} /> },
    {
      key: 'changed', title: 'Last change', value: (d) => d.metadata?.modifiedAt,
      cell: (d) => <span className="nowrap">revision {d.metadata?.generation ?? 1}<span className="quiet">, <Ago at={d.metadata?.modifiedAt} /></span></span>,
    },
  ]
}

/** The newest numbers of a deployment, if a job of it runs. */
function useNumbers(ns: string, d: Deployment): Summary | undefined {
  const data = useSummaryOf(ns, d.metadata?.id ?? '')
  return d.spec?.state === 'RUNNING' && d.status?.state !== 'FAILED' && d.status?.state !== 'FINISHED' ? data : undefined
}

function Rate({ ns, d, what }: { ns: string; d: Deployment; what: 'recordsIn' | 'recordsOut' }) {
  const n = useNumbers(ns, d)?.[what]
  return <span title={n === undefined ? undefined : `${exact(Math.round(n))} records a second`}>{n === undefined ? '–' : compact(n)}</span>
}

function History({ ns, d }: { ns: string; d: Deployment }) {
  const n = useNumbers(ns, d)
  return n ? <Spark values={n.history} label={`Records a second: ${compact(n.recordsIn)} now`} /> : null
}

function Lag({ ns, d }: { ns: string; d: Deployment }) {
  const n = useNumbers(ns, d)
  if (n?.pendingRecords) return <span title={`${exact(n.pendingRecords)} records wait to be read`}>{compact(n.pendingRecords)} rec.</span>
  if (n === undefined || n.watermarkLag === null) return <>–</>
  return <span title={`The slowest watermark is ${exact(Math.round(n.watermarkLag))} ms behind the clock`}>{span(n.watermarkLag)}</span>
}

/** The first visit: something to see at once. */
function First({ ns }: { ns: string }) {
  const { list, deploy } = useExamples(ns)
  const start = (name: string, title: string) => deploy.mutate(name, { onSuccess: () => toast(`${title} is being started`) })
  const examples = list.data ?? []
  return (
    <>
      <ErrorBox error={deploy.error} onClose={deploy.reset} />
      <Empty title="No deployments yet" actions={
        <>
          {examples.map((e) => <button key={e.name} className="primary" disabled={deploy.isPending} title={e.description} onClick={() => start(e.name, e.displayName)}>Start “{e.displayName}”</button>)}
          <Link className="button" to={`/namespaces/${ns}/deploy`}>Create one</Link>
          <Link className="button" to={`/namespaces/${ns}/sql`}>Try SQL</Link>
        </>
      }>
        <p>A deployment is a job that should run: its SQL or its JAR, where it runs, and what happens to its state when it changes. The platform starts it, keeps it running and
          carries its state from one version to the next.</p>
        {examples.map((e) => <p key={e.name}><b>{e.displayName}</b>: {e.description}</p>)}
        <p>On the command line: <code>weir apply -f deployment.yaml</code>.</p>
      </Empty>
    </>
  )
}

