// The time machine: savepoints between the jobs that wrote them and began from them.
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'
import type { Savepoint, Schema } from '../../api/client'
import { useRuns, useSavepoints } from '../../api/deployments'
import { Empty, Loading, Message, StateWord } from '../../components/bits'
import { Copy } from '../../components/code'
import { Dialog } from '../../components/dialog'
import { ErrorBox } from '../../components/error'
import { Check, TextField } from '../../components/field'
import { Menu } from '../../components/menu'
import { SavepointFields, type Doc } from '../../components/spec/form'
import { Ago, Time } from '../../components/time'
import { bytes, exact } from '../../lib/format'
import { get, mergePatch } from '../../lib/patch'
import { toneOf, word } from '../../lib/state'
import type { TabProps } from './tab'

type Run = Schema['Run']
type Asking = { what: 'reset' | 'fork' | 'delete'; of: Savepoint } | { what: 'adopt' | 'schedule' }

const names = /^[0-9a-z]([0-9a-z-]{0,61}[0-9a-z])?$/

export function Savepoints({ ns, d, actions }: TabProps) {
  const { data, error, isPending, refetch } = useSavepoints(ns, d.metadata?.id)
  const { data: runs } = useRuns(ns, d.metadata?.name ?? '')
  const [asking, setAsking] = useState<Asking>()
  const policy = d.spec?.savepoints
  const done = () => setAsking(undefined)
  const points = [
    ...(data ?? []).map((s) => ({ at: s.metadata?.createdAt ?? '', key: s.metadata?.id ?? '', s })),
    ...(runs ?? []).map((r) => ({ at: r.startedAt ?? r.createdAt ?? '', key: r.jobId, r })),
  ].sort((a, b) => b.at.localeCompare(a.at))
  return (
    <>
      <div className="tools">
        <span>{policy?.every ? <>One every <b>{policy.every}</b>{policy.keep ? `, the newest ${policy.keep} are kept` : ''}{policy.keepFor ? `, for ${policy.keepFor}` : ''}</> : 'No schedule: savepoints are taken on request, on suspending and on upgrading.'}</span>
        <button onClick={() => setAsking({ what: 'schedule' })}>Schedule…</button>
        <span className="grow" />
        <button onClick={() => setAsking({ what: 'adopt' })}>Add an existing one…</button>
      </div>
      <ErrorBox error={data ? null : error} onRetry={() => void refetch()} />
      {isPending && <Loading what="the savepoints" />}
      {data?.length === 0 && <Empty title="No savepoints yet">Press Savepoint to take one; suspending and upgrading take one by themselves. From each a reset goes back in time, and a fork makes a second deployment.</Empty>}
      {points.length > 0 && (
        <ol className="line" aria-label="Savepoints and jobs, newest first">
          {points.map((p) => ('s' in p ? <Point key={p.key} s={p.s} actions={actions} ask={setAsking} /> : <JobPoint key={p.key} run={p.r} savepoints={data ?? []} />))}
        </ol>
      )}
      {asking?.what === 'reset' && (
        <Dialog title="Reset to this savepoint?" confirm="Reset" danger onClose={done} onConfirm={() => { actions.reset(asking.of.metadata?.id ?? ''); done() }}>
          <p>{d.spec?.state === 'RUNNING' ? 'The running job is stopped and started again' : 'The next start goes on'} from the state of <Time at={asking.of.metadata?.createdAt} />. What was given since then stays where it went and is given again.</p>
        </Dialog>
      )}
      {asking?.what === 'fork' && <Fork ns={ns} d={d} of={asking.of} actions={actions} onClose={done} />}
      {asking?.what === 'delete' && <Delete of={asking.of} newest={asking.of === data?.findLast((s) => s.status?.state === 'COMPLETED')} actions={actions} onClose={done} />}
      {asking?.what === 'adopt' && <Adopt d={d} actions={actions} onClose={done} />}
      {asking?.what === 'schedule' && <Schedule d={d} actions={actions} onClose={done} />}
    </>
  )
}

function Point({ s, actions, ask }: { s: Savepoint; actions: TabProps['actions']; ask: (a: Asking) => void }) {
  const complete = s.status?.state === 'COMPLETED'
  const location = s.spec?.savepointLocation
  return (
    <li className={toneOf(s.status?.state)} data-testid="savepoint" data-id={s.metadata?.id}>
      <div className="row">
        <b><Time at={s.metadata?.createdAt} /></b><span className="quiet"><Ago at={s.metadata?.createdAt} /></span>
        <StateWord state={s.status?.state} />
        <span>{word(s.metadata?.origin)}</span>
        {s.status?.sizeBytes ? <span title={`${exact(s.status.sizeBytes)} bytes`}>{bytes(s.status.sizeBytes)}</span> : null}
        <span className="row-actions">
          {complete && <button onClick={() => ask({ what: 'reset', of: s })} disabled={actions.pending}>Reset to this…</button>}
          {complete && <button onClick={() => ask({ what: 'fork', of: s })} disabled={actions.pending}>Fork…</button>}
          {complete && <Link className="button" to={`../state?savepoint=${s.metadata?.id}`} relative="path">Look inside</Link>}
          <Menu label="More ▾" title="More for this savepoint" align="right" items={[{ label: 'Copy its place', onSelect: () => void navigator.clipboard?.writeText(location ?? '') }, { label: 'Delete…', danger: true, onSelect: () => ask({ what: 'delete', of: s }) }]} />
        </span>
      </div>
      {s.status?.state === 'PENDING_DELETION' && <div className="quiet small">It is not offered any more; its data goes when no running job and no other savepoint needs it.</div>}
      {s.status?.failure?.message && <div className="state bad wrap small"><Message text={s.status.failure.message} /></div>}
      {location && complete && <div className="mono small quiet"><Message text={location} /></div>}
    </li>
  )
}

function JobPoint({ run, savepoints }: { run: Run; savepoints: Savepoint[] }) {
  const from = savepoints.find((s) => s.spec?.savepointLocation === run.restoredFrom)
  return (
    <li className="job quiet small">
      Job {run.jobId.slice(0, 8)} began, revision {run.generation ?? '?'} at parallelism {run.parallelism ?? 1}, {run.restoredFrom ? <>from the state of {from ? <Time at={from.metadata?.createdAt} /> : <span className="names mono">{run.restoredFrom}</span>}</> : 'empty'}
      {run.endedAt && <>; it ended <Ago at={run.endedAt} /></>}
    </li>
  )
}

function Fork({ ns, d, of, actions, onClose }: { ns: string; d: TabProps['d']; of: Savepoint; actions: TabProps['actions']; onClose: () => void }) {
  const [name, setName] = useState(`${d.metadata?.name}-fork`)
  const navigate = useNavigate()
  return (
    <Dialog title="Fork a new deployment" confirm="Fork" disabled={!names.test(name)} onClose={onClose}
      onConfirm={() => { actions.fork(of.metadata?.id ?? '', name, (made) => void navigate(`/namespaces/${ns}/deployments/${made.metadata?.name ?? name}`)); onClose() }}>
      <TextField label="Name" value={name} autoFocus onChange={setName} error={names.test(name) ? undefined : 'small letters, digits and -'} />
      <p className="quiet">A copy of this deployment that begins with the state of this savepoint. It is made cancelled, so that you can change where it writes before you start it.</p>
    </Dialog>
  )
}

function Delete({ of, newest, actions, onClose }: { of: Savepoint; newest: boolean; actions: TabProps['actions']; onClose: () => void }) {
  const [force, setForce] = useState(false)
  return (
    <Dialog title="Delete this savepoint?" confirm="Delete" danger disabled={newest && !force} onClose={onClose} onConfirm={() => { actions.removeSavepoint(of.metadata?.id ?? '', force); onClose() }}>
      <p>The savepoint of <Time at={of.metadata?.createdAt} />{of.status?.sizeBytes ? `, ${bytes(of.status.sizeBytes)},` : ''} and its data are removed. Data that another savepoint or a running job needs stays, and so does what the platform did not write.</p>
      {newest && <Check label="It is the newest state: the next start would use it. Delete it even so." checked={force} onChange={setForce} />}
    </Dialog>
  )
}

function Adopt({ d, actions, onClose }: { d: TabProps['d']; actions: TabProps['actions']; onClose: () => void }) {
  const [place, setPlace] = useState('')
  return (
    <Dialog title="Add an existing savepoint" confirm="Add" disabled={place.trim() === ''} onClose={onClose} onConfirm={() => { actions.adopt(d.metadata?.id ?? '', place.trim()); onClose() }}>
      <TextField label="Its place" mono autoFocus placeholder="file:///backup/savepoint-17" value={place} onChange={setPlace} hint="A folder on the server or a bucket. A local one is looked at first: a damaged one is refused." />
      <p className="quiet">It becomes the newest state of this deployment: the next start goes on from it. Nothing happens to a job that runs.</p>
    </Dialog>
  )
}

function Schedule({ d, actions, onClose }: { d: TabProps['d']; actions: TabProps['actions']; onClose: () => void }) {
  const before: Doc = { spec: { savepoints: d.spec?.savepoints ?? {} } }
  const [doc, setDoc] = useState<Doc>(before)
  const policy = get(doc, 'spec.savepoints')
  return (
    <Dialog title="When savepoints are taken and kept" confirm="Save" onClose={onClose}
      onConfirm={() => { actions.patch({ spec: { savepoints: policy === undefined ? null : (mergePatch(before, doc) as { spec?: { savepoints?: unknown } } | undefined)?.spec?.savepoints ?? {} } }); onClose() }}>
      <SavepointFields doc={doc} onDoc={setDoc} problems={[]} />
      <p className="quiet">One that somebody takes counts too. Beyond what is kept the oldest goes, with its data; the newest state always stays. The job is not restarted by this.</p>
      <p className="quiet small">The same in YAML: <code>spec.savepoints</code> <Copy text={JSON.stringify({ spec: { savepoints: policy ?? null } })} /></p>
    </Dialog>
  )
}
