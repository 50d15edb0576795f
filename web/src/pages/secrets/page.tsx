// Secret values: names that specs and tables refer to. A value goes in and never comes out.
import '../../components/places.css'
import { useState } from 'react'
import { useParams } from 'react-router'
import { useSecrets, type Secret } from '../../api/platform'
import { Empty, Head, Loading } from '../../components/bits'
import { Copy } from '../../components/code'
import { Dialog } from '../../components/dialog'
import { ErrorBox } from '../../components/error'
import { TextArea, TextField } from '../../components/field'
import { Table, type Column } from '../../components/table'
import { Ago } from '../../components/time'
import { toast } from '../../components/toast'

export function Component() {
  const { ns = 'default' } = useParams()
  const { list, create, patch, remove } = useSecrets(ns)
  const [asking, setAsking] = useState<{ kind: 'new' } | { kind: 'replace' | 'delete'; secret: Secret }>()
  const [name, setName] = useState('')
  const [value, setValue] = useState('')
  const error = list.error
  const close = () => { setAsking(undefined); setName(''); setValue(''); create.reset(); patch.reset(); remove.reset() }
  const taken = list.data?.map((s) => s.metadata?.name)
  const wrong = name === '' ? undefined : !/^[0-9a-zA-Z_-]{1,250}$/.test(name) ? 'letters, digits, - and _' : taken?.includes(name) ? 'there is one of this name already; replace its value instead' : undefined
  const columns: Column<Secret>[] = [
    { key: 'name', title: 'Name', value: (s) => s.metadata?.name, cell: (s) => <span className="mono">{s.metadata?.name}</span> },
    { key: 'value', title: 'Value', cell: () => <span className="quiet" title="Nobody can read it, not even here">hidden</span> },
    { key: 'use', title: 'Write it as', cell: (s) => <><code>{`\${${s.metadata?.name}}`}</code> <Copy text={`\${${s.metadata?.name}}`} /></> },
    { key: 'modified', title: 'Last set', value: (s) => s.metadata?.modifiedAt, cell: (s) => <Ago at={s.metadata?.modifiedAt} /> },
    { key: 'do', title: '', className: 'row-actions', cell: (s) => (
      <>
        <button onClick={() => setAsking({ kind: 'replace', secret: s })}>Replace…</button>
        <button onClick={() => setAsking({ kind: 'delete', secret: s })}>Delete…</button>
      </>
    ) },
  ]
  return (
    <section>
      <title>Secrets · weir</title>
      <Head title="Secrets"><button className="primary" onClick={() => setAsking({ kind: 'new' })}>New secret…</button></Head>
      <p className="quiet about">A spec or a table option says <code>{'${NAME}'}</code> where the value belongs. Values are sealed in the store, put in when a job starts, and never shown: not here, not by the API, not in logs.</p>
      <ErrorBox error={error} onRetry={() => void list.refetch()} />
      {list.isPending && <Loading what="the secrets" />}
      {list.data?.length === 0 && <Empty title="No secrets yet" actions={<button onClick={() => setAsking({ kind: 'new' })}>New secret…</button>}>Passwords of databases and keys of clouds belong here, not into scripts.</Empty>}
      {list.data && list.data.length > 0 && <Table label="Secrets" columns={columns} rows={list.data} id={(s) => s.metadata?.id ?? ''} testid="secret" />}
      {asking?.kind === 'new' && (
        <Dialog title="New secret" confirm="Keep it" disabled={name === '' || wrong !== undefined || value === '' || create.isPending} onClose={close}
          onConfirm={() => create.mutate({ metadata: { name }, spec: { kind: 'PLAIN', value } }, { onSuccess: () => { toast(`${name} is kept`); close() } })}>
          <ErrorBox error={create.error} />
          <TextField label="Name" value={name} onChange={setName} error={wrong} mono autoFocus placeholder="db-password" />
          <SecretField value={value} onChange={setValue} />
        </Dialog>
      )}
      {asking?.kind === 'replace' && (
        <Dialog title={`Replace the value of ${asking.secret.metadata?.name}`} confirm="Replace" disabled={value === '' || patch.isPending} onClose={close}
          onConfirm={() => patch.mutate({ name: asking.secret.metadata?.name ?? '', body: { spec: { kind: 'PLAIN', value } } }, { onSuccess: () => { toast(`${asking.secret.metadata?.name} has another value`); close() } })}>
          <ErrorBox error={patch.error} />
          <SecretField value={value} onChange={setValue} />
          <p className="quiet">Jobs that run keep the old value until they start again.</p>
        </Dialog>
      )}
      {asking?.kind === 'delete' && (
        <Dialog title={`Delete ${asking.secret.metadata?.name}?`} confirm="Delete" danger name={asking.secret.metadata?.name} disabled={remove.isPending} onClose={close}
          onConfirm={() => remove.mutate(asking.secret.metadata?.name ?? '', { onSuccess: () => { toast(`${asking.secret.metadata?.name} is deleted`); close() } })}>
          <ErrorBox error={remove.error} />
          <p>The value is gone for good. Deployments that refer to it cannot start until there is one of this name again.</p>
        </Dialog>
      )}
    </section>
  )
}

function SecretField({ value, onChange }: { value: string; onChange: (v: string) => void }) {
  const [lines, setLines] = useState(false)
  return (
    <>
      {lines
        ? <TextArea label="Value" value={value} onChange={onChange} mono rows={6} />
        : <TextField label="Value" type="password" value={value} onChange={onChange} mono />}
      <button type="button" className="plain small" onClick={() => setLines(!lines)}>{lines ? 'One line, hidden while typed' : 'It has several lines'}</button>
    </>
  )
}
