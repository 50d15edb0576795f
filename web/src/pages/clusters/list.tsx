import { useState } from 'react'
import { Link, useNavigate } from 'react-router'
import { useSessionClusters, type SessionCluster } from '../../api/platform'
import { Empty, Head, Loading, Message, StateWord } from '../../components/bits'
import { ErrorBox } from '../../components/error'
import { Table, type Column } from '../../components/table'
import { Ago } from '../../components/time'
import { NewCluster } from './edit'

export function ClusterList({ ns }: { ns: string }) {
  const { list, patch } = useSessionClusters(ns)
  const [making, setMaking] = useState(false)
  const navigate = useNavigate()
  const at = (name: string | undefined) => `/namespaces/${ns}/clusters/${encodeURIComponent(name ?? '')}`
  const columns: Column<SessionCluster>[] = [
    { key: 'name', title: 'Name', value: (c) => c.metadata?.name, cell: (c) => <Link to={at(c.metadata?.name)}>{c.metadata?.displayName || c.metadata?.name}</Link> },
    { key: 'state', title: 'State', value: (c) => c.status?.state, cell: (c) => <><StateWord state={c.status?.state ?? 'STOPPED'} />{c.status?.message && c.status.state !== 'RUNNING' && <div className="quiet small"><Message text={c.status.message} /></div>}</> },
    { key: 'target', title: 'Target', value: (c) => c.spec?.deploymentTargetName, cell: (c) => c.spec?.deploymentTargetName ?? <span className="quiet">the default</span> },
    { key: 'taskmanagers', title: 'Task managers', number: true, value: (c) => c.spec?.numberOfTaskManagers, cell: (c) => c.spec?.numberOfTaskManagers ?? 1 },
    { key: 'modified', title: 'Last change', value: (c) => c.metadata?.modifiedAt, cell: (c) => <Ago at={c.metadata?.modifiedAt} /> },
    { key: 'do', title: '', className: 'row-actions', cell: (c) => <StartStop c={c} pending={patch.isPending} onSet={(state) => patch.mutate({ name: c.metadata?.name ?? '', body: { spec: { state } } })} /> },
  ]
  return (
    <section>
      <title>Session clusters · weir</title>
      <Head title="Session clusters"><button className="primary" onClick={() => setMaking(true)}>New session cluster…</button></Head>
      <ErrorBox error={list.error} onRetry={() => void list.refetch()} />
      <ErrorBox error={patch.error} onClose={patch.reset} />
      {list.isPending && <Loading what="the session clusters" />}
      {list.data?.length === 0 && (
        <Empty title="No session clusters yet" actions={<button onClick={() => setMaking(true)}>New session cluster…</button>}>
          A session cluster is up before its jobs: deployments that name it share its processes and start faster. Most deployments need none: each has a cluster of its own.
        </Empty>
      )}
      {list.data && list.data.length > 0 && <Table label="Session clusters" columns={columns} rows={list.data} id={(c) => c.metadata?.id ?? ''} testid="cluster" />}
      {making && <NewCluster ns={ns} taken={list.data?.map((c) => c.metadata?.name) ?? []} onClose={(made) => { setMaking(false); if (made) void navigate(at(made)) }} />}
    </section>
  )
}

export function StartStop({ c, pending, onSet }: { c: SessionCluster; pending: boolean; onSet: (state: 'RUNNING' | 'STOPPED') => void }) {
  return c.spec?.state === 'RUNNING' ? <button disabled={pending} onClick={() => onSet('STOPPED')}>Stop</button> : <button disabled={pending} onClick={() => onSet('RUNNING')}>Start</button>
}
