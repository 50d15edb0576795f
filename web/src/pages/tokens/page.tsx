// API tokens: keys for machines. The secret is shown once.
import '../../components/places.css'
import { useState } from 'react'
import { useParams } from 'react-router'
import { useTokens, type ApiToken } from '../../api/platform'
import { shortName } from '../../api/sql'
import { Empty, Head, Loading } from '../../components/bits'
import { Code } from '../../components/code'
import { Dialog } from '../../components/dialog'
import { ErrorBox } from '../../components/error'
import { SelectField, TextField } from '../../components/field'
import { Table, type Column } from '../../components/table'
import { Ago } from '../../components/time'
import { toast } from '../../components/toast'
import { named, nameProblem } from '../../lib/names'

const roles = { viewer: 'looks at everything but changes nothing', editor: 'changes deployments, SQL, artifacts and secrets', owner: 'does everything in the namespace, roles and tokens too' } as const

export function Component() {
  const { ns = 'default' } = useParams()
  const { list, create, remove } = useTokens(ns)
  const [asking, setAsking] = useState<'new' | ApiToken>()
  const [name, setName] = useState('')
  const [role, setRole] = useState('editor')
  const [made, setMade] = useState<ApiToken>()
  const taken = list.data?.map((t) => shortName(t.name))
  const columns: Column<ApiToken>[] = [
    { key: 'name', title: 'Name', value: (t) => shortName(t.name), cell: (t) => <b>{shortName(t.name)}</b> },
    { key: 'role', title: 'Role', value: (t) => t.role, cell: (t) => <>{t.role} <span className="quiet">{roles[t.role as keyof typeof roles]}</span></> },
    { key: 'created', title: 'Made', value: (t) => t.createTime, cell: (t) => <Ago at={t.createTime} /> },
    { key: 'do', title: '', className: 'row-actions', cell: (t) => <button onClick={() => { remove.reset(); setAsking(t) }}>Delete…</button> },
  ]
  return (
    <section>
      <title>API tokens · weir</title>
      <Head title="API tokens"><button className="primary" onClick={() => { create.reset(); setName(''); setAsking('new') }}>New token…</button></Head>
      <p className="quiet about">A machine, such as a CI pipeline, sends its token as <code>Authorization: Bearer …</code>, or gives it to <code>weir login</code>. It has one role in this namespace and none elsewhere.</p>
      <ErrorBox error={list.error} onRetry={() => void list.refetch()} />
      {made && (
        <div className="once" role="status" data-testid="token-secret">
          <strong>The secret of {shortName(made.name)}. It is shown this once: keep it now.</strong>
          <Code text={made.secret ?? ''} label="Secret of the token" />
          <button onClick={() => setMade(undefined)}>I have kept it</button>
        </div>
      )}
      {list.isPending && <Loading what="the tokens" />}
      {list.data?.length === 0 && <Empty title="No tokens yet" actions={<button onClick={() => setAsking('new')}>New token…</button>}>People sign in; machines have tokens.</Empty>}
      {list.data && list.data.length > 0 && <Table label="API tokens" columns={columns} rows={list.data} id={(t) => t.name ?? ''} testid="token" />}
      {asking === 'new' && (
        <Dialog title="New API token" confirm="Make it" disabled={!named(name, taken) || create.isPending} onClose={() => setAsking(undefined)}
          onConfirm={() => create.mutate({ name, role }, { onSuccess: (t) => { setMade(t); setAsking(undefined) } })}>
          <ErrorBox error={create.error} />
          <TextField label="Name" value={name} onChange={setName} error={nameProblem(name, taken)} autoFocus placeholder="ci" />
          <SelectField label="Role" value={role} onChange={setRole} options={Object.keys(roles).map((r) => [r, r] as const)} hint={roles[role as keyof typeof roles]} />
        </Dialog>
      )}
      {typeof asking === 'object' && (
        <Dialog title={`Delete token ${shortName(asking.name)}?`} confirm="Delete" danger disabled={remove.isPending} onClose={() => setAsking(undefined)}
          onConfirm={() => remove.mutate(shortName(asking.name), { onSuccess: () => { toast(`Token ${shortName(asking.name)} is deleted`); setAsking(undefined) } })}>
          <ErrorBox error={remove.error} />
          <p>Whoever uses it is refused from now on.</p>
        </Dialog>
      )}
    </section>
  )
}
