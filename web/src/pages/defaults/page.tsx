// Deployment defaults: what deployments of the namespace begin with.
import { useState } from 'react'
import { useParams } from 'react-router'
import { stringify } from 'yaml'
import '../../components/places.css'
import { useDefaults, useSessionClusters, useTargets, type Defaults } from '../../api/platform'
import { Head, Loading } from '../../components/bits'
import { Code } from '../../components/code'
import { DocumentEditor, type View } from '../../components/document'
import { ErrorBox } from '../../components/error'
import { NumberField, Pairs, SelectField, TextField } from '../../components/field'
import { toast } from '../../components/toast'

type Spec = NonNullable<Defaults['spec']>

export function Component() {
  const { ns = 'default' } = useParams()
  const { own, global } = useDefaults(ns)
  return (
    <section>
      <title>Defaults · weir</title>
      <Head title="Deployment defaults" />
      <p className="quiet about">What a deployment of this namespace does not say itself is taken from here when it is made or changed; what is not here from the platform’s own defaults. Deployments that exist keep what they have.</p>
      <ErrorBox error={own.error} onRetry={() => void own.refetch()} />
      {own.isPending && <Loading what="the defaults" />}
      <div className="columns">
        <div className="wide">{own.data && <Edit key={`${ns}-${own.data.metadata?.resourceVersion}`} ns={ns} defaults={own.data} />}</div>
        <div>
          <h2>Of the whole platform</h2>
          <ErrorBox error={global.error} />
          {global.data && (Object.keys(global.data.spec ?? {}).length === 0
            ? <p className="quiet">None. Whoever runs the server sets them with <code>--global-defaults</code>.</p>
            : <Code text={stringify(global.data.spec)} label="Defaults of the platform" />)}
        </div>
      </div>
    </section>
  )
}

function Edit({ ns, defaults }: { ns: string; defaults: Defaults }) {
  const { replace } = useDefaults(ns)
  const first = defaults.spec ?? {}
  const [spec, setSpec] = useState<Spec>(first)
  const [view, setView] = useState<View>('form')
  const [problem, setProblem] = useState<string>()
  const changed = JSON.stringify(spec) !== JSON.stringify(first)
  return (
    <>
      <DocumentEditor label="Defaults as YAML" value={spec} view={view} onView={setView} onChange={(s, p) => { setSpec(s); setProblem(p) }} form={<Form ns={ns} spec={spec} onChange={setSpec} />} />
      <ErrorBox error={replace.error} onClose={replace.reset} />
      {(changed || problem) && (
        <div className="saving">
          <span>{problem ? 'It cannot be saved as it is written.' : 'There are changes that are not saved.'}</span>
          <button onClick={() => { setSpec(first); setProblem(undefined) }}>Take back</button>
          <button className="primary" disabled={problem !== undefined || replace.isPending}
            onClick={() => replace.mutate({ kind: 'DeploymentDefaults', apiVersion: 'v1', metadata: { namespace: ns }, spec }, { onSuccess: () => toast('The defaults are saved') })}>Save</button>
        </div>
      )}
    </>
  )
}

function Form({ ns, spec, onChange }: { ns: string; spec: Spec; onChange: (s: Spec) => void }) {
  const { list: targets } = useTargets(ns)
  const { list: clusters } = useSessionClusters(ns)
  const job = spec.template?.spec ?? {}
  const setJob = (to: Partial<typeof job>) => onChange({ ...spec, template: { ...spec.template, spec: { ...job, ...to } } })
  const place = spec.sessionClusterName ? `session:${spec.sessionClusterName}` : (spec.deploymentTargetName ?? '')
  return (
    <div>
      <div className="two">
        <SelectField label="Runs on" value={place} onChange={(p) => onChange({ ...spec, deploymentTargetName: p && !p.startsWith('session:') ? p : undefined, sessionClusterName: p.startsWith('session:') ? p.slice(8) : undefined })}
          options={[['', 'each deployment says'], ...(targets.data ?? []).map((t) => [t.metadata?.name ?? '', `target ${t.metadata?.name}`] as const), ...(clusters.data ?? []).map((c) => [`session:${c.metadata?.name}`, `session cluster ${c.metadata?.name}`] as const)]} />
        <NumberField label="Parallelism" value={job.parallelism} min={1} max={32768} placeholder="1" onChange={(parallelism) => setJob({ parallelism })} />
        <SelectField label="Upgrade" value={spec.upgradeStrategy?.kind ?? ''} onChange={(kind) => onChange({ ...spec, upgradeStrategy: kind ? { ...spec.upgradeStrategy, kind: kind as 'STATEFUL' } : undefined })}
          options={[['', 'each deployment says'], ['STATEFUL', 'with the state (STATEFUL)'], ['STATELESS', 'without state (STATELESS)'], ['NONE', 'never by itself (NONE)']]} />
        <SelectField label="Restore" value={spec.restoreStrategy?.kind ?? ''} onChange={(kind) => onChange({ ...spec, restoreStrategy: kind ? { ...spec.restoreStrategy, kind: kind as 'LATEST_STATE' } : undefined })}
          options={[['', 'each deployment says'], ['LATEST_STATE', 'newest savepoint or checkpoint (LATEST_STATE)'], ['LATEST_SAVEPOINT', 'newest savepoint (LATEST_SAVEPOINT)'], ['NONE', 'empty (NONE)']]} />
        <TextField label="Flink version" value={job.artifact?.flinkVersion ?? ''} placeholder="each deployment says" onChange={(v) => setJob({ artifact: { ...job.artifact, flinkVersion: v || undefined } as typeof job.artifact })} />
      </div>
      <Pairs label="Flink configuration" value={job.flinkConfiguration ?? {}} keys={['execution.checkpointing.interval', 'execution.checkpointing.mode', 'restart-strategy.type', 'state.backend.type', 'table.exec.state.ttl']} onChange={(flinkConfiguration) => setJob({ flinkConfiguration })} />
    </div>
  )
}
