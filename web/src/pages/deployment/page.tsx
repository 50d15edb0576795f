// One deployment: its state in words, what can be done, and its tabs.
import { useState } from 'react'
import { Link, NavLink, useParams } from 'react-router'
import { useActions, useDeployment } from '../../api/deployments'
import type { Deployment } from '../../api/client'
import { Message, StateWord } from '../../components/bits'
import { ErrorBox } from '../../components/error'
import { Ago } from '../../components/time'
import { Dialog } from '../../components/dialog'
import { troubles } from '../../lib/state'
import { Configuration } from './configuration'
import { Events } from './events'
import { Jobs } from './jobs'
import { Overview } from './overview'
import { Savepoints } from './savepoints'
import type { TabProps } from './tab'

const tabs = [
  ['overview', 'Overview', Overview],
  ['configuration', 'Configuration', Configuration],
  ['savepoints', 'Savepoints', Savepoints],
  ['jobs', 'Jobs', Jobs],
  ['events', 'Events', Events],
] as const

export function Component() {
  const { ns = 'default', ref = '', tab = 'overview' } = useParams()
  const { data: d, error, isPending } = useDeployment(ns, ref)
  const actions = useActions(ns, ref)
  if (isPending) return <div className="skeleton" aria-busy="true" />
  if (!d)
    return (
      <section>
        <div className="crumbs"><Link to={`/namespaces/${ns}/deployments`}>Deployments</Link></div>
        <ErrorBox error={error} />
      </section>
    )
  const Tab = tabs.find(([key]) => key === tab)?.[2] ?? Overview
  return (
    <section>
      <title>{`${d.metadata?.displayName || d.metadata?.name} · weir`}</title>
      <div className="crumbs"><Link to={`/namespaces/${ns}/deployments`}>Deployments</Link> /</div>
      <div className="title">
        <h1>{d.metadata?.displayName || d.metadata?.name}</h1>
        <span data-testid="state"><StateWord state={d.status?.state} conditions={d.status?.running?.conditions} /></span>
        {d.status?.state !== d.spec?.state && d.status?.state !== 'FINISHED' && <span className="quiet">wanted: {d.spec?.state?.toLowerCase()}</span>}
        <span className="grow" />
        <Buttons d={d} actions={actions} />
      </div>
      {d.status?.message && (
        <p className={d.status.state === 'FAILED' ? 'doing bad' : 'doing'} data-testid="message">
          <Message text={d.status.message} /> <span className="quiet">· <Ago at={d.status.messageSince ?? undefined} /></span>
        </p>
      )}
      {troubles(d.status?.running?.conditions).map((t) => <p key={t.word} className="doing bad" data-testid="trouble"><Message text={t.message} /></p>)}
      <ErrorBox error={actions.error} onClose={actions.clear} />
      <nav className="tabs">
        {tabs.map(([key, title]) => (
          <NavLink key={key} to={`/namespaces/${ns}/deployments/${ref}/detail/${key}`} className={tab === key ? 'active' : ''}>{title}</NavLink>
        ))}
      </nav>
      <Tab ns={ns} d={d} actions={actions} />
    </section>
  )
}

function Buttons({ d, actions }: { d: Deployment; actions: TabProps['actions'] }) {
  const [asking, setAsking] = useState<'scale' | 'cancel'>()
  const [parallelism, setParallelism] = useState('')
  const wanted = d.spec?.state
  const set = (state: string) => actions.patch({ spec: { state } })
  const n = Number(parallelism)
  const valid = Number.isInteger(n) && n >= 1 && n <= 128
  const now = d.spec?.template?.spec?.parallelism ?? 1
  return (
    <>
      {wanted === 'RUNNING' && d.status?.state !== 'FINISHED' ? (
        <>
          <button onClick={() => { setParallelism(String(Math.min(128, now === 4 ? 1 : 4))); setAsking('scale') }} disabled={actions.pending}>Scale…</button>
          <button onClick={() => actions.savepoint(d.metadata?.id ?? '')} disabled={actions.pending || !d.status?.running}>Savepoint</button>
          <button onClick={() => set('SUSPENDED')} disabled={actions.pending}>Suspend</button>
          <button onClick={() => setAsking('cancel')} disabled={actions.pending}>Cancel…</button>
        </>
      ) : (
        <>
          {wanted === 'RUNNING'
            ? <button onClick={() => set('CANCELLED')} disabled={actions.pending}>Put away</button>
            : <button className="primary" onClick={() => set('RUNNING')} disabled={actions.pending}>Start</button>}
        </>
      )}
      {asking === 'scale' && (
        <Dialog title={`Scale ${d.metadata?.name}`} confirm={`Scale to ${valid ? n : '…'}`} disabled={!valid || n === now} onClose={() => setAsking(undefined)}
          onConfirm={() => { actions.patch({ spec: { template: { spec: { parallelism: n } } } }); setAsking(undefined) }}>
          <label>Parallelism <input className="short" type="number" min={1} max={128} value={parallelism} autoFocus onChange={(e) => setParallelism(e.target.value)} /></label>
          <p className="quiet">Now {now}. The job stops with a savepoint and goes on from it with its state; if that fails, it goes on as it is.</p>
        </Dialog>
      )}
      {asking === 'cancel' && (
        <Dialog title={`Cancel ${d.metadata?.name}?`} confirm="Cancel the job" onClose={() => setAsking(undefined)} onConfirm={() => { set('CANCELLED'); setAsking(undefined) }}>
          <p>The job ends without a savepoint. What it did since its last checkpoint is done again at the next start. Suspend keeps everything.</p>
        </Dialog>
      )}
    </>
  )
}
