import { useRouteError } from 'react-router'
import { ErrorBox } from '../components/error'

/** Instead of a page that threw: its words, and ways on. */
export function Broken() {
  const thrown = useRouteError()
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  // A page of an older build is gone from a server that was upgraded.
  const old = /dynamically imported module|Importing a module/.test(error.message)
  const shown = old ? new Error('This page could not be loaded: the server is away, or was upgraded since you opened it.') : error
  return (
    <section>
      <title>Not shown · weir</title>
      <ErrorBox title={old ? undefined : 'This page has a mistake of its own.'} error={shown} remedy="Load it again; what runs is not touched by it." />
      <button className="primary" onClick={() => location.reload()}>Load again</button>
    </section>
  )
}
