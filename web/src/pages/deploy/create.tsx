// A new deployment, as a form or as YAML. The SQL page brings a script along.
import { useEffect, useState } from 'react'
import { Link, useLocation, useNavigate, useParams, useSearchParams } from 'react-router'
import { check, useCreate } from '../../api/deployments'
import { useAround } from '../../api/spec'
import { Head } from '../../components/bits'
import { ErrorBox } from '../../components/error'
import { Spec, type Doc, type FieldProblem, type View } from '../../components/spec/spec'
import { get, put } from '../../lib/patch'

interface Brought {
  script?: string
  name?: string
  jarUri?: string
}

export function Component() {
  const { ns = 'default' } = useParams()
  const brought = (useLocation().state ?? {}) as Brought
  const [address, setAddress] = useSearchParams()
  const [doc, setDoc] = useState<Doc>(() => ({
    kind: 'Deployment', apiVersion: 'v1',
    metadata: { ...(brought.name ? { name: brought.name } : {}) },
    spec: { state: 'RUNNING', template: { spec: { parallelism: 1, artifact: brought.jarUri ? { kind: 'JAR', jarUri: brought.jarUri } : { kind: 'SQLSCRIPT', sqlScript: brought.script ?? '' } } } },
  }))
  const [readable, setReadable] = useState(true)
  const around = useAround(ns)
  const problems = useProblems(ns, doc)
  const create = useCreate(ns)
  const navigate = useNavigate()
  const view: View = address.get('view') === 'yaml' ? 'yaml' : 'form'
  const ready = readable && String(get(doc, 'metadata.name') ?? get(doc, 'metadata.displayName') ?? '') !== ''
  const save = (state: 'RUNNING' | 'CANCELLED') =>
    create.mutate(put(doc, 'spec.state', state), { onSuccess: (d) => void navigate(`/namespaces/${ns}/deployments/${encodeURIComponent(d.metadata?.name ?? '')}`) })
  const error = create.error
  return (
    <section>
      <title>Create a deployment · weir</title>
      <Head title="Create a deployment" crumbs={<><Link to={`/namespaces/${ns}/deployments`}>Deployments</Link> /</>} />
      <Spec isNew doc={doc} onDoc={setDoc} problems={error instanceof Error && 'fields' in error ? [...problems, ...(error.fields as FieldProblem[])] : problems} around={around} view={view}
        onView={(v) => setAddress(v === 'yaml' ? { view: 'yaml' } : {}, { replace: true, state: brought })} onReadable={setReadable} />
      <ErrorBox error={error} onClose={create.reset} />
      <div className="saving">
        <span className="quiet">{!ready ? 'It needs a name.' : problems.length > 0 ? <>Not yet: <span className="mono">{problems[0]!.attribute}</span> {problems[0]!.message}</> : 'What is left out is filled from the defaults of the namespace.'}</span>
        <button disabled={!ready || create.isPending} onClick={() => save('CANCELLED')}>Create, do not start</button>
        <button className="primary" disabled={!ready || create.isPending} onClick={() => save('RUNNING')}>Create and start</button>
      </div>
    </section>
  )
}

/** What the server would say to the document, while it is written. */
function useProblems(ns: string, doc: Doc): FieldProblem[] {
  const [problems, setProblems] = useState<FieldProblem[]>([])
  useEffect(() => {
    const artifact = get(doc, 'spec.template.spec.artifact') as Record<string, unknown> | undefined
    if (!artifact?.['sqlScript'] && !artifact?.['jarUri'] && !artifact?.['pythonArtifactUri']) return // nothing to check yet
    let gone = false
    const named = String(get(doc, 'metadata.name') ?? '') !== ''
    const asked = named ? doc : put(doc, 'metadata.displayName', String(get(doc, 'metadata.displayName') ?? '') || 'unnamed')
    const timer = setTimeout(() => {
      check(ns, asked).then((p) => !gone && setProblems(p), () => undefined)
    }, 500)
    return () => {
      gone = true
      clearTimeout(timer)
    }
  }, [ns, doc])
  return problems
}
