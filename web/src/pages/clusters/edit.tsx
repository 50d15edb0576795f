// A session cluster as a form and as YAML.
import { useState } from 'react'
import { useSessionClusters, useTargets, type SessionCluster } from '../../api/platform'
import { Dialog } from '../../components/dialog'
import { DocumentEditor, type View } from '../../components/document'
import { ErrorBox } from '../../components/error'
import { Check, NumberField, Pairs, SelectField, TextField } from '../../components/field'
import { toast } from '../../components/toast'
import { named, nameProblem } from '../../lib/names'

type Spec = NonNullable<SessionCluster['spec']>
interface Draft {
  metadata: { name?: string; displayName?: string; labels?: Record<string, string>; annotations?: Record<string, string> }
  spec: Spec
}

export const draftOf = (c: SessionCluster): Draft => ({
  metadata: { name: c.metadata?.name, displayName: c.metadata?.displayName, labels: c.metadata?.labels, annotations: c.metadata?.annotations }, spec: c.spec ?? {},
})

/** The fields that people set; YAML has them all. */
export function Fields({ value, onChange, ns, fixed, taken, up }: { value: Draft; onChange: (d: Draft) => void; ns: string; fixed: boolean; taken: readonly (string | undefined)[]; up: boolean }) {
  const { list: targets } = useTargets(ns)
  const spec = value.spec
  const set = (s: Partial<Spec>) => onChange({ ...value, spec: { ...spec, ...s } })
  const name = value.metadata.name ?? ''
  const resource = (which: 'jobmanager' | 'taskmanager', to: { cpu?: number; memory?: string }) =>
    set({ resources: { ...spec.resources, [which]: { ...spec.resources?.[which], ...to } } })
  return (
    <>
      {up && <p className="quiet">While the cluster is up only the number of task managers can change. Stop it to change the rest.</p>}
      <NumberField label="Task managers" value={spec.numberOfTaskManagers} min={1} max={1000} placeholder="1" onChange={(n) => set({ numberOfTaskManagers: n })} />
      <fieldset className="bare" disabled={up}>
      <div className="two">
        <TextField label="Name" value={name} disabled={fixed} error={fixed ? undefined : nameProblem(name, taken)} autoFocus={!fixed} placeholder="shared" onChange={(n) => onChange({ ...value, metadata: { ...value.metadata, name: n } })} />
        <SelectField label="Target" value={spec.deploymentTargetName ?? ''} disabled={up} onChange={(t) => set({ deploymentTargetName: t === '' ? undefined : t })}
          options={[['', 'the default'], ...(targets.data ?? []).map((t) => [t.metadata?.name ?? '', t.metadata?.name ?? ''] as const)]} />
        <TextField label="Flink version" value={spec.flinkVersion ?? ''} disabled={up} placeholder="that of the target" onChange={(v) => set({ flinkVersion: v || undefined })} />
        <NumberField label="CPU of the job manager" value={spec.resources?.jobmanager?.cpu} min={0.1} step={0.1} placeholder="1" onChange={(cpu) => resource('jobmanager', { cpu })} />
        <TextField label="Memory of the job manager" value={spec.resources?.jobmanager?.memory ?? ''} disabled={up} placeholder="1g" onChange={(m) => resource('jobmanager', { memory: m || undefined })} />
        <NumberField label="CPU of a task manager" value={spec.resources?.taskmanager?.cpu} min={0.1} step={0.1} placeholder="1" onChange={(cpu) => resource('taskmanager', { cpu })} />
        <TextField label="Memory of a task manager" value={spec.resources?.taskmanager?.memory ?? ''} disabled={up} placeholder="2g" onChange={(m) => resource('taskmanager', { memory: m || undefined })} />
      </div>
      <Pairs label="Flink configuration" value={spec.flinkConfiguration ?? {}} keys={['taskmanager.numberOfTaskSlots', 'state.backend.type', 'execution.checkpointing.interval']} onChange={(c) => set({ flinkConfiguration: c })} />
      </fieldset>
    </>
  )
}

export function NewCluster({ ns, taken, onClose }: { ns: string; taken: readonly (string | undefined)[]; onClose: (made?: string) => void }) {
  const { create } = useSessionClusters(ns)
  const [draft, setDraft] = useState<Draft>({ metadata: { name: '' }, spec: { state: 'RUNNING', numberOfTaskManagers: 1 } })
  const [view, setView] = useState<View>('form')
  const [problem, setProblem] = useState<string>()
  const name = draft.metadata?.name ?? ''
  return (
    <Dialog title="New session cluster" confirm="Create" wide disabled={!named(name, taken) || problem !== undefined || create.isPending} onClose={() => onClose()}
      onConfirm={() => create.mutate({ kind: 'SessionCluster', apiVersion: 'v1', ...draft }, { onSuccess: () => { toast(`Session cluster ${name} is made`); onClose(name) } })}>
      <ErrorBox error={create.error} />
      <DocumentEditor label="Session cluster as YAML" value={draft} view={view} onView={setView} onChange={(d, p) => { setDraft(d); setProblem(p) }} form={
        <>
          <Fields value={draft} onChange={setDraft} ns={ns} fixed={false} taken={taken} up={false} />
          <Check label="Start it at once" checked={draft.spec?.state === 'RUNNING'} onChange={(on) => setDraft({ ...draft, spec: { ...draft.spec, state: on ? 'RUNNING' : 'STOPPED' } })} />
        </>
      } />
    </Dialog>
  )
}
