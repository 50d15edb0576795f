// What is around every page: where one is, what needs attention, how to get anywhere.
import { useEffect, useRef, useState } from 'react'
import { NavLink, Outlet, useNavigate, useParams } from 'react-router'
import { useChanges } from '../api/changes'
import { useAccount, useNamespaceNames } from '../api/account'
import { useComplaint } from '../api/health'
import { Menu } from '../components/menu'
import { Panel } from '../components/dialog'
import { Toasts } from '../components/toast'
import { set, useSettings } from '../components/settings'
import { Attention } from './attention'
import { entries, pages } from './pages'
import { Palette } from './palette'
import './frame.css'

const mac = /Mac|iPhone|iPad/.test(navigator.platform)

export function Frame() {
  const ns = useParams()['ns'] ?? 'default'
  const live = useChanges(ns)
  const complaint = useComplaint()
  const [open, setOpen] = useState<'palette' | 'help'>()
  const navigate = useNavigate()
  useShortcuts(ns, setOpen)
  return (
    <div className="frame">
      <a className="skip" href="#content" onClick={(e) => { e.preventDefault(); document.getElementById('content')?.focus() }}>Skip to the content</a>
      <header className="top">
        <a className="brand" href={`#/namespaces/${ns}/deployments`}><img src="/app/weir.svg" alt="" width="20" height="20" /> weir</a>
        <Namespace ns={ns} />
        <button type="button" className="find" onClick={() => setOpen('palette')} aria-keyshortcuts={mac ? 'Meta+K' : 'Control+K'}>
          <span>Search or do…</span><kbd>{mac ? '⌘K' : 'Ctrl K'}</kbd>
        </button>
        <span className="grow" />
        {(!live || complaint) && <span className="state busy late away" role="status">◐ {live ? complaint : 'The server does not answer; trying again. What you see is what was known.'}</span>}
        <Attention ns={ns} />
        <Look />
        <You onHelp={() => setOpen('help')} onApi={() => location.assign('/swagger')} />
      </header>
      <nav className="side" aria-label="Pages">
        {pages.map((group) => (
          <div key={group.title} className="group" role="group" aria-label={group.title}>
            <div className="group-title">{group.title}</div>
            {group.entries.map((p) => (
              <NavLink key={p.path} to={`/namespaces/${ns}/${p.path}`} title={`${p.about} (g ${p.key})`}>
                <span className="sign" aria-hidden="true">{p.sign}</span><span>{p.title}</span>
              </NavLink>
            ))}
          </div>
        ))}
      </nav>
      <main id="content" tabIndex={-1} className={live ? '' : 'stale'}><Outlet /></main>
      {open === 'palette' && <Palette ns={ns} onClose={() => setOpen(undefined)} onHelp={() => setOpen('help')} go={(to) => void navigate(to)} />}
      {open === 'help' && <Help onClose={() => setOpen(undefined)} />}
      <Toasts />
    </div>
  )
}

function Namespace({ ns }: { ns: string }) {
  const { data } = useNamespaceNames()
  const names = data?.includes(ns) ? data : [ns, ...(data ?? [])]
  return (
    <Menu label={<>{ns} <span aria-hidden="true">▾</span></>} title={`Namespace ${ns}`} className="plain namespace" items={[
      ...names.map((n) => ({ label: n, checked: n === ns, href: `#/namespaces/${encodeURIComponent(n)}/deployments` })),
      { label: 'All namespaces…', href: `#/namespaces/${ns}/namespaces` },
    ]} />
  )
}

function Look() {
  const { theme, zone } = useSettings()
  return (
    <Menu label={<span aria-hidden="true">◑</span>} title="Colours and time zone" className="plain" align="right" items={[
      ...(['system', 'light', 'dark'] as const).map((t) => ({ label: { system: 'Colours of the system', light: 'Light', dark: 'Dark' }[t], checked: theme === t, onSelect: () => set({ theme: t }) })),
      ...(['local', 'utc'] as const).map((z) => ({ label: { local: `Local time (${Intl.DateTimeFormat().resolvedOptions().timeZone})`, utc: 'UTC' }[z], checked: zone === z, onSelect: () => set({ zone: z }) })),
    ]} />
  )
}

function You({ onHelp, onApi }: { onHelp: () => void; onApi: () => void }) {
  const { data: you } = useAccount()
  const signedIn = you?.authentication === true && you.name !== ''
  return (
    <Menu label={<>{signedIn ? you.name.replace(/^user:/, '') : 'menu'} <span aria-hidden="true">▾</span></>} title={signedIn ? `${you.name.replace(/^user:/, '')}: you` : 'menu: help and more'} className="plain you" align="right" items={[
      { label: 'Keyboard shortcuts', hint: '?', onSelect: onHelp },
      { label: 'API (Swagger)', onSelect: onApi },
      signedIn && { label: 'Sign out', onSelect: () => document.querySelector<HTMLFormElement>('#sign-out')?.submit() },
    ]}>
      <form id="sign-out" method="post" action="/auth/logout" hidden />
    </Menu>
  )
}

function Help({ onClose }: { onClose: () => void }) {
  const keys: [string, string][] = [
    [mac ? '⌘ K' : 'Ctrl K', 'Search, or do something'], ['/', 'Filter what the page lists'], ['?', 'This list'],
    ...entries.map((e): [string, string] => [`g ${e.key}`, `Go to ${e.title}`]),
    [mac ? '⌘ Enter' : 'Ctrl Enter', 'In the SQL editor: run'], ['Escape', 'Close; in an editor: leave it, so that Tab goes on'],
  ]
  return (
    <Panel title="Keyboard shortcuts" onClose={onClose}>
      <table className="keys"><tbody>{keys.map(([k, what]) => <tr key={k}><td><kbd>{k}</kbd></td><td>{what}</td></tr>)}</tbody></table>
    </Panel>
  )
}

/** Keys that work on every page, but not where one types. */
function useShortcuts(ns: string, open: (what: 'palette' | 'help') => void) {
  const navigate = useNavigate()
  const going = useRef(0) // when g was pressed
  useEffect(() => {
    const pressed = (e: KeyboardEvent) => {
      if (e.key.toLowerCase() === 'k' && (e.metaKey || e.ctrlKey) && !e.shiftKey && !e.altKey) {
        e.preventDefault()
        open('palette')
        return
      }
      const at = e.target as HTMLElement
      if (e.metaKey || e.ctrlKey || e.altKey || at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName) || document.querySelector('dialog[open]')) return
      if (going.current && e.timeStamp - going.current < 1500) {
        going.current = 0
        const entry = entries.find((p) => p.key === e.key)
        if (!entry) return
        e.preventDefault()
        void navigate(`/namespaces/${ns}/${entry.path}`)
      } else if (e.key === 'g') {
        going.current = e.timeStamp
      } else if (e.key === '?') {
        open('help')
      } else if (e.key === '/') {
        const filter = document.querySelector<HTMLInputElement>('main input.filter')
        if (!filter) return
        e.preventDefault()
        filter.focus()
      }
    }
    addEventListener('keydown', pressed)
    return () => removeEventListener('keydown', pressed)
  }, [ns, navigate, open])
}
