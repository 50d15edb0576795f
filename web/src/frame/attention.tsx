import { useMemo } from 'react'
import { useDeployments } from '../api/deployments'
import { Mark, Message } from '../components/bits'
import { Menu } from '../components/menu'
import { Ago, useTick } from '../components/time'
import { needs } from '../lib/attention'

/** What needs a person, with the reason in words. */
export function Attention({ ns }: { ns: string }) {
  const { data } = useDeployments(ns)
  const minute = useTick(10_000)
  const all = useMemo(() => needs(data ?? [], minute), [data, minute])
  if (!data) return null
  const bad = all.some((n) => n.tone !== 'busy')
  const shown = all.slice(0, 20)
  return (
    <Menu testid="attention" align="right" className={all.length === 0 ? 'plain calm' : bad ? 'plain alarm' : 'plain waiting'}
      label={all.length === 0 ? <><span aria-hidden="true">●</span><span className="wide-only"> all well</span></> : <><span aria-hidden="true">▲</span> {all.length}<span className="wide-only"> need{all.length === 1 ? 's' : ''} attention</span></>}
      title={all.length === 0 ? 'all well: nothing needs attention' : `${all.length} need${all.length === 1 ? 's' : ''} attention`}
      items={[
        ...shown.map((n) => ({
          href: `#/namespaces/${ns}/deployments/${encodeURIComponent(n.name)}`,
          label: <span className="need"><b>{n.title}</b> <Mark tone={n.tone}>{n.word}</Mark><span className="brief quiet small"><Message text={n.reason} /></span></span>,
          hint: n.since && <Ago at={n.since} />,
        })),
        all.length > shown.length && { label: `${all.length - shown.length} more…`, href: `#/namespaces/${ns}/deployments?state=attention` },
        all.length === 0 && { label: data.length === 0 ? 'There is nothing yet that could' : `${data.length} deployment${data.length === 1 ? '' : 's'}, nothing failed or failing`, disabled: true },
      ]} />
  )
}
