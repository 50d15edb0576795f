import { useState } from 'react'
import { useNavigate } from 'react-router'
import type { Savepoint } from '../../api/client'
import { useSavepoints } from '../../api/deployments'
import { Empty, Message, StateWord } from '../../components/bits'
import { ErrorBox } from '../../components/error'
import { Ago } from '../../components/time'
import { Dialog } from '../../components/dialog'
import { bytes } from '../../lib/format'
import { word } from '../../lib/state'
import type { TabProps } from './tab'

export function Savepoints({ ns, d, actions }: TabProps) {
  const { data, error } = useSavepoints(ns, d.metadata?.id)
  const [resetTo, setResetTo] = useState<Savepoint>()
  const [forkOf, setForkOf] = useState<Savepoint>()
  const [name, setName] = useState('')
  const navigate = useNavigate()
  const list = [...(data ?? [])].reverse()
  return (
    <>
      <ErrorBox error={error} />
      {data?.length === 0 && <Empty title="No savepoints yet">Press Savepoint to take one; suspending and upgrading take one by themselves.</Empty>}
      {list.length > 0 && (
        <table className="list middle">
          <thead><tr><th>Taken</th><th>State</th><th>Origin</th><th className="number">Size</th><th>Location</th><th></th></tr></thead>
          <tbody>
            {list.map((s) => (
              <tr key={s.metadata?.id} data-testid="savepoint">
                <td><Ago at={s.metadata?.createdAt ?? undefined} /></td>
                <td><StateWord state={s.status?.state} />{s.status?.failure?.message && <div className="quiet small"><Message text={s.status.failure.message} /></div>}</td>
                <td>{word(s.metadata?.origin)}</td>
                <td className="number">{s.status?.sizeBytes ? bytes(s.status.sizeBytes) : '–'}</td>
                <td className="mono small location" title={s.spec?.savepointLocation}><bdi>{s.spec?.savepointLocation}</bdi></td>
                <td className="row-actions">
                  {s.status?.state === 'COMPLETED' && (
                    <>
                      <button onClick={() => setResetTo(s)} disabled={actions.pending}>Reset to this…</button>
                      <button onClick={() => { setName(`${d.metadata?.name}-fork`); setForkOf(s) }} disabled={actions.pending}>Fork…</button>
                    </>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {resetTo && (
        <Dialog title="Reset to this savepoint?" confirm="Reset" onClose={() => setResetTo(undefined)}
          onConfirm={() => { actions.reset(resetTo.metadata?.id ?? ''); setResetTo(undefined) }}>
          <p>The running job is stopped and started again from the state of <Ago at={resetTo.metadata?.createdAt ?? undefined} />. What it has given since then stays where it went and is given again.</p>
        </Dialog>
      )}
      {forkOf && (
        <Dialog title="Fork a new deployment" confirm="Fork" disabled={!/^[0-9a-z]([0-9a-z-]{0,61}[0-9a-z])?$/.test(name)} onClose={() => setForkOf(undefined)}
          onConfirm={() => { actions.fork(forkOf.metadata?.id ?? '', name, (made) => void navigate(`/namespaces/${ns}/deployments/${made.metadata?.name ?? name}`)); setForkOf(undefined) }}>
          <label>Name <input value={name} autoFocus onChange={(e) => setName(e.target.value)} /></label>
          <p className="quiet">A copy of this deployment that begins with the state of this savepoint. It is made cancelled, so that you can change where it writes before you start it.</p>
        </Dialog>
      )}
    </>
  )
}
