// All deployments of a namespace: is anything wrong, what is going on.
import { Link, useParams } from 'react-router'
import type { Deployment } from '../../api/client'
import { useDeployments } from '../../api/deployments'
import { useJobDetails } from '../../api/flink'
import { Ago, Empty, Failure, Spark, StateWord } from '../../components/bits'
import { compact } from '../../lib/format'

export function DeploymentsPage() {
  const ns = useParams()['ns'] ?? 'default'
  const { data, error, isPending } = useDeployments(ns)
  return (
    <section>
      <h1>Deployments</h1>
      <Failure error={error} />
      {isPending && <div className="skeleton" aria-busy="true" />}
      {data?.length === 0 && (
        <Empty title="No deployments yet">
          Start the flights demonstration with <code>weir server --demo</code>, or create one with <code>weir apply -f deployment.yaml</code>.
        </Empty>
      )}
      {data && data.length > 0 && (
        <table className="list">
          <thead>
            <tr><th>Name</th><th>State</th><th>Target</th><th className="number">Parallelism</th><th className="number">Records/s in</th><th></th><th>Last change</th></tr>
          </thead>
          <tbody>{data.map((d) => <Row key={d.metadata?.id} ns={ns} d={d} />)}</tbody>
        </table>
      )}
    </section>
  )
}

function Row({ ns, d }: { ns: string; d: Deployment }) {
  const { data } = useJobDetails(ns, d.status?.running?.jobId)
  const rates = data?.rates ?? {}
  const sources = data?.vertices.filter((v) => !data.plan.nodes?.find((n) => n.id === v.id)?.inputs?.length) ?? []
  const readings = sources.map((v) => rates[`${v.id}/write-records`])
  const rate = readings.reduce((sum, r) => sum + (r?.perSecond ?? 0), 0)
  return (
    <tr>
      <td><Link to={`/namespaces/${ns}/deployments/${d.metadata?.name ?? d.metadata?.id}`}>{d.metadata?.displayName || d.metadata?.name}</Link></td>
      <td><StateWord state={d.status?.state} />{d.status?.state === 'FAILED' && <div className="quiet small">{d.status?.message}</div>}</td>
      <td>{d.spec?.deploymentTargetName ?? d.spec?.sessionClusterName}</td>
      <td className="number">{d.spec?.template?.spec?.parallelism ?? 1}</td>
      <td className="number">{data ? compact(rate) : '–'}</td>
      <td><Spark values={readings[0]?.history ?? []} label="records a second" /></td>
      <td><Ago at={d.metadata?.modifiedAt ?? undefined} /></td>
    </tr>
  )
}
