import { useState } from 'react'
import { useEvents } from '../../api/deployments'
import { Message } from '../../components/bits'
import { ErrorBox } from '../../components/error'
import { Ago } from '../../components/time'
import type { TabProps } from './tab'

export function Events({ ns, d }: TabProps) {
  const [filter, setFilter] = useState('')
  const { data, error } = useEvents(ns, d.metadata?.id, 500)
  const shown = [...(data ?? [])].reverse().filter((e) => `${e.metadata?.name} ${e.spec?.message} ${e.spec?.actor}`.toLowerCase().includes(filter.toLowerCase()))
  return (
    <>
      <ErrorBox error={error} />
      <input className="filter" placeholder="Filter events" aria-label="Filter events" value={filter} onChange={(e) => setFilter(e.target.value)} />
      <table className="list events-list">
        <thead><tr><th>When</th><th>What</th><th>By</th><th>Name</th></tr></thead>
        <tbody>
          {shown.map((e) => (
            <tr key={e.metadata?.id} className={e.metadata?.name?.match(/FAIL|ROLLED_BACK/) ? 'bad' : ''} data-testid="event">
              <td className="when"><Ago at={e.metadata?.createdAt ?? undefined} /></td>
              <td className="words"><Message text={e.spec?.message} /></td>
              <td>{e.spec?.actor}</td>
              <td className="mono small quiet name">{e.metadata?.name}</td>
            </tr>
          ))}
          {data && shown.length === 0 && <tr><td colSpan={4} className="quiet">{filter ? `None of the newest ${data.length} events has “${filter}”.` : 'No events yet.'}</td></tr>}
        </tbody>
      </table>
    </>
  )
}
