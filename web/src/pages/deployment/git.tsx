// A deployment that a manifest in git owns: what was edited here, and the patch that keeps it.
import { stringify } from 'yaml'
import type { Deployment } from '../../api/client'
import { useRevisions } from '../../api/deployments'
import { Code } from '../../components/code'
import { Mark } from '../../components/bits'
import { driftOf, ownerOf } from '../../lib/drift'
import type { Json } from '../../lib/patch'

/** Beside the state: who owns it, and whether it is as the manifest wants it. */
export default function Git({ ns, d }: { ns: string; d: Deployment }) {
  const { data } = useRevisions(ns, d.metadata?.name ?? '')
  const drift = data && driftOf(d, data)
  const owner = ownerOf(d)
  if (drift === undefined) return <p className="doing small" data-testid="git">Its manifest in git owns it: WeirDeployment {owner}. What is edited here is shown as drift, and the manifest wins when it next changes.</p>
  return (
    <details className="finding busy" data-testid="git">
      <summary><Mark tone="busy">edited here</Mark> since its manifest WeirDeployment {owner} was applied</summary>
      <p>The edit stays until the manifest next changes; that replaces it. To keep it, merge this into the manifest:</p>
      <PatchOf patch={drift} />
    </details>
  )
}

/** A patch of a spec as a manifest has it. */
export function PatchOf({ patch }: { patch: Json }) {
  return <Code text={stringify({ spec: patch }, { lineWidth: 0, blockQuote: 'literal' })} label="Patch of the manifest" />
}
