// What a change would do, in order of calm: fields, the job, the state of each operator.
import { bytes, exact } from '../lib/format'
import type { Json } from '../lib/patch'
import { diffLines, changedOnly } from '../lib/diff'
import { Mark } from './bits'
import type { Tone } from '../lib/state'

export interface PlanView {
  effect: string
  message: string
  changes: { field: string; old?: unknown; new?: unknown }[]
  operators: { name: string; state: string; bytes: number; keys: number; reason?: string }[]
  stateLost: boolean
  warnings: string[]
  restoresFrom?: { location?: string }
}

const tones: Record<string, Tone> = { KEPT: 'good', MIGRATED: 'busy', NEW: 'quiet', LOST: 'bad' }
const words: Record<string, string> = { KEPT: 'Kept', MIGRATED: 'Migrated', NEW: 'New', LOST: 'Lost' }
const rank = ['KEPT', 'MIGRATED', 'NEW', 'LOST']
const effects: Record<string, string> = {
  NONE: 'Nothing happens to the job', CREATE: 'It is created', START: 'The job starts', RESTART: 'The job restarts', RESCALE: 'The job is rescaled', STOP: 'The job stops', LATER: 'The next start takes it up',
}

export function PlanOf({ plan }: { plan: PlanView }) {
  const operators = [...plan.operators].sort((a, b) => rank.indexOf(a.state) - rank.indexOf(b.state))
  return (
    <div data-testid="plan">
      <p><Mark tone={plan.stateLost ? 'bad' : plan.effect === 'NONE' || plan.effect === 'LATER' ? 'quiet' : 'busy'}>{effects[plan.effect] ?? plan.effect}</Mark>: {plan.message}.</p>
      {plan.warnings.map((w) => <p key={w} className="state bad wrap">▲ {w}</p>)}
      <h3>What changes</h3>
      {plan.changes.length === 0 && <p className="quiet">Nothing.</p>}
      {plan.changes.map((c) => <Change key={c.field} change={c} />)}
      {operators.length > 0 && (
        <>
          <h3>State, operator by operator</h3>
          <div className="scroll-x plan-operators">
            <table className="list" aria-label="State by operator">
              <thead><tr><th>Operator</th><th>State</th><th className="number">Size</th><th className="number">Keys</th><th>Why</th></tr></thead>
              <tbody>
                {operators.map((o, i) => (
                  <tr key={i} data-testid="plan-operator">
                    <td>{o.name}</td><td><Mark tone={tones[o.state] ?? 'quiet'}>{words[o.state] ?? o.state}</Mark></td>
                    <td className="number">{o.bytes ? bytes(o.bytes) : '–'}</td><td className="number">{o.keys ? exact(o.keys) : '–'}</td><td className="quiet small">{o.reason}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </div>
  )
}

const show = (v: unknown) => (v === undefined ? '' : typeof v === 'string' ? v : JSON.stringify(v as Json, null, 2))

function Change({ change: { field, old, new: now } }: { change: PlanView['changes'][number] }) {
  const [before, after] = [show(old), show(now)]
  if (!before.includes('\n') && !after.includes('\n'))
    return <div className="change"><span className="mono">{field}</span> {old !== undefined && <del>{before}</del>} {now !== undefined ? <ins>{after}</ins> : <span className="quiet">taken away</span>}</div>
  return (
    <div className="change">
      <span className="mono">{field}</span>
      <pre className="diff mono" tabIndex={0} aria-label={`Changes of ${field}`}>
        {changedOnly(diffLines(before, after)).map((l, i) => <div key={i} className={l.kind}>{l.kind === 'added' ? '+ ' : l.kind === 'removed' ? '− ' : '  '}{l.text}</div>)}
      </pre>
    </div>
  )
}
