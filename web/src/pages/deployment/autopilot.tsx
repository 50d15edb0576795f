import { useState } from 'react'
import { useAutopilot, type Policy } from '../../api/autopilot'
import { Empty, Loading, Mark } from '../../components/bits'
import { ErrorBox } from '../../components/error'
import { NumberField } from '../../components/field'
import { Segments } from '../../components/tabs'
import { Ago } from '../../components/time'
import { toast } from '../../components/toast'
import { compact } from '../../lib/format'
import type { TabProps } from './tab'

type Mode = 'AUTOPILOT_MODE_DISABLED' | 'AUTOPILOT_MODE_MONITORING' | 'AUTOPILOT_MODE_ACTIVE'
const modes = [['AUTOPILOT_MODE_DISABLED', 'Off'], ['AUTOPILOT_MODE_MONITORING', 'Recommend'], ['AUTOPILOT_MODE_ACTIVE', 'Change it']] as const
const does: Record<Mode, string> = {
  AUTOPILOT_MODE_DISABLED: 'Nothing is measured or changed.',
  AUTOPILOT_MODE_MONITORING: 'Measures how busy the stages are and recommends a parallelism; a person applies it.',
  AUTOPILOT_MODE_ACTIVE: 'Makes the change itself: a new revision by weir/autopilot, an upgrade with state, an event that says why.',
}

export function Autopilot({ ns, d, actions }: TabProps) {
  const ref = d.metadata?.name ?? ''
  const { policy, status, recommendation, save } = useAutopilot(ns, ref)
  const [draft, setDraft] = useState<Policy>()
  if (policy.isPending) return <Loading what="the autopilot" />
  if (!policy.data) return <ErrorBox error={policy.error} onRetry={() => void policy.refetch()} />
  const now = draft ?? policy.data
  const mode = (now.mode && now.mode !== 'AUTOPILOT_MODE_INVALID' && now.mode !== 'UNRECOGNIZED' ? now.mode : 'AUTOPILOT_MODE_DISABLED') as Mode
  const limits = now.autoscalerConfig ?? {}
  const set = (change: Partial<NonNullable<Policy['autoscalerConfig']>>) => setDraft({ ...now, autoscalerConfig: { ...limits, ...change } })
  const advice = recommendation.data
  const scaler = status.data?.autoscalerStatus
  const store = (p: Policy) => save.mutate({ ...p, mode }, { onSuccess: () => { setDraft(undefined); toast(`Autopilot: ${modes.find((m) => m[0] === mode)?.[1].toLowerCase()}`) } })
  const apply = () => actions.change(JSON.parse(advice?.deploymentPatch ?? '{}'), false, () => toast('The recommendation is applied'))
  return (
    <>
      <div className="columns">
        <div>
          <h3>What it may do</h3>
          <Segments label="Mode" value={mode} options={modes} onChange={(m) => setDraft({ ...now, mode: m })} />
          <p className="hint">{does[mode]}</p>
          <div className="fields">
            <NumberField label="Lowest parallelism" min={1} placeholder="1" value={limits.minParallelism || undefined} onChange={(v) => set({ minParallelism: v })} />
            <NumberField label="Highest parallelism" min={1} placeholder="64" value={limits.maxParallelism || undefined} onChange={(v) => set({ maxParallelism: v })} />
            <NumberField label="Time between changes" min={0} unit="min" placeholder="10" value={limits.cooldownMinutes || undefined} onChange={(v) => set({ cooldownMinutes: v })} />
            <NumberField label="Target utilisation" min={1} max={100} unit="%" placeholder="75" hint="how much of the time the busiest stage should work" value={limits.targetUtilization || undefined} onChange={(v) => set({ targetUtilization: v })} />
          </div>
          <ErrorBox error={save.error} onClose={save.reset} />
          {draft && (
            <div className="saving"><span className="quiet">Not saved yet.</span><button onClick={() => setDraft(undefined)}>Discard</button><button className="primary" disabled={save.isPending} onClick={() => store(draft)}>Save</button></div>
          )}
        </div>
        <div>
          <h3>What it recommends</h3>
          {advice?.deploymentPatch ? (
            <div className="finding busy" data-testid="recommendation">
              <p>{advice.description || 'A change of the parallelism.'} <span className="quiet"><Ago at={advice.lastUpdateTime} /></span></p>
              <pre className="mono">{JSON.stringify(JSON.parse(advice.deploymentPatch), null, 2)}</pre>
              <div className="actions left"><button className="primary" disabled={actions.pending} onClick={apply}>Apply</button></div>
            </div>
          ) : <Empty title="Nothing to change">{policy.data.mode === 'AUTOPILOT_MODE_DISABLED' || !policy.data.mode ? 'It is off. “Recommend” changes nothing by itself.' : advice?.description || 'The parallelism fits what was measured, or not enough was measured yet: a job is left alone in its first minute.'}</Empty>}
          <h3>What it measured</h3>
          {status.data?.status === 'POLICY_STATUS_ERROR' && <p><Mark tone="bad">It cannot decide: {scaler?.message}</Mark></p>}
          {status.data?.status !== 'POLICY_STATUS_ERROR' && <p className="quiet">{scaler?.message || 'Nothing yet.'} {scaler?.updateTime && <Ago at={scaler.updateTime} />}</p>}
          {(scaler?.sourceStatus ?? []).length > 0 && (
            <div className="scroll-x">
              <table className="list" aria-label="Stages">
                <thead><tr><th>Stage</th><th className="number">takes, rows/s</th><th className="number">can take</th><th className="number">is to take</th></tr></thead>
                <tbody>{scaler?.sourceStatus?.map((s) => <tr key={s.vertexId}><td>{s.taskName}</td><td className="number">{compact(s.throughput ?? NaN)}</td><td className="number">{compact(s.capacity ?? NaN)}</td><td className="number">{compact(s.target ?? NaN)}</td></tr>)}</tbody>
              </table>
            </div>
          )}
        </div>
      </div>
    </>
  )
}
