import { useMemo } from 'react'
import { useSavepoints } from '../../api/deployments'
import { useLiveJob } from '../../api/flink'
import { useCheckpointHistory, useOperatorState, type CheckpointLine, type OperatorState } from '../../api/logs'
import { Empty, Fact, Mark } from '../../components/bits'
import { Copy } from '../../components/code'
import { ErrorBox } from '../../components/error'
import { Table, type Column } from '../../components/table'
import { Ago } from '../../components/time'
import { useSettings } from '../../components/settings'
import { absolute, bytes, exact, span, took } from '../../lib/format'
import { word } from '../../lib/state'
import { Inside } from './contents'
import type { TabProps } from './tab'

const operatorColumns: Column<OperatorState>[] = [
  { key: 'operator', title: 'Operator', value: (o) => o.operator, cell: (o) => o.operator },
  { key: 'vertex', title: 'In the vertex', value: (o) => o.vertexName, cell: (o) => <span className="quiet small">{o.vertexName}</span> },
  { key: 'bytes', title: 'Size', number: true, value: (o) => o.bytes, cell: (o) => <span title={`${exact(o.bytes)} bytes`}>{bytes(o.bytes)}</span> },
  { key: 'keys', title: 'Keys', number: true, value: (o) => o.keys, cell: (o) => exact(o.keys) },
  { key: 'ttl', title: 'Kept without a touch', number: true, value: (o) => o.ttl, cell: (o) => <span title={o.ttl === undefined ? 'keys go when time has passed them, as with windows' : 'table.exec.state.ttl, or the hint STATE_TTL of the operator'}>{o.ttl === undefined ? 'until its time' : o.ttl === 0 ? 'for ever' : span(o.ttl)}</span> },
]

const checkpointColumns: Column<CheckpointLine>[] = [
  { key: 'id', title: 'Number', number: true, value: (c) => c.id, cell: (c) => c.id },
  { key: 'when', title: 'When', value: (c) => c.trigger_timestamp, cell: (c) => <Ago at={c.trigger_timestamp} /> },
  { key: 'what', title: 'What', value: (c) => (c.is_savepoint ? 'savepoint' : 'checkpoint'), cell: (c) => (c.is_savepoint ? 'savepoint' : 'checkpoint') },
  { key: 'status', title: 'Outcome', value: (c) => c.status, cell: (c) => <><Mark tone={c.status === 'COMPLETED' ? 'good' : c.status === 'FAILED' ? 'bad' : 'busy'}>{c.status.toLowerCase().replace('_', ' ')}</Mark>{c.failure_message && <div className="quiet small">{c.failure_message}</div>}</> },
  { key: 'duration', title: 'Took', number: true, value: (c) => c.end_to_end_duration, cell: (c) => <span title={`${c.end_to_end_duration} ms`}>{took(c.end_to_end_duration)}</span> },
  { key: 'size', title: 'State', number: true, value: (c) => c.state_size, cell: (c) => bytes(c.state_size) },
  { key: 'written', title: 'Written', number: true, value: (c) => c.checkpointed_size, cell: (c) => (c.checkpointed_size === undefined ? '–' : bytes(c.checkpointed_size)) },
]

export function State({ ns, d }: TabProps) {
  const running = d.status?.running?.jobId
  const { zone } = useSettings()
  const { data: job } = useLiveJob(ns, d.metadata?.id, running)
  const vertices = useMemo(() => (job?.vertices ?? []).map((v) => ({ id: v.id, name: v.name })), [job?.vertices])
  const operators = useOperatorState(ns, running, vertices)
  const checkpoints = useCheckpointHistory(ns, running)
  const { data: savepoints } = useSavepoints(ns, d.metadata?.id)
  const newest = savepoints?.findLast((s) => s.status?.state === 'COMPLETED')
  const configuration = d.spec?.template?.spec?.flinkConfiguration ?? {}
  const script = d.spec?.template?.spec?.artifact?.sqlScript ?? ''
  const ttl = configuration['table.exec.state.ttl'] ?? /SET\s+'table\.exec\.state\.ttl'\s*=\s*'([^']*)'/i.exec(script)?.[1]
  const held = (operators.data ?? []).filter((o) => o.bytes > 0 || o.keys > 0)
  const sum = held.reduce((n, o) => n + o.bytes, 0)
  const history = [...(checkpoints.data?.history ?? [])]
  const command = `weir state ${d.metadata?.name}`
  return (
    <>
      <div className="facts even">
        <Fact label="state now, all operators" value={operators.data ? bytes(sum) : '–'} title={`${exact(sum)} bytes`} />
        <Fact label="keys" value={operators.data ? exact(held.reduce((n, o) => n + o.keys, 0)) : '–'} />
        <Fact label="time to live" value={ttl && ttl !== '0' ? ttl : 'for ever'} title="table.exec.state.ttl: keys that nothing touches for so long are forgotten" />
        <Fact label="backend" value={configuration['state.backend.memory'] ? `≤ ${configuration['state.backend.memory']}` : 'memory'} title="state.backend.memory" />
      </div>
      <h3>Operators</h3>
      <ErrorBox error={operators.data ? null : operators.error} />
      {!running && <Empty title="No job is running">{newest ? <>What the last one knew is in its savepoint of <Ago at={newest.metadata?.createdAt} />. </> : 'There is no savepoint yet either. '}Operators are counted in a job that runs.</Empty>}
      {running && operators.data && held.length === 0 && <p className="quiet">No operator of this job keeps state that is counted; positions of sources are kept in checkpoints.</p>}
      {held.length > 0 && <Table label="State of operators" columns={operatorColumns} rows={held} id={(o) => `${o.vertex} ${o.operator}`} testid="operator-state" />}
      {history.length > 0 && <h3>Checkpoints <span className="quiet">{checkpoints.data?.counts['completed'] ?? 0} completed, {checkpoints.data?.counts['failed'] ?? 0} failed</span></h3>}
      {history.length > 0 && <Table label="Checkpoints" columns={checkpointColumns} rows={history} id={(c) => String(c.id)} testid="checkpoint" />}
      <h3 id="inside">Look inside</h3>
      {savepoints && <Inside ns={ns} savepoints={savepoints} title={(s) => `${absolute(s.metadata?.createdAt ?? '', zone)}, ${word(s.metadata?.origin).toLowerCase()}`} />}
      <p className="quiet small">The same on the command line: <code>{command}</code> <Copy text={command} /></p>
    </>
  )
}
