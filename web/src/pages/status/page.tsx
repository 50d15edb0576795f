// The platform: whether it works, which version it is, what it uses.
import { useParams, useSearchParams } from 'react-router'
import '../../components/places.css'
import { useStatus, useUsage } from '../../api/platform'
import { Fact, Head, Loading, Mark } from '../../components/bits'
import { ErrorBox } from '../../components/error'
import { Time } from '../../components/time'

const tones: Record<string, 'good' | 'bad' | 'quiet'> = { UP: 'good', DOWN: 'bad', DISABLED: 'quiet' }
const names: Record<string, string> = { appmanager: 'Server', store: 'Store', audit: 'Audit log', sql: 'SQL', artifacts: 'Artifacts' }

export function Component() {
  const { ns = 'default' } = useParams()
  const { status, system } = useStatus()
  const s = status.data
  const v = s?.version
  const r = s?.resourceUsage
  return (
    <section>
      <title>Status · weir</title>
      <Head title="Status of the platform" aside={s && <Mark tone={tones[s.health?.status ?? ''] ?? 'bad'}>{s.health?.message}</Mark>}>
        <a className="button" href="/swagger">API</a>
      </Head>
      <ErrorBox error={status.error} onRetry={() => void status.refetch()} />
      {status.isPending && <Loading what="the status" />}
      {s && (
        <>
          <div className="facts even">
            <Fact label="version of weir" value={v?.platform ?? '–'} title={v?.commitHash} />
            <Fact label="Flink it speaks" value={v?.flink ?? '–'} />
            <Fact label="deployments" value={r?.deployments ?? '–'} />
            <Fact label="jobs running" value={r?.jobs ?? '–'} />
            <Fact label="session clusters" value={r?.sessionClusters ?? '–'} />
            <Fact label="namespaces" value={r?.namespaces ?? '–'} />
          </div>
          <div className="columns">
            <div>
              <h2>Parts</h2>
              <table className="list" aria-label="Parts of the platform">
                <thead><tr><th>Part</th><th>State</th></tr></thead>
                <tbody>{s.components?.map((c) => <tr key={c.name}><td>{names[c.name ?? ''] ?? c.name}</td><td><Mark tone={tones[c.status ?? ''] ?? 'bad'}>{c.message}</Mark></td></tr>)}</tbody>
              </table>
            </div>
            <div>
              <h2>Build</h2>
              <table className="list" aria-label="Build"><tbody>
                <tr><td>Version</td><td>{v?.platform}</td></tr>
                <tr><td>Commit</td><td className="mono small">{v?.commitHash || '–'}</td></tr>
                <tr><td>Built</td><td>{v?.buildTime ? <Time at={v.buildTime} /> : '–'}</td></tr>
                <tr><td>Made with</td><td>{system.data?.status?.jvmVersion ?? '–'}</td></tr>
                <tr><td>CPUs in use</td><td>{system.data?.status?.resourceQuota?.status?.used?.cpu ?? '–'} <span className="quiet">{system.data?.status?.resourceQuota?.spec?.type === 'UNLIMITED' ? 'without a limit' : ''}</span></td></tr>
              </tbody></table>
            </div>
          </div>
          <Usage ns={ns} />
        </>
      )}
    </section>
  )
}

const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10)

/** CPU hours of each namespace. */
function Usage({ ns }: { ns: string }) {
  const [params, setParams] = useSearchParams()
  const days = Number(params.get('days')) || 7
  const { data, error } = useUsage(day(1 - days), day(1))
  const hours = new Map<string, number>()
  for (const l of data ?? []) hours.set(l.namespace, (hours.get(l.namespace) ?? 0) + (l.used * (Date.parse(l.end) - Date.parse(l.begin))) / 3_600_000)
  const most = Math.max(...hours.values(), 0.001)
  return (
    <>
      <h2 className="next">CPU hours by namespace</h2>
      <p className="filters"><label>over the last <select value={days} aria-label="Days" onChange={(e) => setParams({ days: e.target.value }, { replace: true })}>{[1, 7, 30, 90].map((d) => <option key={d} value={d}>{d === 1 ? 'day' : `${d} days`}</option>)}</select></label>
        <a href={`/api/v1/status/resourceusage?from=${day(1 - days)}&to=${day(1)}`} download>Download as CSV</a></p>
      <ErrorBox error={error} />
      {data && hours.size === 0 && <p className="quiet">Nothing ran in this time.</p>}
      <div className="used">
        {[...hours].toSorted((a, b) => b[1] - a[1]).map(([n, h]) => (
          <div key={n} style={{ display: 'contents' }}>
            <span className={n === ns ? '' : 'quiet'}>{n}</span>
            <span className="bar"><i style={{ width: `${(100 * h) / most}%` }} /></span>
            <span className="number" title={`${h} CPU hours`}>{h < 10 ? h.toFixed(2) : h.toFixed(0)} h</span>
          </div>
        ))}
      </div>
    </>
  )
}
