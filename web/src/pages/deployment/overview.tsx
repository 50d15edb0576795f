import { useEvents } from '../../api/deployments'
import { useCheckpointStats, useJobDetails, useOutput } from '../../api/flink'
import { Ago, Empty, Fact, Failure, Spark } from '../../components/bits'
import { JobGraph, type GraphVertex } from '../../components/graph'
import { Output } from '../../components/output'
import { bytes, compact, exact, span } from '../../lib/format'
import type { TabProps } from './page'

export function Overview({ ns, d }: TabProps) {
  const jobId = d.status?.running?.jobId
  const { data: job, error } = useJobDetails(ns, jobId)
  const { data: checkpoints } = useCheckpointStats(ns, jobId)
  const { data: output } = useOutput(ns, jobId)
  const { data: events } = useEvents(ns, d.metadata?.id, 8)
  const rates = job?.rates ?? {}
  const nodes = job?.plan.nodes ?? []
  const inputs = (id: string) => nodes.find((n) => n.id === id)?.inputs ?? []
  const vertices: GraphVertex[] = (job?.vertices ?? []).map((v) => {
    const busy = v.metrics['accumulated-busy-time'] ?? 0
    const pressed = v.metrics['accumulated-backpressured-time'] ?? 0
    const all = Math.max(1, busy + pressed + (v.metrics['accumulated-idle-time'] ?? 0))
    return {
      id: v.id, name: v.name, parallelism: v.parallelism, status: v.status, busy: busy / all, backPressured: pressed / all,
      in: inputs(v.id).length ? rates[`${v.id}/read-records`]?.perSecond : undefined,
      out: rates[`${v.id}/write-records`]?.perSecond,
    }
  })
  const sources = (job?.vertices ?? []).filter((v) => inputs(v.id).length === 0)
  const into = sources.reduce((sum, v) => sum + (rates[`${v.id}/write-records`]?.perSecond ?? 0), 0)
  const read = sources.reduce((sum, v) => sum + (v.metrics['write-records'] ?? 0), 0)
  const history = rates[`${sources[0]?.id}/write-records`]?.history ?? []
  const latest = checkpoints?.latest?.completed
  return (
    <>
      {!jobId && <Empty title="No job is running">{d.spec?.state === 'RUNNING' ? 'One is on its way, or has ended.' : 'Press Start to run it.'}</Empty>}
      {jobId && (
        <div className="facts">
          <Fact label="records a second in" value={compact(into)} title={exact(Math.round(into))} />
          <Fact label="last minute" value={<Spark values={history} label="records a second, last minute" />} />
          <Fact label="records read by this job" value={compact(read)} title={exact(read)} />
          <Fact label="checkpoints" value={checkpoints?.counts['completed'] ?? '–'} title={latest ? `newest took ${span(latest.end_to_end_duration)}` : undefined} />
          <Fact label="state at the newest" value={latest ? bytes(latest.state_size) : '–'} />
        </div>
      )}
      {jobId && <Failure error={error} />}
      {vertices.length > 0 && (
        <JobGraph vertices={vertices} edges={nodes.flatMap((n) => (n.inputs ?? []).map((i) => ({ from: i.id, to: n.id, strategy: i.ship_strategy ?? '' })))} />
      )}
      <div className="columns">
        <div className="wide">{(output?.tables ?? []).map((t) => <Output key={t.name} table={t} limit={12} />)}</div>
        <div>
          <h3>Recent events</h3>
          <ul className="events">
            {[...(events ?? [])].reverse().map((e) => (
              <li key={e.metadata?.id}><span className="quiet"><Ago at={e.metadata?.createdAt ?? undefined} /></span> {e.spec?.message}</li>
            ))}
          </ul>
        </div>
      </div>
    </>
  )
}
