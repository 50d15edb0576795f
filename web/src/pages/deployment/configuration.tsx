import { useMemo, useState } from 'react'
import { useRevisions } from '../../api/deployments'
import { Ago } from '../../components/bits'
import { changedOnly, diffLines } from '../../lib/diff'
import type { TabProps } from './page'

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
  const stored = d.spec?.template?.spec?.artifact?.sqlScript ?? ''
  const [draft, setDraft] = useState<string>()
  const script = draft ?? stored
  const { data: revisions } = useRevisions(ns, d.metadata?.name ?? d.metadata?.id ?? '')
  const [from, setFrom] = useState<number>()
  const to = d.metadata?.generation
  const rest = useMemo(() => JSON.stringify(split(d.spec).rest, null, 2), [d.spec])
  const old = revisions?.find((r) => r.generation === from)
  return (
    <div className="columns">
      <div className="wide">
        <h3>Script</h3>
        <textarea className="mono script" aria-label="Script" spellCheck={false} rows={Math.min(40, script.split('\n').length + 1)} value={script} onChange={(e) => setDraft(e.target.value)} />
        {draft !== undefined && draft !== stored && (
          <div className="actions">
            <span className="quiet">Saving stops the job with a savepoint and starts the new script from it. If that cannot start, this one comes back.</span>
            <button onClick={() => setDraft(undefined)}>Discard</button>
            <button className="primary" disabled={actions.pending}
              onClick={() => { actions.patch({ spec: { template: { spec: { artifact: { sqlScript: draft } } } } }); setDraft(undefined) }}>Save and upgrade</button>
          </div>
        )}
        {old && (
          <>
            <h3>Revision {from} → {to}</h3>
            <pre className="diff">
              {changedOnly(diffLines(lines(old.spec), lines(d.spec))).map((l, i) => (
                <div key={i} className={l.kind}>{l.kind === 'added' ? '+ ' : l.kind === 'removed' ? '− ' : '  '}{l.text}</div>
              ))}
            </pre>
          </>
        )}
        <h3>Everything else</h3>
        <pre className="mono">{rest}</pre>
      </div>
      <div>
        <h3>Revisions</h3>
        <table className="list">
          <tbody>
            {[...(revisions ?? [])].reverse().map((r) => (
              <tr key={r.generation}>
                <td className="number">{r.generation}</td>
                <td><Ago at={r.createdAt ?? undefined} /></td>
                <td>{r.author}</td>
                <td className="row-actions">
                  {r.generation === to ? <span className="quiet">now</span> : (
                    <>
                      <button onClick={() => setFrom(r.generation)}>Compare</button>
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
