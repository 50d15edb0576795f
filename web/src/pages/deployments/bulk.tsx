// What can be done to several deployments at once.
import { useState } from 'react'
import type { Deployment } from '../../api/client'
import { useStates, type WantedState } from '../../api/deployments'
import { Dialog } from '../../components/dialog'
import { ErrorBox } from '../../components/error'
import { toast } from '../../components/toast'

const did: Record<WantedState, string> = { RUNNING: 'is being started', SUSPENDED: 'is being suspended', CANCELLED: 'is being cancelled' }
const many = (n: number, one: string) => (n === 1 ? `1 ${one}` : `${n} ${one}s`)

export function Bulk({ ns, chosen, onDone }: { ns: string; chosen: Deployment[]; onDone: () => void }) {
  const states = useStates(ns)
  const [asking, setAsking] = useState<'CANCELLED' | 'delete'>()
  const [busy, setBusy] = useState(false)
  const [refused, setRefused] = useState<Error>()
  const name = (d: Deployment) => d.metadata?.name ?? ''
  const names = chosen.map(name)
  const stopped = chosen.filter((d) => d.spec?.state !== 'RUNNING' && d.status?.state !== 'TRANSITIONING' && d.status?.state !== 'RUNNING')
  const wanted = (state: WantedState) => chosen.filter((d) => d.spec?.state !== state).map(name)
  const run = async (list: string[], what: () => Promise<Map<string, Error>>, words: string, undo?: () => void) => {
    setBusy(true)
    setAsking(undefined)
    const no = await what()
    setBusy(false)
    const done = list.length - no.size
    if (done > 0) toast(list.length === 1 ? `${list[0]} ${words}` : `${many(done, 'deployment')}: each ${words}`, { undo: no.size === 0 ? undo : undefined })
    if (no.size > 0) setRefused(Object.assign(new Error(`${many(no.size, 'deployment')} refused`), { details: [...no].map(([n, e]) => `${n}: ${e.message}`) }))
    else onDone()
  }
  const set = (state: WantedState) => {
    const list = wanted(state)
    // Suspending and starting take each other back; a cancelled job is gone.
    const back: WantedState | undefined = state === 'SUSPENDED' ? 'RUNNING' : undefined
    void run(list, () => states.set(list, state), did[state], back && (() => void states.set(list, back)))
  }
  return (
    <>
      <div className="bulk" role="group" aria-label="Selected deployments">
        <b>{chosen.length} selected</b>
        <button disabled={busy || wanted('RUNNING').length === 0} onClick={() => set('RUNNING')}>Start</button>
        <button disabled={busy || chosen.every((d) => d.spec?.state !== 'RUNNING')} onClick={() => set('SUSPENDED')}>Suspend</button>
        <button disabled={busy || wanted('CANCELLED').length === 0} onClick={() => setAsking('CANCELLED')}>Cancel…</button>
        <button disabled={busy || stopped.length === 0} title={stopped.length === 0 ? 'Only stopped deployments can be deleted' : undefined} onClick={() => setAsking('delete')}>Delete…</button>
        <span className="grow" />
        <button className="plain" onClick={onDone}>Select none</button>
      </div>
      <ErrorBox error={refused} onClose={() => setRefused(undefined)} />
      {asking === 'CANCELLED' && (
        <Dialog title={`Cancel ${many(wanted('CANCELLED').length, 'deployment')}?`} confirm="Cancel the jobs" danger onClose={() => setAsking(undefined)} onConfirm={() => set('CANCELLED')}>
          <p>Their jobs end without a savepoint. What they did since their last checkpoint is done again at the next start. Suspend keeps everything.</p>
          <Names names={wanted('CANCELLED')} />
        </Dialog>
      )}
      {asking === 'delete' && (
        <Dialog title={`Delete ${many(stopped.length, 'deployment')}?`} confirm="Delete" danger name={stopped.length === 1 ? name(stopped[0]!) : undefined} onClose={() => setAsking(undefined)}
          onConfirm={() => void run(stopped.map(name), () => states.remove(stopped.map(name)), 'is deleted')}>
          <p>Their specs and revisions are gone. The data of their savepoints stays where it is.</p>
          <Names names={stopped.map(name)} />
          {stopped.length < names.length && <p className="quiet">{many(names.length - stopped.length, 'deployment')} of the selection still {names.length - stopped.length === 1 ? 'runs' : 'run'} and {names.length - stopped.length === 1 ? 'stays' : 'stay'}; cancel or suspend first.</p>}
        </Dialog>
      )}
    </>
  )
}

function Names({ names }: { names: string[] }) {
  return <p className="mono small names">{names.slice(0, 30).join(', ')}{names.length > 30 && ` and ${names.length - 30} more`}</p>
}
