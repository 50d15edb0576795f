import { NavLink, Outlet, useParams } from 'react-router'
import { useChanges } from './api/changes'

export function Frame() {
  const ns = useParams()['ns'] ?? 'default'
  const live = useChanges(ns)
  return (
    <div className="frame">
      <header>
        <a className="brand" href="#/"><img src="/app/weir.svg" alt="" width="20" height="20" /> weir</a>
        <span className="namespace" title="namespace">{ns}</span>
        <nav><NavLink to={`/namespaces/${ns}/deployments`}>Deployments</NavLink></nav>
        <span className="grow" />
        {!live && <span className="state busy late" role="status">◐ The server does not answer; trying again</span>}
        <a href="/swagger">API</a>
      </header>
      <main className={live ? '' : 'stale'}><Outlet /></main>
    </div>
  )
}
