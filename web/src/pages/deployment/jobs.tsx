import { Link } from 'react-router'
import { useJobs } from '../../api/deployments'
import { Empty, Message, StateWord } from '../../components/bits'
import { ErrorBox } from '../../components/error'
import { Ago } from '../../components/time'
import type { TabProps } from './tab'

export function Jobs({ ns, d }: TabProps) {
  const { data, error } = useJobs(ns, d.metadata?.id)
  return (
    <>
      <ErrorBox error={error} />
      {data?.length === 0 && <Empty title="No jobs yet">Each start makes one; they are kept.</Empty>}
      {data && data.length > 0 && (
        <table className="list">
          <thead><tr><th>Started</th><th>Ended</th><th>State</th><th className="number">Revision</th><th className="number">Parallelism</th><th className="number">Restarts</th><th>Restored from</th><th></th></tr></thead>
          <tbody>
            {[...data].reverse().map((j) => (
              <tr key={j.metadata?.id}>
                <td><Ago at={j.metadata?.createdAt ?? undefined} /></td>
                <td>{j.metadata?.terminatedAt ? <Ago at={j.metadata.terminatedAt} /> : '–'}</td>
                <td><StateWord state={j.status?.state} />{j.status?.failure?.message && <pre className="quiet small">{j.status.failure.message}</pre>}</td>
                <td className="number">{j.spec?.generation}</td>
                <td className="number">{j.spec?.parallelism}</td>
                <td className="number">{j.status?.started?.observedFlinkJobRestarts ?? '–'}</td>
                <td className="mono small">{j.spec?.savepointLocation ? <Message text={j.spec.savepointLocation} /> : <span className="quiet">started empty</span>}</td>
                <td><Link to={`../logs?job=${j.metadata?.id}`} relative="path">Log</Link></td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  )
}
