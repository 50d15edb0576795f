import type { ReactNode } from 'react'
import { Link, useLocation } from 'react-router'

/** Views of one thing, each with an address. */
export function Tabs({ label, tabs }: { label: string; tabs: { to: string; title: ReactNode; active?: boolean }[] }) {
  const { pathname } = useLocation()
  return (
    <nav className="tabs" aria-label={label}>
      {tabs.map((t) => {
        const active = t.active ?? pathname === t.to
        return <Link key={t.to} to={t.to} className={active ? 'active' : ''} aria-current={active ? 'page' : undefined}>{t.title}</Link>
      })}
    </nav>
  )
}

/** A choice of few, side by side. */
export function Segments<T extends string>({ label, value, options, onChange }: {
  label: string
  value: T
  options: readonly (readonly [T, ReactNode])[]
  onChange: (value: T) => void
}) {
  return (
    <div className="segments" role="group" aria-label={label}>
      {options.map(([key, title]) => (
        <button key={key} type="button" aria-pressed={key === value} onClick={() => onChange(key)}>{title}</button>
      ))}
    </div>
  )
}
