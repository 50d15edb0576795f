// One vertex of the job graph: its slices, how even their work is, its numbers.
import { Link } from 'react-router'
import { useVertex } from '../../api/logs'
import type { Series } from '../../api/telemetry'
import { Loading } from '../../components/bits'
import { ErrorBox } from '../../components/error'
import { compact, exact, span } from '../../lib/format'
import type { TabProps } from './tab'

const percent = (v: number | undefined) => (v === undefined ? '–' : `${Math.round(v * 100)} %`)

/** A watermark: none yet before the first, and after everything at the end of the input. */
function watermark(value: string | undefined): string {
  const at = Number(value)
  if (value === undefined || !(at > -8.64e15)) return '–'
  return at > 8.64e15 ? 'end' : new Date(at).toISOString().slice(0, 19).replace('T', ' ')
}

export function Operator({ ns, d, jobId, vertex, name, series, onClose }: Pick<TabProps, 'ns' | 'd'> & {
  jobId: string | undefined
  vertex: string
  name: string | undefined
  series: Series[] | undefined
  onClose: () => void
}) {
  const { data, error } = useVertex(ns, jobId, vertex)
  const last = (n: Series['name']) => series?.find((s) => s.operator === vertex && s.name === n)?.points.findLast((p) => p[1] !== null)?.[1] ?? undefined
  const reads = (data?.subtasks ?? []).map((s) => s.metrics['read-records'] || s.metrics['write-records'] || 0)
  const mean = reads.reduce((a, b) => a + b, 0) / Math.max(1, reads.length)
  const skew = mean > 0 && reads.length > 1 ? Math.max(...reads) / mean : undefined
  const [lag, busy, pressed] = [last('watermarkLag'), last('busy'), last('backPressured')]
  return (
    <section className="operator" data-testid="operator" aria-label="Operator">
      <div className="title">
        <h3>{(name ?? vertex).split(' -> ').join(' → ')}</h3>
        <span className="grow" />
        <Link to={`/namespaces/${ns}/deployments/${d.metadata?.name}/detail/metrics?operator=${vertex}`}>Metrics</Link>
        <button onClick={onClose}>Close</button>
      </div>
      <ErrorBox error={data ? null : error} />
      {!data && !error && <Loading what="the operator" />}
      {data && (
        <>
          <p className="quiet">
            {skew !== undefined && <span className={skew > 2 ? 'state busy' : ''}>The busiest slice had {skew.toFixed(2)} times the records of the mean{skew > 2 ? ': keys are uneven' : ''}. </span>}
            {busy !== undefined && <>Busy {percent(busy)}. </>}{pressed !== undefined && pressed > 0 && <>Back-pressured {percent(pressed)}. </>}{lag !== undefined && <>Watermark {span(lag)} behind the clock. </>}
            At most {data.maxParallelism} slices.
          </p>
          <div className="scroll-x">
            <table className="list" aria-label="Subtasks">
              <thead><tr><th className="number">Slice</th><th>State</th><th className="number">Records in</th><th className="number">Records out</th><th>Share of the mean</th><th className="number">Busy</th><th className="number">Back-pressured</th><th className="number">Watermark</th><th className="number">Attempt</th></tr></thead>
              <tbody>
                {data.subtasks.map((s) => {
                  const of = data.shares.find((x) => x.subtask === s.subtask)
                  const mark = data.watermarks.find((w) => w.id.startsWith(`${s.subtask}.`))
                  const share = mean > 0 ? (s.metrics['read-records'] || s.metrics['write-records'] || 0) / mean : 0
                  return (
                    <tr key={s.subtask} data-testid="subtask">
                      <td className="number">{s.subtask}</td><td>{s.status.toLowerCase()}</td>
                      <td className="number" title={exact(s.metrics['read-records'] ?? 0)}>{compact(s.metrics['read-records'] ?? 0)}</td>
                      <td className="number" title={exact(s.metrics['write-records'] ?? 0)}>{compact(s.metrics['write-records'] ?? 0)}</td>
                      <td><meter min={0} max={Math.max(2, skew ?? 1)} value={share} aria-label={`slice ${s.subtask}: ${share.toFixed(2)} of the mean`} /> <span className="quiet small">{share.toFixed(2)}</span></td>
                      <td className="number">{percent(of?.busyRatio)}</td><td className="number">{percent(of?.ratio)}</td>
                      <td className="number small">{watermark(mark?.value)}</td>
                      <td className="number">{s.attempt}</td>
                    </tr>
                  )
                })}
              </tbody>
            </table>
          </div>
        </>
      )}
    </section>
  )
}
