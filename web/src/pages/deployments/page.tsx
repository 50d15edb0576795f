// All deployments of a namespace: is anything wrong, what is going on.
import { useEffect, useRef, useState } from 'react'
import { Link, useParams } from 'react-router'
import type { Deployment } from '../../api/client'
import { useDeployments } from '../../api/deployments'
import { useLiveJob } from '../../api/flink'
import { Empty, Message, StateWord } from '../../components/bits'
import { ErrorBox } from '../../components/error'
import { Spark } from '../../components/spark'
import { Ago } from '../../components/time'
import { compact, exact } from '../../lib/format'
import { troubles } from '../../lib/state'

export function Component() {
  const ns = useParams()['ns'] ?? 'default'
  const { data, error, isPending } = useDeployments(ns)
  const [filter, setFilter] = useState('')
  const shown = data?.filter((d) => `${d.metadata?.name} ${d.metadata?.displayName} ${d.status?.state}`.toLowerCase().includes(filter.toLowerCase()))
  return (
    <section>
      <title>Deployments · weir</title>
      <div className="title">
        <h1>Deployments</h1>
        <span className="grow" />
        {data && data.length > 8 && <input className="filter" placeholder="Filter" aria-label="Filter deployments" value={filter} onChange={(e) => setFilter(e.target.value)} />}
      </div>
      {!data && <ErrorBox error={error} />}
      {isPending && <div className="skeleton" aria-busy="true" />}
      {data?.length === 0 && (
        <Empty title="No deployments yet">
          Start the flights demonstration with <code>weir server --demo</code>, or create one with <code>weir apply -f deployment.yaml</code>.
        </Empty>
      )}
      {shown && data && data.length > 0 && (
        <table className="list middle">
          <thead>
            <tr><th>Name</th><th>State</th><th>Target</th><th className="number">Parallelism</th><th className="number">Records/s in</th><th>Last minute</th><th>Last change</th></tr>
          </thead>
          <tbody>
            {shown.map((d) => <Row key={d.metadata?.id} ns={ns} d={d} />)}
            {shown.length === 0 && <tr><td colSpan={7} className="quiet">None of {data.length} has “{filter}” in its name or state.</td></tr>}
          </tbody>
        </table>
      )}
    </section>
  )
}

function Row({ ns, d }: { ns: string; d: Deployment }) {
  const row = useRef<HTMLTableRowElement>(null)
  const seen = useSeen(row)
  const running = d.status?.running?.jobId
  const { data: job } = useLiveJob(ns, d.metadata?.id, running, seen)
  const name = d.metadata?.name ?? d.metadata?.id ?? ''
  const wanted = d.spec?.state === 'RUNNING' && d.status?.state !== 'FAILED' && d.status?.state !== 'FINISHED'
  const live = wanted ? job : undefined
  const tells = d.status?.message && d.status.state !== 'RUNNING'
  return (
    <tr ref={row} data-testid="deployment">
      <td className="named">
        <Link to={`/namespaces/${ns}/deployments/${encodeURIComponent(name)}`}>{d.metadata?.displayName || name}</Link>
        {d.metadata?.displayName && d.metadata.displayName !== name && <div className="quiet small">{name}</div>}
      </td>
      <td className="words">
        <StateWord state={d.status?.state} conditions={d.status?.running?.conditions} />
        {tells && <div className="quiet small"><Message text={d.status?.message} /></div>}
        {troubles(d.status?.running?.conditions).map((t) => <div key={t.word} className="quiet small"><Message text={t.message} /></div>)}
      </td>
      <td>{d.spec?.deploymentTargetName ?? d.spec?.sessionClusterName}</td>
      <td className="number">{d.spec?.template?.spec?.parallelism ?? 1}</td>
      <td className="number rate" title={live?.perSecond === undefined ? undefined : `${exact(Math.round(live.perSecond))} records a second; ${exact(live.read)} by this job`}>
        {live?.perSecond === undefined ? '–' : compact(live.perSecond)}
      </td>
      <td>{live && <Spark values={live.history} label="Records a second, last minute" />}</td>
      <td><Ago at={d.metadata?.modifiedAt ?? undefined} /></td>
    </tr>
  )
}

/** Whether an element is in view: only then its numbers are read. */
function useSeen(ref: React.RefObject<Element | null>): boolean {
  const [seen, setSeen] = useState(false)
  useEffect(() => {
    if (!ref.current) return
    const watch = new IntersectionObserver((all) => setSeen(all.at(-1)?.isIntersecting ?? false))
    watch.observe(ref.current)
    return () => watch.disconnect()
  }, [ref])
  return seen
}
