import { lazy, Suspense, useEffect, useState } from 'react'
import { useSearchParams } from 'react-router'
import type { Revision } from '../../api/client'
import { check, plan, useRevisions, type Plan } from '../../api/deployments'
import { useAround } from '../../api/spec'
import { Loading } from '../../components/bits'
import { Dialog } from '../../components/dialog'
import { ErrorBox } from '../../components/error'
import { PlanOf } from '../../components/plan'
import { Spec, type Doc, type FieldProblem, type View } from '../../components/spec/spec'
import { Ago } from '../../components/time'
import { ownerOf } from '../../lib/drift'
import { equal, get, merge, mergePatch, type Json } from '../../lib/patch'
import { near, sides } from '../../lib/sides'
import { editable } from '../../lib/spec'
import type { TabProps } from './tab'

const PatchOf = lazy(() => import('./git').then((m) => ({ default: m.PatchOf })))

interface Draft {
  /** What was stored when the first key was pressed, and what is wanted. */
  base: Doc
  doc: Doc
}

export function Configuration({ ns, d, actions }: TabProps) {
  const ref = d.metadata?.name ?? d.metadata?.id ?? ''
  const [address, setAddress] = useSearchParams()
  const [draft, setDraft] = useState<Draft>()
  const [readable, setReadable] = useState(true)
  const [planned, setPlanned] = useState<{ patch: Json; plan?: Plan; error?: Error }>()
  const around = useAround(ns)
  const stored = editable(d)
  // What others change meanwhile comes in below what was written here.
  const patch = draft && mergePatch(draft.base, draft.doc)
  const doc = patch ? (merge(stored, patch) as Doc) : stored
  const changed = patch !== undefined && !equal(doc, stored)
  const problems = useProblems(ns, ref, changed ? patch : undefined)
  const view: View = address.get('view') === 'yaml' ? 'yaml' : 'form'
  const set = (key: string, value: string | undefined) => setAddress((a) => { if (value) a.set(key, value); else a.delete(key); return a }, { replace: true })
  const running = d.spec?.state === 'RUNNING'
  const edit = (next: Doc) => setDraft({ base: draft?.base ?? stored, doc: draft ? (merge(draft.base, mergePatch(stored, next) ?? {}) as Doc) : next })
  const theirs = draft !== undefined && !equal(draft.base, stored)
  const ask = () => {
    setPlanned({ patch: patch ?? {} })
    plan(ns, ref, patch).then((p) => setPlanned({ patch: patch ?? {}, plan: p }), (error: Error) => setPlanned({ patch: patch ?? {}, error }))
  }
  const from = Number(address.get('from')) || undefined
  return (
    <div className="columns">
      <div className="wide">
        {from !== undefined && <Difference ns={ns} refName={ref} from={from} to={Number(address.get('to')) || (d.metadata?.generation ?? 1)} onTo={(to) => set('to', String(to))}
          onClose={() => setAddress((a) => { a.delete('from'); a.delete('to'); return a }, { replace: true })} />}
        <Spec doc={doc} onDoc={edit} problems={problems} around={around} view={view} onView={(v) => set('view', v === 'yaml' ? v : undefined)} onReadable={setReadable} />
        {changed && (
          <div className="saving">
            <span className="quiet">
              {theirs && <strong className="state busy wrap">Somebody else changed this meanwhile; both changes are kept where they are of different fields. </strong>}
              {problems[0] ? <span className="state bad wrap"><span className="mono">{problems[0].attribute}</span> {problems[0].message}</span> : running ? 'Before anything happens you see what it does to the job and its state.' : 'The next start runs it.'}
            </span>
            <button onClick={() => setDraft(undefined)}>Discard</button>
            <button className="primary" disabled={actions.pending || !readable} onClick={ask}>Review and save…</button>
          </div>
        )}
      </div>
      <Revisions ns={ns} refName={ref} now={d.metadata?.generation} from={from} onFrom={(g) => set('from', String(g))} actions={actions} />
      {planned && (
        <Dialog wide title={`Change ${ref}`} confirm={planned.plan?.effect === 'RESTART' || planned.plan?.effect === 'RESCALE' ? 'Save and upgrade' : 'Save'} danger={planned.plan?.stateLost}
          disabled={!planned.plan} name={planned.plan?.stateLost ? ref : undefined} onClose={() => setPlanned(undefined)}
          onConfirm={() => { actions.change(planned.patch, planned.plan?.stateLost ?? false, () => setDraft(undefined)); setPlanned(undefined) }}>
          {planned.plan ? <PlanOf plan={planned.plan} /> : planned.error ? <ErrorBox error={planned.error} /> : <Loading what="the plan" />}
          {ownerOf(d) && get(planned.patch, 'spec') !== undefined && (
            <Suspense>
              <h3>In git</h3>
              <p>WeirDeployment {ownerOf(d)} owns it: what is saved here is drift until its manifest says the same. Commit this:</p>
              <PatchOf patch={get(planned.patch, 'spec')} />
            </Suspense>
          )}
          {planned.plan?.stateLost && <p className="state bad wrap">State is lost for ever by this. A savepoint taken before keeps a way back.</p>}
        </Dialog>
      )}
    </div>
  )
}

function useProblems(ns: string, ref: string, patch: Json): FieldProblem[] {
  const text = patch === undefined ? '' : JSON.stringify(patch)
  const [found, setFound] = useState<{ of: string; problems: FieldProblem[] }>({ of: '', problems: [] })
  useEffect(() => {
    if (text === '') return
    let gone = false
    const timer = setTimeout(() => {
      check(ns, undefined, { ref, body: JSON.parse(text) }).then((problems) => !gone && setFound({ of: text, problems }), () => undefined)
    }, 500)
    return () => {
      gone = true
      clearTimeout(timer)
    }
  }, [ns, ref, text])
  return text === '' ? none : found.problems
}

const none: FieldProblem[] = []

function Revisions({ ns, refName, now, from, onFrom, actions }: { ns: string; refName: string; now: number | undefined; from: number | undefined; onFrom: (g: number) => void; actions: TabProps['actions'] }) {
  const { data, error } = useRevisions(ns, refName)
  const [back, setBack] = useState<Revision>()
  const [planned, setPlanned] = useState<Plan | Error>()
  const bring = (r: Revision) => {
    setBack(r)
    setPlanned(undefined)
    plan(ns, refName, { spec: { template: r.spec.template } }).then(setPlanned, setPlanned)
  }
  const ready = planned !== undefined && !(planned instanceof Error)
  return (
    <div>
      <h3>Revisions</h3>
      <ErrorBox error={data ? null : error} />
      <table className="list middle" aria-label="Revisions">
        <tbody>
          {[...(data ?? [])].reverse().map((r) => (
            <tr key={r.generation} data-testid="revision" data-generation={r.generation}>
              <td className="number">{r.generation}</td>
              <td><Ago at={r.createdAt} /><div className="quiet small">{r.author}</div></td>
              <td className="row-actions">
                {r.generation === now ? <span className="quiet">current</span> : (
                  <>
                    <button aria-pressed={r.generation === from} onClick={() => onFrom(r.generation)}>Compare</button>
                    <button disabled={actions.pending} onClick={() => bring(r)}>Bring back…</button>
                  </>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {back && (
        <Dialog wide title={`Bring back revision ${back.generation}`} confirm="Bring back" disabled={!ready} danger={ready && planned.stateLost} name={ready && planned.stateLost ? refName : undefined}
          onClose={() => setBack(undefined)} onConfirm={() => { actions.rollback(back.generation); setBack(undefined) }}>
          {ready ? <PlanOf plan={planned} /> : planned ? <ErrorBox error={planned as Error} /> : <Loading what="the plan" />}
          <p className="quiet">Its program and settings become a new revision; the wanted state stays as it is.</p>
        </Dialog>
      )}
    </div>
  )
}

/** A spec as lines for people: the script as it is, the rest as JSON. */
function lines(spec: unknown): string {
  const copy = structuredClone(spec ?? {}) as { template?: { spec?: { artifact?: { sqlScript?: string } } } }
  const artifact = copy.template?.spec?.artifact
  const script = artifact?.sqlScript ?? ''
  if (artifact) delete artifact.sqlScript
  return (script ? `${script}\n\n` : '') + JSON.stringify(copy, null, 2)
}

function Difference({ ns, refName, from, to, onTo, onClose }: { ns: string; refName: string; from: number; to: number; onTo: (g: number) => void; onClose: () => void }) {
  const { data: revisions } = useRevisions(ns, refName)
  if (!revisions) return <Loading what="the revisions" />
  const spec = (generation: number) => revisions.find((r) => r.generation === generation)?.spec
  const shown = near(sides(lines(spec(from)), lines(spec(to))))
  return (
    <>
      <h3 className="comparing">
        Revision {from} → <select aria-label="Compare with revision" value={to} onChange={(e) => onTo(Number(e.target.value))}>
          {revisions.map((r) => <option key={r.generation} value={r.generation}>{r.generation}</option>)}
        </select>
        <span className="grow" /><button className="plain" onClick={onClose}>Close</button>
      </h3>
      {shown.length === 0 ? <p className="quiet" data-testid="diff">The two are the same.</p> : (
        <div className="sides" data-testid="diff" tabIndex={0} role="group" aria-label={`Revision ${from} beside revision ${to}`}>
          {shown.flatMap((p, i) => p ? [
            <div key={`a${i}`} className={p.same || p.before === undefined ? '' : 'removed'}>{p.before !== undefined && !p.same && '− '}{p.before}</div>,
            <div key={`b${i}`} className={p.same || p.after === undefined ? '' : 'added'}>{p.after !== undefined && !p.same && '+ '}{p.after}</div>,
          ] : [<div key={`a${i}`} className="quiet">⋯</div>, <div key={`b${i}`} className="quiet">⋯</div>])}
        </div>
      )}
    </>
  )
}
