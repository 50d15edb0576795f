// One deployment: its state in words, what can be done, and its tabs.
import { lazy, Suspense, useEffect, useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import { plan, useActions, useDeployment, yamlOf } from '../../api/deployments'
import type { Deployment } from '../../api/client'
import { Loading, Message, StateWord } from '../../components/bits'
import { ErrorBox } from '../../components/error'
import { Ago } from '../../components/time'
import { Dialog } from '../../components/dialog'
import { ownerOf } from '../../lib/drift'
import { viewOf } from '../../lib/links'
import { troubles } from '../../lib/state'
import { Menu } from '../../components/menu'
import { Tabs } from '../../components/tabs'
import { toast } from '../../components/toast'
import { Autopilot } from './autopilot'
import { Configuration } from './configuration'
import { Doctor } from './doctor'
import { Events } from './events'
import { Jobs } from './jobs'
import { Logs } from './logs'
import { Metrics } from './metrics'
import { Overview } from './overview'
import { Savepoints } from './savepoints'
import { State } from './state'
import type { TabProps } from './tab'
import './deployment.css'

const Git = lazy(() => import('./git'))

const tabs = [
  ['overview', 'Overview', Overview],
  ['configuration', 'Configuration', Configuration],
  ['savepoints', 'Savepoints', Savepoints],
  ['jobs', 'Jobs', Jobs],
  ['events', 'Events', Events],
  ['logs', 'Logs', Logs],
  ['metrics', 'Metrics', Metrics],
  ['state', 'State', State],
  ['doctor', 'Doctor', Doctor],
  ['autopilot', 'Autopilot', Autopilot],
] as const

export function Component() {
  const { ns = 'default', ref = '', tab: named = 'overview' } = useParams()
  const tab = viewOf(named)
  const { data: d, error, isPending } = useDeployment(ns, ref)
  const actions = useActions(ns, ref)
  if (isPending) return <Loading what="the deployment" />
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
        <Buttons ns={ns} d={d} actions={actions} />
      </div>
      {d.status?.transition && d.status.state === 'TRANSITIONING' && d.status.transition.startedAt && (
        <p className="doing small">Changing since <Ago at={d.status.transition.startedAt} />{(d.status.transition.savepointAttempts ?? 0) > 1 && `, savepoint attempt ${d.status.transition.savepointAttempts}`}{(d.status.transition.jobAttempts ?? 0) > 1 && `, start attempt ${d.status.transition.jobAttempts}`}</p>
      )}
      {d.status?.message && (
        <p className={d.status.state === 'FAILED' ? 'doing bad' : 'doing'} data-testid="message">
          <Message text={d.status.message} /> <span className="quiet">· <Ago at={d.status.messageSince ?? undefined} /></span>
        </p>
      )}
      {troubles(d.status?.running?.conditions).map((t) => <p key={t.word} className="doing bad" data-testid="trouble"><Message text={t.message} /></p>)}
      {ownerOf(d) && <Suspense><Git ns={ns} d={d} /></Suspense>}
      <ErrorBox error={actions.error} onClose={actions.clear} />
      <Tabs label="Views of the deployment" tabs={tabs.map(([key, title]) => ({ to: `/namespaces/${ns}/deployments/${ref}/detail/${key}`, title, active: tab === key }))} />
      <Tab ns={ns} d={d} actions={actions} />
    </section>
  )
}

function Buttons({ ns, d, actions }: { ns: string; d: Deployment; actions: TabProps['actions'] }) {
  const name = d.metadata?.name ?? ''
  const home = `/namespaces/${ns}/deployments/${encodeURIComponent(name)}`
  const [asking, setAsking] = useState<'scale' | 'cancel' | 'delete'>()
  const navigate = useNavigate()
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
          <button onClick={() => actions.savepoint(d.metadata?.id ?? '', () => toast('A savepoint is being taken'))} disabled={actions.pending || !d.status?.running}>Savepoint</button>
          <button onClick={() => actions.patch({ spec: { state: 'SUSPENDED' } }, () => toast(`${name} is being suspended with its state`, { undo: () => set('RUNNING') }))} disabled={actions.pending}>Suspend</button>
          <button onClick={() => setAsking('cancel')} disabled={actions.pending}>Cancel…</button>
        </>
      ) : (
        <>
          {wanted === 'RUNNING'
            ? <button onClick={() => set('CANCELLED')} disabled={actions.pending}>Put away</button>
            : <button className="primary" onClick={() => set('RUNNING')} disabled={actions.pending}>Start</button>}
        </>
      )}
      <Menu label="More ▾" align="right" items={[
        { label: 'Edit', href: `#${home}/detail/configuration` },
        { label: 'Why no output?', hint: 'Doctor', href: `#${home}/detail/doctor` },
        d.status?.running?.jobId ? { label: 'Flink UI', href: `/flink-ui/v1/namespaces/${ns}/jobs/${d.status.running.jobId}/` } : undefined,
        { label: 'Copy as YAML', onSelect: () => void yamlOf(ns, name).then((t) => navigator.clipboard?.writeText(t)).then(() => toast('The YAML is copied')) },
        { label: 'Delete…', danger: true, disabled: wanted === 'RUNNING' || d.status?.state === 'TRANSITIONING', hint: wanted === 'RUNNING' ? 'stop it first' : undefined, onSelect: () => setAsking('delete') },
      ]} />
      {asking === 'delete' && (
        <Dialog title={`Delete ${name}?`} confirm="Delete" danger name={name} onClose={() => setAsking(undefined)}
          onConfirm={() => { actions.remove(() => { toast(`${name} is deleted`); void navigate(`/namespaces/${ns}/deployments`) }); setAsking(undefined) }}>
          <p>Its spec and its {d.metadata?.generation ?? 1} revision{d.metadata?.generation === 1 ? '' : 's'} are gone. The data of its savepoints stays where it is, and so does the record of its jobs and events.</p>
        </Dialog>
      )}
      {asking === 'scale' && (
        <Dialog title={`Scale ${d.metadata?.name}`} confirm={`Scale to ${valid ? n : '…'}`} disabled={!valid || n === now} onClose={() => setAsking(undefined)}
          onConfirm={() => { actions.patch({ spec: { template: { spec: { parallelism: n } } } }); setAsking(undefined) }}>
          <label>Parallelism <input className="short" type="number" min={1} max={128} value={parallelism} autoFocus onChange={(e) => setParallelism(e.target.value)} /></label>
          <p className="quiet">Now {now}. {valid && n !== now && <Effect ns={ns} refName={name} parallelism={n} />}</p>
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

/** What scaling would do, in the words of the server: they differ by strategy and scheduler. */
function Effect({ ns, refName, parallelism }: { ns: string; refName: string; parallelism: number }) {
  const [said, setSaid] = useState<{ of: number; text: string }>()
  useEffect(() => {
    let gone = false
    const say = (text: string) => !gone && setSaid({ of: parallelism, text })
    const timer = setTimeout(() => {
      plan(ns, refName, { spec: { template: { spec: { parallelism } } } }).then(
        (p) => say(`${p.message[0]?.toUpperCase()}${p.message.slice(1)}.${p.warnings.map((w) => ` ${w}`).join('')} If that fails, it goes on as it is.`), (e: Error) => say(e.message))
    }, 200)
    return () => {
      gone = true
      clearTimeout(timer)
    }
  }, [ns, refName, parallelism])
  return <span role="status" data-testid="effect">{said?.of === parallelism ? said.text : 'What that does is worked out …'}</span>
}
