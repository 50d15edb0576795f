// Deployment targets: where deployments run.
import '../../components/places.css'
import { useState } from 'react'
import { useParams } from 'react-router'
import { useSecrets, useTargets, type Target } from '../../api/platform'
import { Empty, Head, Loading } from '../../components/bits'
import { Dialog } from '../../components/dialog'
import { DocumentEditor, type View } from '../../components/document'
import { ErrorBox } from '../../components/error'
import { SelectField, TextField } from '../../components/field'
import { Table, type Column } from '../../components/table'
import { Ago } from '../../components/time'
import { toast } from '../../components/toast'
import { named, nameProblem } from '../../lib/names'

const launchers = [
  ['process', 'Processes of this machine', 'weir’s own engine, a process for each job; they outlive the server.'],
  ['embedded', 'Inside the server', 'weir’s own engine in the server’s process: the quickest start, but jobs end with the server.'],
  ['flink', 'Apache Flink on this machine', 'real Flink processes; needs Java and a Flink distribution.'],
  ['kubernetes', 'Kubernetes', 'pods in a namespace of a Kubernetes cluster.'],
] as const

interface Kubernetes {
  namespace?: string
  kubeconfigSecret?: string
  engine?: string
}

const engines = [
  ['', 'SQL on weir’s engine, the rest on Flink', 'SQL runs on weir’s own engine; JARs and Python on Apache Flink.'],
  ['weir', 'weir’s engine alone', 'SQL only; what needs Apache Flink is refused.'],
  ['flink', 'Apache Flink alone', 'SQL too runs on Apache Flink.'],
] as const

interface Draft {
  metadata: { name?: string; displayName?: string; labels?: Record<string, string>; annotations?: Record<string, string> }
  spec: { launcher?: string; kubernetes?: Kubernetes }
}

const launcherOf = (t: { spec?: Draft['spec'] }) => t.spec?.launcher ?? (t.spec?.kubernetes ? 'kubernetes' : 'process')
const words = (key: string) => launchers.find(([k]) => k === key)?.[1] ?? key

export function Component() {
  const { ns = 'default' } = useParams()
  const { list, create, replace, remove } = useTargets(ns)
  const [draft, setDraft] = useState<{ of: string | undefined; value: Draft; problem?: string; view: View }>()
  const [deleting, setDeleting] = useState<Target>()
  const write = draft?.of ? replace : create
  const open = (t?: Target) => {
    create.reset()
    replace.reset()
    setDraft({ of: t?.metadata?.name, view: 'form', value: t
      ? { metadata: { name: t.metadata?.name, displayName: t.metadata?.displayName, labels: t.metadata?.labels, annotations: t.metadata?.annotations }, spec: (t.spec ?? {}) as Draft['spec'] }
      : { metadata: { name: '' }, spec: { launcher: 'process' } } })
  }
  const columns: Column<Target>[] = [
    { key: 'name', title: 'Name', value: (t) => t.metadata?.name, cell: (t) => <><b>{t.metadata?.displayName || t.metadata?.name}</b>{t.metadata?.displayName && t.metadata.displayName !== t.metadata.name && <div className="quiet small">{t.metadata.name}</div>}</> },
    { key: 'launcher', title: 'Jobs run', value: launcherOf, cell: (t) => <Where t={t} /> },
    { key: 'modified', title: 'Last change', value: (t) => t.metadata?.modifiedAt, cell: (t) => <Ago at={t.metadata?.modifiedAt} /> },
    { key: 'do', title: '', className: 'row-actions', cell: (t) => <><button onClick={() => open(t)}>Edit…</button><button onClick={() => { remove.reset(); setDeleting(t) }}>Delete…</button></> },
  ]
  const name = draft?.value.metadata?.name ?? ''
  const taken = list.data?.map((t) => t.metadata?.name)
  const kind = draft ? launcherOf(draft.value) : ''
  const set = (value: Draft) => draft && setDraft({ ...draft, value, problem: undefined })
  const valid = draft && !draft.problem && (draft.of ? true : named(name, taken)) && (kind !== 'kubernetes' || !!draft.value.spec?.kubernetes?.namespace)
  return (
    <section>
      <title>Targets · weir</title>
      <Head title="Deployment targets"><button className="primary" onClick={() => open()}>New target…</button></Head>
      <p className="quiet about">A deployment names the target that it runs on. Change a deployment’s target and it moves there with its state.</p>
      <ErrorBox error={list.error} onRetry={() => void list.refetch()} />
      {list.isPending && <Loading what="the targets" />}
      {list.data?.length === 0 && <Empty title="No targets" actions={<button onClick={() => open()}>New target…</button>}>Without a target nothing can run here, unless it runs on a session cluster.</Empty>}
      {list.data && list.data.length > 0 && <Table label="Deployment targets" columns={columns} rows={list.data} id={(t) => t.metadata?.id ?? ''} testid="target" />}
      {draft && (
        <Dialog title={draft.of ? `Edit target ${draft.of}` : 'New target'} confirm={draft.of ? 'Save' : 'Create'} wide disabled={!valid || write.isPending} onClose={() => setDraft(undefined)}
          onConfirm={() => {
            const done = { onSuccess: () => { toast(`Target ${name} is ${draft.of ? 'saved' : 'made'}`); setDraft(undefined) } }
            if (draft.of) replace.mutate({ name: draft.of, body: { kind: 'DeploymentTarget', apiVersion: 'v1', ...draft.value } }, done)
            else create.mutate({ kind: 'DeploymentTarget', apiVersion: 'v1', ...draft.value }, done)
          }}>
          <ErrorBox error={write.error} />
          <DocumentEditor label="Target as YAML" value={draft.value} view={draft.view} onView={(view) => setDraft({ ...draft, view })} onChange={(value, problem) => setDraft({ ...draft, value, problem })} form={
            <>
              <TextField label="Name" value={name} disabled={!!draft.of} autoFocus={!draft.of} error={draft.of ? undefined : nameProblem(name, taken)} onChange={(n) => set({ ...draft.value, metadata: { ...draft.value.metadata, name: n } })} placeholder="local" />
              <TextField label="Title" value={draft.value.metadata?.displayName ?? ''} autoFocus={!!draft.of} hint="what people call it" onChange={(displayName) => set({ ...draft.value, metadata: { ...draft.value.metadata, displayName: displayName || undefined } })} />
              {draft.of && <p className="quiet">Where a target leads never changes: make a new one, and move the deployments to it one by one.</p>}
              <SelectField label="Jobs run" disabled={!!draft.of} value={kind} options={launchers.map(([k, t]) => [k, t] as const)} hint={launchers.find(([k]) => k === kind)?.[2]}
                onChange={(k) => set({ ...draft.value, spec: { ...draft.value.spec, launcher: k, kubernetes: k === 'kubernetes' ? (draft.value.spec?.kubernetes ?? { namespace: '' }) : undefined } })} />
              {kind === 'kubernetes' && <KubernetesFields ns={ns} fixed={!!draft.of} value={draft.value.spec?.kubernetes ?? {}} onChange={(kubernetes) => set({ ...draft.value, spec: { ...draft.value.spec, kubernetes } })} />}
            </>
          } />
        </Dialog>
      )}
      {deleting && (
        <Dialog title={`Delete target ${deleting.metadata?.name}?`} confirm="Delete" danger disabled={remove.isPending} onClose={() => setDeleting(undefined)}
          onConfirm={() => remove.mutate(deleting.metadata?.name ?? '', { onSuccess: () => { toast(`Target ${deleting.metadata?.name} is deleted`); setDeleting(undefined) } })}>
          <ErrorBox error={remove.error} />
          <p>A target that a deployment or a session cluster names cannot be deleted.</p>
        </Dialog>
      )}
    </section>
  )
}

/** What a target means, in words. */
function Where({ t }: { t: Target }) {
  const k = t.spec?.kubernetes as Kubernetes | undefined
  const engine = engines.find(([key]) => key !== '' && key === k?.engine)?.[1]
  return (
    <>
      {words(launcherOf(t))}{k?.namespace && <> in <code>{k.namespace}</code></>}
      {(engine || k?.kubeconfigSecret) && <div className="quiet small">{[engine, k?.kubeconfigSecret && `the Kubernetes of secret ${k.kubeconfigSecret}`].filter(Boolean).join('; ')}</div>}
    </>
  )
}

function KubernetesFields({ ns, fixed, value, onChange }: { ns: string; fixed: boolean; value: Kubernetes; onChange: (k: Kubernetes) => void }) {
  const { list: secrets } = useSecrets(ns)
  return (
    <>
      <TextField label="Kubernetes namespace" value={value.namespace ?? ''} required disabled={fixed} onChange={(namespace) => onChange({ ...value, namespace })} placeholder="streaming" hint="where its pods run" />
      <SelectField label="What runs there" disabled={fixed} value={value.engine ?? ''} options={engines.map(([k, t]) => [k, t] as const)} hint={engines.find(([k]) => k === (value.engine ?? ''))?.[2]} onChange={(engine) => onChange({ ...value, engine: engine || undefined })} />
      <TextField label="Secret with a kubeconfig" mono disabled={fixed} value={value.kubeconfigSecret ?? ''} suggestions={(secrets.data ?? []).map((s) => s.metadata?.name ?? '')} placeholder="the server’s own Kubernetes"
        hint="for another Kubernetes than the one that the server runs in: the name of a secret value" onChange={(s) => onChange({ ...value, kubeconfigSecret: s || undefined })} />
    </>
  )
}
