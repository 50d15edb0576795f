// SQL: scripts, the catalog, and the rows of queries as they come.
import { useMemo, useRef, useState } from 'react'
import { useNavigate, useParams, useSearchParams } from 'react-router'
import { useExamples } from '../../api/platform'
import { complete, shortName, useRegistry, useScriptActions, useScripts } from '../../api/sql'
import { Dialog } from '../../components/dialog'
import { Editor, type EditorHandle, type Suggestion } from '../../components/editor/editor'
import { ErrorBox } from '../../components/error'
import { TextField } from '../../components/field'
import { Menu } from '../../components/menu'
import { toast } from '../../components/toast'
import { kindOf, prelude, split, statementAt, type Statement } from '../../lib/sql'
import { useMistakes } from './check'
import { newDraft, useOpen, type Open } from './drafts'
import { NewTable } from './newtable'
import { Result, type View } from './result'
import { useRun } from './run'
import { Tree } from './tree'
import '../../components/places.css'
import './sql.css'

const limits = [1000, 10_000, 100_000, 1_000_000] as const

export function Component() {
  const { ns = 'default', script: wanted } = useParams()
  const [params, setParams] = useSearchParams()
  const navigate = useNavigate()
  const scripts = useScripts(ns)
  const [open, setOpen] = useOpen(ns)
  const saved = useMemo(() => new Map((scripts.data ?? []).map((s) => [shortName(s.name), s])), [scripts.data])

  // The address says which script is shown; one that is not open is opened by that.
  const listed: Open[] = open.length > 0 || (wanted && saved.has(wanted)) ? open : [newDraft([], '')]
  const shown = wanted ? (listed.find((o) => o.id === wanted) ?? (saved.has(wanted) ? { id: wanted, title: saved.get(wanted)?.displayName ?? wanted, draft: false } : undefined)) : listed[0]
  const tabs = shown && !listed.includes(shown) ? [...listed, shown] : listed
  const missing = wanted !== undefined && shown === undefined && !scripts.isPending
  const text = shown?.text ?? (shown && saved.get(shown.id)?.script) ?? ''
  const go = (id: string | undefined) => void navigate(`/namespaces/${ns}/sql${id ? `/${encodeURIComponent(id)}` : ''}?${params.toString()}`)
  const change = (id: string, to: Partial<Open>) => setOpen((all) => {
    const now = all.some((o) => o.id === id) ? all : [...all, tabs.find((o) => o.id === id)!]
    return now.map((o) => (o.id === id ? { ...o, ...to } : o))
  })

  return (
    <section className="sql-page">
      <title>SQL · weir</title>
      <h1 className="unseen">SQL</h1>
      {missing && <ErrorBox error={new Error(`There is no script “${wanted}” in namespace ${ns}.`)} remedy="It may have been deleted. Open scripts are in the tabs, saved ones under Open." />}
      <ErrorBox error={scripts.error} title="The saved scripts cannot be read" onRetry={() => void scripts.refetch()} />
      <Work key={ns} ns={ns} tabs={tabs} shown={shown ?? tabs[0]!} text={missing ? '' : text} savedText={shown && saved.get(shown.id)?.script}
        saved={[...saved.values()].map((s) => ({ id: shortName(s.name), title: s.displayName || shortName(s.name) }))}
        view={params.get('view') === 'changelog' ? 'changelog' : 'table'} onView={(v) => setParams((p) => { p.set('view', v); return p }, { replace: true })}
        go={go} change={change}
        create={(draft) => { setOpen((all) => [...(all.length === 0 ? tabs : all), draft]); go(draft.id) }}
        close={(id) => {
          const rest = tabs.filter((o) => o.id !== id)
          setOpen(() => rest)
          if (shown?.id === id) go(rest.at(-1)?.id)
        }}
        renamed={(from, to) => { setOpen((all) => [...all.filter((o) => o.id !== from && o.id !== to.id), to]); go(to.id) }} />
    </section>
  )
}

interface WorkProps {
  ns: string
  tabs: Open[]
  shown: Open
  text: string
  savedText: string | undefined
  saved: { id: string; title: string }[]
  view: View
  onView: (v: View) => void
  go: (id: string) => void
  change: (id: string, to: Partial<Open>) => void
  create: (draft: Open) => void
  close: (id: string) => void
  renamed: (from: string, to: Open) => void
}

function Work({ ns, tabs, shown, text, savedText, saved, view, onView, go, change, create, close, renamed }: WorkProps) {
  const editor = useRef<EditorHandle>(null)
  const navigate = useNavigate()
  const [cursor, setCursor] = useState(0)
  const [limit, setLimit] = useState<number>(10_000)
  const [asking, setAsking] = useState<'save' | 'table' | 'close' | 'delete' | { drop: string; name: string }>()
  const { mistakes, checking } = useMistakes(ns, text)
  const { run, start, stop } = useRun(ns)
  const { save, remove } = useScriptActions(ns)
  const registry = useRegistry(ns)
  const statements = useMemo(() => split(text), [text])
  const at = statementAt(statements, cursor)
  const current = statements[at]
  const dirty = shown.draft ? text.trim() !== '' : shown.text !== undefined && shown.text !== savedText

  const runThis = () => {
    const selected = editor.current?.selection()
    const now = split(text) // the text as it is, not as it was drawn
    const here = statementAt(now, editor.current?.cursor() ?? cursor)
    if (selected?.trim()) {
      const from = text.indexOf(selected)
      const parts = split(selected).map((s) => ({ ...s, from: s.from + from, to: s.to + from }))
      return void start(parts, prelude(now, now.filter((s) => s.from < from).length), limit)
    }
    if (here >= 0) void start([now[here]!], prelude(now, here), limit)
  }
  const runAll = () => void start(split(text), [], limit)
  const runText = (statement: string) => void start([{ text: statement, from: -1, to: -1 }], [], limit)
  const explain = () => {
    if (!current) return
    const bare = current.text.replace(/^\s*EXPLAIN\s+(?:PLAN\s+FOR\s+|[A-Z_, ]+?\s+(?=SELECT|INSERT|WITH|EXECUTE|STATEMENT))?/i, '')
    const set = /^BEGIN\s+STATEMENT\s+SET\s*;/i.test(bare) ? bare.replace(/^BEGIN\s+STATEMENT\s+SET\s*;/i, 'STATEMENT SET BEGIN') : bare.replace(/^EXECUTE\s+(?=STATEMENT\s+SET)/i, '')
    const asked: Statement = { text: `EXPLAIN JSON_EXECUTION_PLAN ${set}`, from: current.from, to: current.to }
    void start([asked], prelude(statements, at), limit)
  }
  const deployable = statements.some((s) => kindOf(s.text) === 'insert')
  const deploy = () => {
    void navigate(`/namespaces/${ns}/deploy`, { state: { script: text, name: shown.draft ? '' : shown.id } })
  }
  const store = (name: string, title: string) =>
    save.mutate({ name, displayName: title, script: text }, {
      onSuccess: () => {
        setAsking(undefined)
        toast(`Saved as ${title}`)
        if (name === shown.id) change(shown.id, { text: undefined })
        else renamed(shown.id, { id: name, title, draft: false })
      },
    })

  const suggest = async (script: string, position: number, asked: boolean) => {
    const before = script.slice(0, position)
    const word = /[\w$]*$/.exec(before)?.[0] ?? ''
    if (!asked && word === '' && !before.endsWith('.')) return undefined
    const all = split(script)
    const here = all[statementAt(all, position)]
    // Only the statement matters, and the position counts code points.
    const from = here && here.from <= position ? here.from : 0
    const found = await complete(ns, script.slice(from, here && here.to >= position ? here.to : position), [...script.slice(from, position)].length).catch(() => [])
    const kinds: Record<string, string> = { COLUMN: 'property', TABLE: 'class', VIEW: 'class', SCHEMA: 'namespace', CATALOG: 'namespace', FUNCTION: 'function', KEYWORD: 'keyword' }
    const options: Suggestion[] = found.map((f) => {
      const kind = (f.type ?? '').replace('HINT_TYPE_', '')
      return { label: f.text ?? '', detail: kind === 'UNKNOWN' ? 'option' : kind.toLowerCase(), type: kinds[kind] ?? 'text' }
    })
    return { from: position - word.length, options }
  }

  return (
    <div className="sql">
      <Tree ns={ns} actions={{
        insert: (t) => { editor.current?.insert(t); editor.current?.focus() }, run: runText,
        drop: (kind, name) => setAsking({ drop: `DROP ${kind} ${name}`, name }), newTable: () => setAsking('table'),
      }} />
      <div className="sql-work">
        <div className="scripts">
          <nav className="script-tabs" aria-label="Open scripts">
            {tabs.map((o) => (
              <span key={o.id} className={`script-tab ${o.id === shown.id ? 'active' : ''}`}>
                <button type="button" aria-current={o.id === shown.id ? 'page' : undefined} onClick={() => go(o.id)}>
                  {o.title}{o.id === shown.id && dirty && <span title="not saved" aria-label="not saved"> •</span>}
                </button>
              </span>
            ))}
            <button type="button" className="plain" aria-label="New script" title="New script" onClick={() => create(newDraft(tabs))}>+</button>
          </nav>
          <span className="grow" />
          <Menu label="Open ▾" title="Open a saved script" align="right" items={saved.length === 0 ? [{ label: 'Nothing is saved yet', disabled: true }] : saved.map((s) => ({ label: s.title, hint: s.id === s.title ? undefined : s.id, onSelect: () => go(s.id) }))} />
          <button type="button" disabled={!dirty || save.isPending} onClick={() => (shown.draft ? setAsking('save') : store(shown.id, shown.title))}>Save{shown.draft ? '…' : ''}</button>
          <Menu label="⋯" title="More to do with this script" className="plain" align="right" items={[
            { label: 'Save as…', onSelect: () => setAsking('save') },
            !shown.draft && dirty && { label: 'Take back what was changed', onSelect: () => change(shown.id, { text: undefined }) },
            { label: 'Close', onSelect: () => (dirty ? setAsking('close') : close(shown.id)) },
            !shown.draft && { label: 'Delete…', danger: true, onSelect: () => setAsking('delete') },
          ]} />
        </div>
        <ErrorBox error={asking === 'save' ? null : (save.error ?? remove.error)} onClose={() => { save.reset(); remove.reset() }} />
        <Editor key={shown.id} label="SQL script" language="sql" value={text} onChange={(t) => change(shown.id, { text: t })} problems={mistakes} suggest={suggest}
          onRun={runThis} handle={(h) => { editor.current = h }} onCursor={setCursor} minLines={10} maxHeight="40vh"
          placeholder={'-- Ask a stream a question, such as\nSELECT * FROM your_table;'} />
        <div className="sql-bar">
          <button type="button" className="primary" disabled={!current} onClick={runThis} aria-keyshortcuts="Control+Enter" title="Run the statement under the cursor, or what is selected (Ctrl Enter)">Run ▷</button>
          <button type="button" disabled={statements.length < 2} onClick={runAll} title="Run every statement, from the first on">Run all</button>
          <button type="button" disabled={!current || !['query', 'insert'].includes(kindOf(current.text)) && !/^EXPLAIN/i.test(current.text)} onClick={explain}>Explain</button>
          <button type="button" disabled={!deployable} onClick={deploy} title={deployable ? 'Make a deployment of this script' : 'A script with INSERT INTO can be deployed: it says where the rows go'}>Deploy…</button>
          <label className="small">at most <select aria-label="Changes after which a query is stopped" value={limit} onChange={(e) => setLimit(Number(e.target.value))}>
            {limits.map((l) => <option key={l} value={l}>{l.toLocaleString('en')}</option>)}
          </select> changes</label>
          <span role="status" className="small verdict" data-testid="verdict">
            {text.trim() === '' ? '' : checking ? <span className="quiet">checking …</span>
              : mistakes.some((m) => m.severity === 'error')
                ? <button type="button" className="plain bad" title={mistakes.find((m) => m.severity === 'error')!.message} onClick={() => editor.current?.reveal(mistakes.find((m) => m.severity === 'error')!.from)}>✕ {mistakes.find((m) => m.severity === 'error')!.message.split('\n')[0]}</button>
                : <span className="state good">● {statements.length === 1 ? 'the statement is in order' : `${statements.length} statements are in order`}</span>}
          </span>
        </div>
        <Result run={run} none={text.trim() === '' && <Try ns={ns} onText={(t) => change(shown.id, { text: t })} />} view={view} onView={onView} onStop={stop} onPlace={(p) => editor.current?.reveal(p)} />
      </div>
      {asking === 'table' && (
        <NewTable ns={ns} onClose={() => setAsking(undefined)} onInsert={(t) => { setAsking(undefined); editor.current?.insert(t) }} onMade={(n) => { setAsking(undefined); toast(`Table ${n} is made`) }} />
      )}
      {asking === 'save' && <Save error={save.error} pending={save.isPending} first={shown.draft ? '' : `${shown.title} 2`} taken={saved.map((s) => s.id)} onClose={() => { save.reset(); setAsking(undefined) }} onSave={store} />}
      {asking === 'close' && (
        <Dialog title={`Close ${shown.title}?`} confirm="Close without saving" danger onClose={() => setAsking(undefined)} onConfirm={() => { setAsking(undefined); close(shown.id) }}>
          <p>What was not saved is lost.</p>
        </Dialog>
      )}
      {asking === 'delete' && (
        <Dialog title={`Delete ${shown.title}?`} confirm="Delete" danger onClose={() => setAsking(undefined)}
          onConfirm={() => { setAsking(undefined); remove.mutate(shown.id, { onSuccess: () => { close(shown.id); toast(`${shown.title} is deleted`, { undo: () => save.mutate({ name: shown.id, displayName: shown.title, script: savedText ?? '' }) }) } }) }}>
          <p>The saved script goes away for everybody in namespace {ns}. Deployments that were made of it keep their own copy.</p>
        </Dialog>
      )}
      {typeof asking === 'object' && (
        <Dialog title={`${asking.drop}?`} confirm="Drop" danger disabled={registry.execute.isPending} onClose={() => { registry.execute.reset(); setAsking(undefined) }}
          onConfirm={() => registry.execute.mutate(asking.drop, { onSuccess: () => { toast(`${asking.name} is dropped`); setAsking(undefined) } })}>
          <ErrorBox error={registry.execute.error} />
          <p>Deployments that use it can no longer start or be changed. What the table stands for, such as a topic or files, stays.</p>
        </Dialog>
      )}
    </div>
  )
}

/** Something to begin with: a query over the data of an example. */
function Try({ ns, onText }: { ns: string; onText: (text: string) => void }) {
  const { list } = useExamples(ns)
  const e = list.data?.find((x) => x.script)
  const tables = split(e?.script ?? '').map((s) => s.text).filter((s) => /^CREATE TEMPORARY TABLE (flights|airlines)\b/.test(s))
  if (!e || tables.length === 0) return null
  const query = 'SELECT airlines.name, COUNT(*) AS flights, AVG(CAST(departure_delay_minutes AS DOUBLE)) AS mean_delay\nFROM flights\nJOIN airlines ON airlines.carrier = flights.carrier\nGROUP BY airlines.name'
  return <p><button type="button" onClick={() => onText(`-- Real flights as a live stream: the mean delay of each airline so far.\n${tables.join(';\n\n')};\n\n${query};\n`)}>Begin with an example: flights by airline</button></p>
}

function Save({ first, taken, error, pending, onSave, onClose }: { first: string; taken: string[]; error: Error | null; pending: boolean; onSave: (name: string, title: string) => void; onClose: () => void }) {
  const [title, setTitle] = useState(first)
  const name = title.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 63)
  const exists = taken.includes(name)
  return (
    <Dialog title="Save the script" confirm={exists ? 'Replace it' : 'Save'} danger={exists} disabled={name === '' || pending} onClose={onClose} onConfirm={() => onSave(name, title.trim())}>
      <ErrorBox error={error} />
      <TextField label="Name" value={title} onChange={setTitle} autoFocus hint={name && name !== title ? `Its address is ${name}.` : 'Everybody in the namespace sees saved scripts.'} error={exists ? `There is a script ${name} already; it would be replaced.` : undefined} />
    </Dialog>
  )
}
