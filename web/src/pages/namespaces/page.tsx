// Namespaces, and who may do what in them.
import '../../components/places.css'
import { useState } from 'react'
import { Link } from 'react-router'
import { useNamespaces, type Namespace, type RoleBinding } from '../../api/platform'
import { shortName } from '../../api/sql'
import { Head, Loading, Mark } from '../../components/bits'
import { Dialog } from '../../components/dialog'
import { ErrorBox } from '../../components/error'
import { TextArea, TextField } from '../../components/field'
import { Table, type Column } from '../../components/table'
import { Ago } from '../../components/time'
import { toast } from '../../components/toast'
import { named, nameProblem } from '../../lib/names'

const roles = ['owner', 'editor', 'viewer'] as const
type Members = Record<(typeof roles)[number], string>
const about = { owner: 'everything, roles and tokens too', editor: 'changes deployments, SQL, artifacts and secrets', viewer: 'looks at everything' }

const membersOf = (n: Namespace | undefined): Members =>
  Object.fromEntries(roles.map((r) => [r, (n?.roleBindings ?? []).filter((b) => b.role === r).flatMap((b) => b.members ?? []).join('\n')])) as Members
const bindings = (m: Members): RoleBinding[] =>
  roles.map((role) => ({ role, members: m[role].split(/[\s,]+/).filter((x) => x !== '') })).filter((b) => b.members.length > 0)

export function Component() {
  const { list, create, update, remove } = useNamespaces()
  const [asking, setAsking] = useState<{ kind: 'new' | 'edit' | 'delete'; of?: Namespace }>()
  const [name, setName] = useState('')
  const [members, setMembers] = useState<Members>(membersOf(undefined))
  const open = (kind: 'new' | 'edit' | 'delete', of?: Namespace) => {
    create.reset(); update.reset(); remove.reset()
    setName('')
    setMembers(membersOf(of))
    setAsking({ kind, of })
  }
  const close = () => setAsking(undefined)
  const taken = list.data?.map((n) => shortName(n.name))
  const columns: Column<Namespace>[] = [
    { key: 'name', title: 'Name', value: (n) => shortName(n.name), cell: (n) => <Link to={`/namespaces/${encodeURIComponent(shortName(n.name))}/deployments`}>{shortName(n.name)}</Link> },
    { key: 'phase', title: 'State', value: (n) => n.lifecyclePhase, cell: (n) => n.lifecyclePhase === 'LIFECYCLE_PHASE_TERMINATING'
      ? <><Mark tone="busy">is being deleted</Mark>{n.lifecycleMessage && <div className="quiet small">{n.lifecycleMessage}</div>}</> : <Mark tone="good">active</Mark> },
    { key: 'roles', title: 'Members', value: (n) => (n.roleBindings ?? []).reduce((sum, b) => sum + (b.members?.length ?? 0), 0), cell: (n) => {
      const set = (n.roleBindings ?? []).filter((b) => b.members?.length)
      return set.length === 0 ? <span className="quiet">nobody but administrators</span> : set.map((b) => <div key={b.role}><span className="quiet">{b.role}</span> {b.members?.join(', ')}</div>)
    } },
    { key: 'created', title: 'Made', value: (n) => n.createTime, cell: (n) => <Ago at={n.createTime} /> },
    { key: 'do', title: '', className: 'row-actions', cell: (n) => <><button onClick={() => open('edit', n)}>Members…</button><button onClick={() => open('delete', n)}>Delete…</button></> },
  ]
  const which = shortName(asking?.of?.name)
  return (
    <section>
      <title>Namespaces · weir</title>
      <Head title="Namespaces"><button className="primary" onClick={() => open('new')}>New namespace…</button></Head>
      <p className="quiet about">A namespace is a room of its own: deployments, tables, secrets and tokens in it are not seen from others.</p>
      <ErrorBox error={list.error} onRetry={() => void list.refetch()} />
      {list.isPending && <Loading what="the namespaces" />}
      {list.data && <Table label="Namespaces" columns={columns} rows={list.data} id={(n) => n.name ?? ''} testid="namespace" />}
      {asking?.kind === 'new' && (
        <Dialog title="New namespace" confirm="Create" disabled={!named(name, taken) || create.isPending} onClose={close}
          onConfirm={() => create.mutate({ name, roleBindings: bindings(members) }, { onSuccess: () => { toast(`Namespace ${name} is made`); close() } })}>
          <ErrorBox error={create.error} />
          <TextField label="Name" value={name} onChange={setName} error={nameProblem(name, taken)} autoFocus placeholder="team-fraud" />
          <Roles value={members} onChange={setMembers} />
        </Dialog>
      )}
      {asking?.kind === 'edit' && (
        <Dialog title={`Members of ${which}`} confirm="Save" disabled={update.isPending} onClose={close}
          onConfirm={() => update.mutate({ name: which, roleBindings: bindings(members) }, { onSuccess: () => { toast(`Members of ${which} are saved`); close() } })}>
          <ErrorBox error={update.error} />
          <Roles value={members} onChange={setMembers} />
        </Dialog>
      )}
      {asking?.kind === 'delete' && (
        <Dialog title={`Delete namespace ${which}?`} confirm="Delete" danger name={which} disabled={remove.isPending} onClose={close}
          onConfirm={() => remove.mutate(which, { onSuccess: () => { toast(`Namespace ${which} is being deleted`); close() } })}>
          <ErrorBox error={remove.error} />
          <p>Everything in it goes with it: session clusters, tables, scripts, secrets, tokens and files. Deployments have to be deleted first.</p>
        </Dialog>
      )}
    </section>
  )
}

function Roles({ value, onChange }: { value: Members; onChange: (m: Members) => void }) {
  return roles.map((r) => (
    <TextArea key={r} label={`${r[0]?.toUpperCase()}${r.slice(1)}s`} hint={about[r]} rows={2} mono value={value[r]} onChange={(v) => onChange({ ...value, [r]: v })}
      placeholder={r === 'owner' ? 'user:ann@example.com, one a line' : r === 'editor' ? 'group:data-team' : 'system:authenticated'} />
  ))
}
