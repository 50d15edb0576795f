import { useEffect, useMemo, useRef, useState } from 'react'
import { useSearchParams } from 'react-router'
import { useJobs } from '../../api/deployments'
import { useKeptLog, useLog, useLogFiles } from '../../api/logs'
import { Empty, Loading } from '../../components/bits'
import { Copy } from '../../components/code'
import { ErrorBox } from '../../components/error'
import { SelectField } from '../../components/field'
import { Filter } from '../../components/filter'
import { Segments } from '../../components/tabs'
import { Ago } from '../../components/time'
import { atLeast, parse, type Level } from '../../lib/log'
import type { TabProps } from './tab'

const most = 2000 // so many of the newest lines are drawn
const levels = [['debug', 'All'], ['info', 'Info'], ['warn', 'Warnings'], ['error', 'Errors']] as const

export function Logs({ ns, d }: TabProps) {
  const [address, setAddress] = useSearchParams()
  const jobs = useJobs(ns, d.metadata?.id)
  const all = [...(jobs.data ?? [])].reverse()
  const chosen = address.get('job') ?? d.status?.running?.jobId ?? all[0]?.metadata?.id
  const ended = all.find((j) => j.metadata?.id === chosen)?.metadata?.terminatedAt
  const live = ended ? undefined : chosen
  const files = useLogFiles(ns, live)
  const file = address.get('file') ?? 'jobmanager/log'
  const running = useLog(ns, live, file)
  const kept = useKeptLog(ns, ended ? chosen : undefined)
  const log = ended ? kept : running
  const text = address.get('q') ?? ''
  const level = (address.get('level') ?? 'debug') as Level
  const set = (key: string, value: string, standard = '') => setAddress((a) => { if (value === standard) a.delete(key); else a.set(key, value); return a }, { replace: true })
  const lines = useMemo(() => parse(log.data ?? ''), [log.data])
  const shown = useMemo(() => lines.filter((l) => atLeast(l, level) && l.text.toLowerCase().includes(text.toLowerCase())), [lines, level, text])
  const box = useRef<HTMLDivElement>(null)
  const [follow, setFollow] = useState(true)
  useEffect(() => {
    if (follow && box.current) box.current.scrollTop = box.current.scrollHeight
  }, [follow, shown])
  if (jobs.data && !chosen) return <Empty title="No job wrote a log yet">Start the deployment; what its processes write is here, while it runs and after it.</Empty>
  return (
    <>
      <div className="tools">
        <Filter label="Search the log" value={text} onChange={(v) => set('q', v)} />
        <Segments label="Level" value={level} options={levels} onChange={(l) => set('level', l, 'debug')} />
        <Segments label="Following" value={follow ? 'on' : 'off'} options={[['on', 'Follow'], ['off', 'Hold']]} onChange={(v) => setFollow(v === 'on')} />
        <span className="grow" />
        <Copy text={shown.map((l) => l.text).join('\n')} label={shown.length === 1 ? 'Copy the line' : `Copy ${shown.length} lines`} />
      </div>
      <div className="fields">
        {!ended && <SelectField label="Process" value={file} onChange={(v) => set('file', v, 'jobmanager/log')} options={(files.data ?? [{ path: file, title: file }]).map((f) => [f.path, f.title] as const)} />}
        <SelectField label="Job" value={chosen ?? ''} onChange={(v) => set('job', v)} options={all.map((j) => [j.metadata?.id ?? '', `revision ${j.spec?.generation}, ${j.status?.state?.toLowerCase()}, ${(j.metadata?.id ?? '').slice(0, 8)}`] as const)} />
      </div>
      {log.isPending && <Loading what="the log" />}
      {log.error && !log.data && <ErrorBox error={log.error} title={ended ? 'This job has ended, and its log is not kept any more.' : undefined} remedy={ended ? 'Why a job failed is told under Jobs and Events.' : "A log is read from the job's own process, while it runs."} />}
      {ended && log.data !== undefined && <p className="quiet small">What the processes of this job wrote last; it ended <Ago at={ended} />.</p>}
      {log.data !== undefined && (
        <div ref={box} className="log mono" tabIndex={0} role="log" aria-label="Log" data-testid="log" onWheel={(e) => e.deltaY < 0 && setFollow(false)}>
          {shown.length > most && <div className="quiet">{shown.length - most} older lines are left out; search finds in all of them.</div>}
          {shown.slice(-most).map((l) => <div key={l.n} className={l.level} data-testid="log-line"><span className="n">{l.n}</span>{l.text}</div>)}
          {shown.length === 0 && <div className="quiet">{lines.length === 0 ? 'Nothing was written yet.' : `None of ${lines.length} lines has “${text}” at this level.`}</div>}
        </div>
      )}
    </>
  )
}
