import { useEvents } from '../../api/deployments'
import { shares, useCheckpointStats, useLiveJob, useOutput } from '../../api/flink'
import { Empty, Loading, Fact, Message } from '../../components/bits'
import { ErrorBox } from '../../components/error'
import { Spark } from '../../components/spark'
import { useSettings } from '../../components/settings'
import { Ago } from '../../components/time'
import { JobGraph, type GraphVertex } from '../../components/graph'
import { Output } from '../../components/output'
import { absolute, bytes, compact, exact, span, took } from '../../lib/format'
import { useSearchParams } from 'react-router'
import { useMetrics, useSummary } from '../../api/telemetry'
import { Operator } from './operator'
import type { TabProps } from './tab'

export function Overview({ ns, d }: TabProps) {
  const id = d.metadata?.id
  const running = d.status?.running?.jobId
  const { data: job, error } = useLiveJob(ns, id, running)
  const { data: checkpoints } = useCheckpointStats(ns, id, running)
  const { data: output } = useOutput(ns, id, running)
  const { data: events } = useEvents(ns, id, 12)
  const { data: summary } = useSummary(ns)
  const { data: measured } = useMetrics(ns, d.metadata?.name ?? '', 60_000, undefined, 12, !!running)
  const [address, setAddress] = useSearchParams()
  const vertex = address.get('vertex') ?? undefined
  const choose = (id: string | undefined) => setAddress((a) => { if (id) a.set('vertex', id); else a.delete('vertex'); return a }, { replace: true })
  const now = running ? summary?.get(id ?? '') : undefined
  const lagOf = (v: string) => measured?.series.find((x) => x.operator === v && x.name === 'watermarkLag')?.points.findLast((p) => p[1] !== null)?.[1] ?? undefined
  // Between two jobs the numbers of the last one stay, paler.
  const between = d.spec?.state === 'RUNNING' && !running && (d.status?.state === 'TRANSITIONING' || d.status?.state === 'RUNNING')
  const shown = running || between ? job : undefined
  const nodes = shown?.plan.nodes ?? []
  const rate = (vertex: string, counter: string) => shown?.rates[`${vertex}/${counter}`]?.perSecond
  const vertices: GraphVertex[] = (shown?.vertices ?? []).map((v) => ({
    id: v.id, name: v.name, parallelism: v.parallelism, status: v.status, ...shares(shown!, v.id),
    in: rate(v.id, 'read-records'),
    out: rate(v.id, 'write-records'),
    lag: lagOf(v.id),
  }))
  const latest = checkpoints?.latest?.completed
  const tables = output?.tables ?? []
  return (
    <>
      {!shown && !running && !between && (
        <Empty title="No job is running">{why(d)}</Empty>
      )}
      {!shown && (running || between) && !error && <Loading what="the job" />}
      {running && job?.jobId !== running && <ErrorBox error={error} />}
      {shown && (
        <div className={shown.jobId === running ? '' : 'stale'}>
          <div className="facts">
            <Fact label="records a second in" value={shown.perSecond === undefined ? '–' : compact(shown.perSecond)} title={shown.perSecond === undefined ? undefined : exact(Math.round(shown.perSecond))}>
              <Spark values={now && now.history.length > 1 ? now.history : shown.history} label="Records a second, the newest at the right" />
            </Fact>
            <Fact label="records read by this job" value={exact(shown.read)} />
            <Fact label="through the job, at most" value={latest ? `≤ ${took(latest.end_to_end_duration)}` : '–'} title="Latency: how long the newest checkpoint took from its beginning at the sources until every operator had it. It goes the way of the records, behind those that wait, and its state is written on the way: a record is through no later." />
            <Watermark lag={now?.watermarkLag} at={now?.at} />
            <Fact label={`checkpoints${latest ? `, the newest ${bytes(latest.state_size)}` : ''}`} value={checkpoints?.counts['completed'] ?? '–'} title={latest ? `the newest took ${span(latest.end_to_end_duration)}` : undefined} />
          </div>
          {vertices.length > 0 && (
            <JobGraph vertices={vertices} chosen={vertex} onChoose={choose} edges={nodes.flatMap((n) => (n.inputs ?? []).map((i) => ({ from: i.id, to: n.id, strategy: i.ship_strategy ?? '' })))} />
          )}
          {vertex && shown.jobId === running && <Operator ns={ns} d={d} jobId={running} vertex={vertex} name={shown.vertices.find((v) => v.id === vertex)?.name} series={measured?.series} onClose={() => choose(undefined)} />}
        </div>
      )}
      <div className="columns">
        {tables.length > 0 && <div className={running ? 'wide' : 'wide stale'}>{tables.map((t) => <Output key={t.name} table={t} limit={10} />)}</div>}
        <div>
          <h3>Recent events</h3>
          <ul className="events">
            {[...(events ?? [])].reverse().map((e) => (
              <li key={e.metadata?.id}><span className="quiet"><Ago at={e.metadata?.createdAt ?? undefined} /></span><span className="brief" title={e.spec?.message}><Message text={e.spec?.message} /></span></li>
            ))}
            {events?.length === 0 && <li className="quiet">None yet.</li>}
          </ul>
        </div>
      </div>
    </>
  )
}

const old = 2 * 86_400_000

/** How far event time is behind; where data of long ago is read, which time it is in it. */
function Watermark({ lag, at }: { lag: number | null | undefined; at: number | undefined }) {
  const { zone } = useSettings()
  if (lag === null || lag === undefined || at === undefined) return <Fact label="watermark lag" value="–" title="not known, or the job has no watermarks" />
  const title = `the slowest watermark is ${exact(Math.round(lag))} ms behind the clock`
  return lag > old ? <Fact label={`watermark, ${span(lag)} ago`} value={absolute(at - lag, zone).slice(0, 10)} title={title} /> : <Fact label="watermark lag" value={span(lag)} title={title} />
}

function why(d: TabProps['d']): string {
  switch (d.status?.state) {
    case 'FINISHED': return 'The last one came to the end of its input. Jobs and Savepoints keep what it did.'
    case 'FAILED': return 'The last one failed; its words are above, and under Jobs.'
    case 'SUSPENDED': return 'Press Start to go on from where it stopped.'
  }
  return d.spec?.state === 'RUNNING' ? 'One is on its way.' : 'Press Start to run it.'
}
