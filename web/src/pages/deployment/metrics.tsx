import { useSearchParams } from 'react-router'
import { useMetrics, type Series } from '../../api/telemetry'
import { Empty, Loading } from '../../components/bits'
import { Chart } from '../../components/chart'
import { ErrorBox } from '../../components/error'
import { SelectField } from '../../components/field'
import { Segments } from '../../components/tabs'
import { Time } from '../../components/time'
import { bytes, compact, took } from '../../lib/format'
import type { TabProps } from './tab'

const spans = [['300000', '5 min'], ['1800000', '30 min'], ['3600000', '1 h'], ['21600000', '6 h'], ['86400000', '1 d']] as const

const titles: Record<Series['name'], string> = {
  recordsIn: 'Records in', recordsOut: 'Records out', busy: 'Busy', backPressured: 'Back-pressured', idle: 'Idle', watermarkLag: 'Watermark lag', pendingRecords: 'Records waiting',
  stateSize: 'State', checkpointDuration: 'Checkpoint duration', checkpointSize: 'Checkpoint size', restarts: 'Restarts', memory: 'Memory of the process', cpu: 'CPU',
}
const percent = (v: number) => `${Math.round(v * 100)} %`
const formats: Record<string, (v: number) => string> = { 'records/s': compact, share: percent, ms: took, records: compact, bytes: (v) => (Number.isFinite(v) ? bytes(v) : '–'), count: compact, cores: (v) => v.toFixed(2) }
const order = Object.keys(titles)

export function Metrics({ ns, d }: TabProps) {
  const [address, setAddress] = useSearchParams()
  const length = Number(address.get('span')) || 1_800_000
  const operator = address.get('operator') ?? ''
  const { data, error, isPending, refetch } = useMetrics(ns, d.metadata?.name ?? '', length, undefined)
  const set = (key: string, value: string) => setAddress((a) => { if (value) a.set(key, value); else a.delete(key); return a }, { replace: true })
  const operators = [...new Map((data?.series ?? []).filter((s) => s.operator).map((s) => [s.operator, s.operatorName ?? s.operator]))]
  const known = (data?.series ?? []).filter((s) => s.points.some((p) => p[1] !== null))
  // "*": the operators beside each other, one line each.
  const groups = order.flatMap((name) => {
    const of = known.filter((s) => s.name === name && (operator === '*' ? s.operator !== '' : s.operator === operator))
    return of.length > 0 ? [{ name, of }] : []
  })
  // Of a job that began a moment ago the empty time before it is not drawn, unless somebody asked for it.
  const first = Math.min(...known.map((s) => s.points.find((p) => p[1] !== null)?.[0] ?? Infinity), ...(data?.marks ?? []).map((m) => m.at))
  const from = !data ? 0 : address.has('span') ? data.from : Math.max(data.from, Math.min(first - 10_000, data.to - 120_000))
  return (
    <>
      <div className="tools">
        <Segments label="Span of time" value={String(length)} options={spans as unknown as [string, string][]} onChange={(v) => set('span', v)} />
        <div className="operator-choice">
          <SelectField label="Of" value={operator} onChange={(v) => set('operator', v)} options={[['', 'the whole job'], ['*', 'all operators, side by side'], ...operators.map(([id, n]) => [id, n] as const)]} />
        </div>
      </div>
      <ErrorBox error={error} onRetry={() => void refetch()} />
      {isPending && <Loading what="the metrics" />}
      {data && groups.length === 0 && <Empty title="Nothing was measured in this time">Numbers are measured every few seconds while a job runs. The server keeps half an hour as measured and a day in steps, and begins anew when it starts.</Empty>}
      <div className="charts">
        {data && groups.map(({ name, of }) => (
          <Chart key={name} title={titles[name as Series['name']]} unit={of[0]!.unit === 'share' ? 'of the time' : of[0]!.unit} from={from} to={data.to} top={of[0]!.unit === 'share' ? 1 : 0} format={formats[of[0]!.unit] ?? compact}
            marks={data.marks.map((m) => ({ at: m.at, text: `rev ${m.generation}` }))}
            lines={of.map((s) => ({ name: operator === '*' ? (s.operatorName ?? s.operator) : titles[s.name], points: s.points as [number, number | null][] }))} />
        ))}
      </div>
      {data && data.marks.length > 0 && (
        <>
          <h3>What began in this time</h3>
          <ul className="events">{[...data.marks].reverse().map((m) => <li key={`${m.jobId} ${m.at}`}><span className="quiet"><Time at={m.at} day={false} /></span><span>revision {m.generation}: {m.text}</span></li>)}</ul>
        </>
      )}
    </>
  )
}
