import { useMemo, useState } from 'react'
import type { Revision } from '../../api/client'
import { useRevisions } from '../../api/deployments'
import { Ago } from '../../components/time'
import { changedOnly, diffLines } from '../../lib/diff'
import type { TabProps } from './tab'

/** A spec as lines for people: the script as it is, the rest as JSON. */
function lines(spec: unknown): string {
  const { script, rest } = split(spec)
  return (script ? `${script}\n\n` : '') + JSON.stringify(rest, null, 2)
}

function split(spec: unknown) {
  const copy = structuredClone(spec ?? {}) as { template?: { spec?: { artifact?: { sqlScript?: string } } } }
  const artifact = copy.template?.spec?.artifact
  const script = artifact?.sqlScript ?? ''
  if (artifact) delete artifact.sqlScript
  return { script, rest: copy }
}

export function Configuration({ ns, d, actions }: TabProps) {
  const { data: revisions } = useRevisions(ns, d.metadata?.name ?? d.metadata?.id ?? '')
  const [from, setFrom] = useState<number>()
  const rest = useMemo(() => JSON.stringify(split(d.spec).rest, null, 2), [d.spec])
  const now = d.metadata?.generation
  return (
    <div className="columns">
      <div className="wide">
        <Script key={d.metadata?.id} d={d} actions={actions} />
        {from !== undefined && revisions && <Difference key={from} revisions={revisions} from={from} now={now} onClose={() => setFrom(undefined)} />}
        <h3>Everything else</h3>
        <pre className="mono">{rest}</pre>
      </div>
      <div>
        <h3>Revisions</h3>
        <table className="list middle">
          <tbody>
            {[...(revisions ?? [])].reverse().map((r) => (
              <tr key={r.generation} data-testid="revision">
                <td className="number">{r.generation}</td>
                <td><Ago at={r.createdAt ?? undefined} /></td>
                <td>{r.author}</td>
                <td className="row-actions">
                  {r.generation === now ? <span className="quiet">current</span> : (
                    <>
                      <button aria-pressed={r.generation === from} onClick={() => setFrom(r.generation)}>Compare</button>
                      <button disabled={actions.pending} onClick={() => actions.rollback(r.generation ?? 0)}>Bring back</button>
                    </>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  )
}

/** The editor. What is typed stays until it is saved or discarded, whatever others do meanwhile. */
function Script({ d, actions }: Pick<TabProps, 'd' | 'actions'>) {
  const stored = d.spec?.template?.spec?.artifact?.sqlScript
  const [draft, setDraft] = useState<{ text: string; base: string | undefined }>()
  if (stored === undefined) return null
  const script = draft?.text ?? stored
  const save = () => actions.patch({ spec: { template: { spec: { artifact: { sqlScript: script } } } } }, () => setDraft(undefined))
  const running = d.spec?.state === 'RUNNING'
  return (
    <>
      <h3>Script</h3>
      <textarea className="mono script" aria-label="Script" spellCheck={false} wrap="off" rows={Math.min(30, script.split('\n').length + 1)} value={script}
        onChange={(e) => setDraft({ text: e.target.value, base: draft ? draft.base : stored })} />
      {draft && draft.text !== stored && (
        <div className="saving">
          <span className="quiet">
            {draft.base !== stored && <strong className="state busy">Somebody else changed the script meanwhile; saving replaces theirs. </strong>}
            {running ? 'Saving stops the job with a savepoint and starts the new script from it. If that cannot start, this one comes back.' : 'The next start runs it.'}
          </span>
          <button onClick={() => setDraft(undefined)}>Discard</button>
          <button className="primary" disabled={actions.pending} onClick={save}>{running ? 'Save and upgrade' : 'Save'}</button>
        </div>
      )}
    </>
  )
}

function Difference({ revisions, from, now, onClose }: { revisions: Revision[]; from: number; now: number | undefined; onClose: () => void }) {
  const [chosen, setTo] = useState<number>()
  const to = chosen ?? now
  const spec = (generation: number | undefined) => revisions.find((r) => r.generation === generation)?.spec
  const changed = changedOnly(diffLines(lines(spec(from)), lines(spec(to))))
  return (
    <>
      <h3 className="comparing">
        Revision {from} → <select aria-label="Compare with revision" value={to} onChange={(e) => setTo(Number(e.target.value))}>
          {revisions.map((r) => <option key={r.generation} value={r.generation}>{r.generation}</option>)}
        </select>
        <span className="grow" /><button className="plain" onClick={onClose}>Close</button>
      </h3>
      {changed.length === 0 ? <Same /> : (
        <pre className="diff mono" data-testid="diff">
          {changed.map((l, i) => (
            <div key={i} className={l.kind}>{l.kind === 'added' ? '+ ' : l.kind === 'removed' ? '− ' : '  '}{l.text}</div>
          ))}
        </pre>
      )}
    </>
  )
}

function Same() {
  return <p className="quiet" data-testid="diff">The two are the same.</p>
}
