// Search or do: pages, deployments, what can be done to them, settings.
import type { KeyboardEvent } from 'react'
import { useMemo, useRef, useState } from 'react'
import type { Deployment } from '../api/client'
import { useNamespaceNames } from '../api/account'
import { useDeployments, useStates } from '../api/deployments'
import { StateWord } from '../components/bits'
import { useModal } from '../components/dialog'
import { set } from '../components/settings'
import { toast } from '../components/toast'
import { match } from '../lib/match'
import { entries } from './pages'

interface Hit {
  id: string
  title: string
  also?: string
  kind: string
  deployment?: Deployment
  run: () => void
}

export function Palette({ ns, go, onClose, onHelp }: { ns: string; go: (to: string) => void; onClose: () => void; onHelp: () => void }) {
  const ref = useRef<HTMLDialogElement>(null)
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const { data: deployments } = useDeployments(ns)
  const { data: namespaces } = useNamespaceNames()
  const wish = useStates(ns)
  useModal(ref)
  const all = useMemo(() => {
    const want = async (d: Deployment, state: 'RUNNING' | 'SUSPENDED', did: string) => {
      const name = d.metadata?.name ?? ''
      const refused = (await wish.set([name], state)).get(name)
      toast(`${name}: ${refused?.message ?? did}`, { tone: refused ? 'bad' : 'good' })
    }
    const list: Hit[] = [
      ...entries.map((p) => ({ id: `page ${p.path}`, title: p.title, also: p.about, kind: 'page', run: () => go(`/namespaces/${ns}/${p.path}`) })),
      { id: 'create', title: 'Create a deployment', also: 'new deploy', kind: 'do', run: () => go(`/namespaces/${ns}/deploy`) },
      ...(deployments ?? []).flatMap((d): Hit[] => {
        const name = d.metadata?.name ?? ''
        const title = d.metadata?.displayName || name
        const to = `/namespaces/${ns}/deployments/${encodeURIComponent(name)}/detail`
        return [
          { id: `open ${name}`, title, also: name, kind: 'deployment', deployment: d, run: () => go(`${to}/overview`) },
          d.spec?.state === 'RUNNING'
            ? { id: `suspend ${name}`, title: `Suspend ${title}`, kind: 'do', run: () => void want(d, 'SUSPENDED', 'is being suspended with its state') }
            : { id: `start ${name}`, title: `Start ${title}`, kind: 'do', run: () => void want(d, 'RUNNING', 'is being started') },
          { id: `edit ${name}`, title: `Edit ${title}`, kind: 'do', run: () => go(`${to}/configuration`) },
          { id: `doctor ${name}`, title: `Doctor of ${title}`, also: 'why no output', kind: 'do', run: () => go(`${to}/doctor`) },
          { id: `logs ${name}`, title: `Logs of ${title}`, kind: 'do', run: () => go(`${to}/logs`) },
        ]
      }),
      ...(namespaces ?? []).filter((n) => n !== ns).map((n) => ({ id: `namespace ${n}`, title: `Namespace ${n}`, kind: 'namespace', run: () => go(`/namespaces/${n}/deployments`) })),
      ...(['light', 'dark', 'system'] as const).map((theme) => ({ id: `theme ${theme}`, title: `Colours: ${theme}`, also: 'theme', kind: 'setting', run: () => set({ theme }) })),
      ...(['utc', 'local'] as const).map((zone) => ({ id: `zone ${zone}`, title: `Times: ${zone === 'utc' ? 'UTC' : 'local'}`, also: 'time zone', kind: 'setting', run: () => set({ zone }) })),
      { id: 'help', title: 'Keyboard shortcuts', kind: 'do', run: onHelp },
    ]
    return list
  }, [ns, deployments, namespaces, go, onHelp, wish])
  const hits = useMemo(() => {
    if (text.trim() === '') return all.filter((h) => h.kind === 'page' || h.kind === 'deployment').slice(0, 30)
    return all
      .map((h) => ({ h, score: Math.max(match(text, h.title), match(text, h.also ?? '') - 2) }))
      .filter((x) => x.score > 0)
      .sort((a, b) => b.score - a.score)
      .slice(0, 30)
      .map((x) => x.h)
  }, [all, text])
  const chosen = Math.min(at, hits.length - 1)
  const take = (h: Hit | undefined) => {
    if (!h) return
    onClose()
    h.run()
  }
  const keys = (e: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key]
    if (step !== undefined && hits.length > 0) {
      e.preventDefault()
      const next = (chosen + step + hits.length) % hits.length
      setAt(next)
      document.getElementById(`hit-${next}`)?.scrollIntoView({ block: 'nearest' })
    } else if (e.key === 'Enter') {
      e.preventDefault()
      take(hits[chosen])
    }
  }
  return (
    <dialog ref={ref} className="palette" aria-label="Search or do" onCancel={onClose} onClick={(e) => e.target === ref.current && onClose()}>
      <input role="combobox" aria-label="Search or do" aria-expanded="true" aria-controls="hits" aria-activedescendant={hits.length > 0 ? `hit-${chosen}` : undefined}
        placeholder="A deployment, a page, or something to do" autoFocus value={text} onChange={(e) => { setText(e.target.value); setAt(0) }} onKeyDown={keys} />
      <div role="listbox" id="hits" aria-label="Found">
        {hits.map((h, i) => (
          <div key={h.id} id={`hit-${i}`} role="option" aria-selected={i === chosen} onClick={() => take(h)} onPointerMove={() => setAt(i)}>
            <span>{h.title}{h.also && h.also !== h.title && <span className="quiet small"> {h.also}</span>}</span>
            {h.deployment ? <StateWord state={h.deployment.status?.state} conditions={h.deployment.status?.running?.conditions} /> : <span className="quiet small">{h.kind}</span>}
          </div>
        ))}
      </div>
      {hits.length === 0 && <p className="quiet nothing">Nothing is called “{text}”.</p>}
    </dialog>
  )
}
