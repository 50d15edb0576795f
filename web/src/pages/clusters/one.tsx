import { useState } from 'react'
import { Link, useNavigate } from 'react-router'
import { useDeployments } from '../../api/deployments'
import { sessionClusterApi, useClusterOverview, useSessionClusters, type SessionCluster } from '../../api/platform'
import { Empty, Fact, Head, Loading, Message, StateWord } from '../../components/bits'
import { Dialog } from '../../components/dialog'
import { DocumentEditor, type View } from '../../components/document'
import { ErrorBox } from '../../components/error'
import { Tabs } from '../../components/tabs'
import { Ago } from '../../components/time'
import { toast } from '../../components/toast'
import { span } from '../../lib/format'
import { draftOf, Fields } from './edit'
import { StartStop } from './list'

export function OneCluster({ ns, name, tab }: { ns: string; name: string; tab: string }) {
  const { list, patch, remove } = useSessionClusters(ns)
  const [deleting, setDeleting] = useState(false)
  const navigate = useNavigate()
  const c = list.data?.find((x) => x.metadata?.name === name || x.metadata?.id === name)
  const at = `/namespaces/${ns}/clusters/${encodeURIComponent(name)}`
  const up = c?.status?.state === 'RUNNING'
  return (
    <section>
      <title>{`${name} · weir`}</title>
      <Head title={c?.metadata?.displayName || name} crumbs={<Link to={`/namespaces/${ns}/clusters`}>Session clusters</Link>} aside={c && <span data-testid="state"><StateWord state={c.status?.state ?? 'STOPPED'} /></span>}>
        {c && <StartStop c={c} pending={patch.isPending} onSet={(state) => patch.mutate({ name, body: { spec: { state } } })} />}
        {up && <a className="button" href={`${sessionClusterApi(ns, name)}/`} target="_blank" rel="noreferrer">Flink UI ↗</a>}
        {c && <button onClick={() => { remove.reset(); setDeleting(true) }}>Delete…</button>}
      </Head>
      <ErrorBox error={list.error} onRetry={() => void list.refetch()} />
      <ErrorBox error={patch.error} onClose={patch.reset} />
      {list.isPending && <Loading what="the session cluster" />}
      {list.data && !c && <ErrorBox error={new Error(`There is no session cluster ${name} in namespace ${ns}.`)} remedy="It may have been deleted." />}
      {c?.status?.message && <p className="doing"><Message text={c.status.message} /> <span className="quiet">· <Ago at={c.status.since} /></span></p>}
      {c?.status?.failure?.message && <p className="doing bad"><Message text={c.status.failure.message} /></p>}
      {c && <Tabs label="Views of the session cluster" tabs={[{ to: `${at}/overview`, title: 'Overview', active: tab === 'overview' }, { to: `${at}/configuration`, title: 'Configuration', active: tab === 'configuration' }]} />}
      {c && tab === 'overview' && <Overview ns={ns} c={c} up={up} />}
      {c && tab === 'configuration' && <Configuration key={c.metadata?.resourceVersion} ns={ns} c={c} />}
      {deleting && (
        <Dialog title={`Delete session cluster ${name}?`} confirm="Delete" danger disabled={remove.isPending} onClose={() => setDeleting(false)}
          onConfirm={() => remove.mutate(name, { onSuccess: () => { toast(`Session cluster ${name} is deleted`); void navigate(`/namespaces/${ns}/clusters`) } })}>
          <ErrorBox error={remove.error} />
          <p>It has to be stopped first, and no deployment may name it.</p>
        </Dialog>
      )}
    </section>
  )
}

function Overview({ ns, c, up }: { ns: string; c: SessionCluster; up: boolean }) {
  const { data, error } = useClusterOverview(ns, c.metadata?.name ?? '', up)
  const { data: deployments } = useDeployments(ns)
  const mine = deployments?.filter((d) => d.spec?.sessionClusterName === c.metadata?.name) ?? []
  const o = up ? data?.overview : undefined
  return (
    <>
      <div className="facts even">
        <Fact label="task managers" value={o?.taskmanagers ?? c.status?.numberOfTaskManagers ?? '–'} />
        <Fact label="slots free" value={o ? `${o['slots-available']} of ${o['slots-total']}` : '–'} />
        <Fact label="jobs running" value={o?.['jobs-running'] ?? '–'} />
        <Fact label="running since" value={up ? <Ago at={c.status?.running?.startedAt} /> : '–'} />
        <Fact label="Flink" value={o?.['flink-version'] ?? c.spec?.flinkVersion ?? '–'} />
      </div>
      {up && !data && <ErrorBox error={error} title="The cluster does not answer" />}
      <h2>Deployments on it</h2>
      {mine.length === 0 ? <Empty title="None">A deployment runs here when its configuration names this session cluster instead of a target.</Empty> : (
        <div className="scroll-x"><table className="list middle" aria-label="Deployments on the cluster">
          <thead><tr><th>Deployment</th><th>State</th><th>Job</th></tr></thead>
          <tbody>{mine.map((d) => (
            <tr key={d.metadata?.id}>
              <td><Link to={`/namespaces/${ns}/deployments/${encodeURIComponent(d.metadata?.name ?? '')}`}>{d.metadata?.displayName || d.metadata?.name}</Link></td>
              <td><StateWord state={d.status?.state} /></td>
              <td className="mono small">{d.status?.running?.jobId?.slice(0, 8) ?? '–'}</td>
            </tr>
          ))}</tbody>
        </table></div>
      )}
      {up && data && data.jobs.length > 0 && (
        <>
          <h2 className="next">Jobs of the cluster</h2>
          <div className="scroll-x"><table className="list middle" aria-label="Jobs of the cluster">
            <thead><tr><th>Job</th><th>State</th><th>Started</th><th className="number">Ran for</th></tr></thead>
            <tbody>{data.jobs.map((j) => (
              <tr key={j.jid}><td>{j.name} <span className="mono small quiet">{j.jid.slice(0, 8)}</span></td><td><StateWord state={j.state} /></td><td><Ago at={j['start-time']} /></td><td className="number">{span(j.duration)}</td></tr>
            ))}</tbody>
          </table></div>
        </>
      )}
    </>
  )
}

function Configuration({ ns, c }: { ns: string; c: SessionCluster }) {
  const { replace } = useSessionClusters(ns)
  const [draft, setDraft] = useState(() => draftOf(c))
  const [view, setView] = useState<View>('form')
  const [problem, setProblem] = useState<string>()
  const changed = JSON.stringify(draft) !== JSON.stringify(draftOf(c))
  return (
    <>
      <DocumentEditor label="Session cluster as YAML" value={draft} view={view} onView={setView} onChange={(d, p) => { setDraft(d); setProblem(p) }}
        form={<Fields value={draft} onChange={setDraft} ns={ns} fixed taken={[]} up={c.status?.state !== undefined && c.status.state !== 'STOPPED'} />} />
      <ErrorBox error={replace.error} onClose={replace.reset} />
      {(changed || problem) && (
        <div className="saving">
          <span>{problem ? 'It cannot be saved as it is written.' : 'There are changes that are not saved.'}</span>
          <button onClick={() => { setDraft(draftOf(c)); setProblem(undefined) }}>Take back</button>
          <button className="primary" disabled={problem !== undefined || replace.isPending} onClick={() => replace.mutate({ name: c.metadata?.name ?? '', body: { kind: 'SessionCluster', apiVersion: 'v1', ...draft } }, { onSuccess: () => toast('Saved') })}>Save</button>
        </div>
      )}
    </>
  )
}
