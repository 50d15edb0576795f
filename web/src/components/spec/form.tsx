// The form of a deployment. It knows the shape of the document and nothing of
// where it comes from.
import type { ReactNode } from 'react'
import { useEffect, useMemo, useState } from 'react'
import { get, put, type Json } from '../../lib/patch'
import { Editor, type EditorProps, type Problem } from '../editor/editor'
import { Check, NumberField, Pairs, SelectField, TextField } from '../field'
import { Segments } from '../tabs'
import './spec.css'

export type Doc = Record<string, unknown>

export interface FieldProblem {
  attribute: string
  message: string
}

export interface Around {
  targets: string[]
  clusters: string[]
  jars: string[]
  checkSql: (script: string) => Promise<Problem[]>
  suggestSql: EditorProps['suggest']
}

const kinds = [['SQLSCRIPT', 'SQL script'], ['JAR', 'JAR'], ['PYTHON', 'Python'], ['GO', 'Go']] as const

const keys = [
  'execution.checkpointing.interval', 'execution.checkpointing.mode', 'execution.checkpointing.timeout', 'execution.checkpointing.incremental', 'execution.checkpointing.max-concurrent-checkpoints',
  'execution.checkpointing.min-pause', 'execution.checkpointing.tolerable-failed-checkpoints', 'execution.runtime-mode', 'parallelism.default', 'pipeline.max-parallelism', 'pipeline.auto-watermark-interval',
  'restart-strategy.type', 'restart-strategy.fixed-delay.attempts', 'restart-strategy.fixed-delay.delay', 'state.backend.type', 'state.backend.memory', 'state.backend.local-dir',
  'table.exec.state.ttl', 'table.exec.source.idle-timeout', 'table.exec.mini-batch.enabled', 'table.exec.mini-batch.allow-latency', 'table.exec.mini-batch.size', 'table.local-time-zone',
  'taskmanager.numberOfTaskSlots', 'high-availability.type', 'metrics.reporters',
]

export function SpecForm({ doc, onDoc, problems, isNew, around }: { doc: Doc; onDoc: (doc: Doc) => void; problems: FieldProblem[]; isNew: boolean; around: Around }) {
  const errors = useMemo(() => new Map(problems.map((p) => [p.attribute, p.message])), [problems])
  const text = (path: string) => String(get(doc, path) ?? '')
  const number = (path: string) => get(doc, path) as number | undefined
  const set = (path: string, value: Json) => onDoc(put(doc, path, value === '' ? undefined : value))
  const field = (path: string) => ({ value: text(path), onChange: (v: string) => set(path, v), error: errors.get(path) })
  const numbers = (path: string) => ({ value: number(path), onChange: (v: number | undefined) => set(path, v), error: errors.get(path) })
  const pairs = (path: string) => ({ value: (get(doc, path) ?? {}) as Record<string, string>, onChange: (v: Record<string, string>) => set(path, Object.keys(v).length > 0 ? v : undefined), error: errors.get(path) })
  const a = 'spec.template.spec.artifact'
  const t = 'spec.template.spec'
  const kind = text(`${a}.kind`) || 'SQLSCRIPT'
  const cluster = text('spec.sessionClusterName')
  const place = cluster ? `cluster ${cluster}` : `target ${text('spec.deploymentTargetName')}`
  const list = (path: string) => ({
    value: ((get(doc, path) ?? []) as string[]).join('\n'), error: errors.get(path),
    onChange: (v: string) => set(path, v.trim() === '' ? undefined : v.split(/[\n,]\s*/)),
  })
  return (
    <div className="spec">
      <Part title="Name and place" open>
        <div className="fields">
          {isNew && <TextField label="Name" required placeholder="orders-by-hour" hint="small letters, digits and -; it never changes" {...field('metadata.name')} />}
          <TextField label="Title" hint="what people call it" {...field('metadata.displayName')} />
          <SelectField label="Runs on" value={place} error={errors.get('spec.deploymentTargetName') ?? errors.get('spec.sessionClusterName')}
            onChange={(v) => {
              const [what, name] = [v.split(' ', 1)[0], v.slice(v.indexOf(' ') + 1)]
              onDoc(put(put(doc, 'spec.deploymentTargetName', what === 'target' ? name || undefined : undefined), 'spec.sessionClusterName', what === 'cluster' ? name : undefined))
            }}
            options={[
              ...(around.targets.includes(text('spec.deploymentTargetName')) || cluster ? [] : [[place, text('spec.deploymentTargetName') || "the namespace's default"] as const]),
              ...around.targets.map((n) => [`target ${n}`, n] as const), ...around.clusters.map((n) => [`cluster ${n}`, `session cluster ${n}`] as const),
            ]} />
        </div>
        <Pairs label="Labels" hint="to find and select it by" {...pairs('metadata.labels')} />
      </Part>
      <Part title="Program" open>
        {isNew && <Segments label="Kind of program" value={kind} onChange={(k) => set(`${a}.kind`, k)} options={kinds} />}
        {kind === 'SQLSCRIPT' && <Sql value={text(`${a}.sqlScript`)} error={errors.get(`${a}.sqlScript`)} onChange={(v) => onDoc(put(put(doc, `${a}.kind`, 'SQLSCRIPT'), `${a}.sqlScript`, v))} around={around} />}
        {(kind === 'JAR' || kind === 'GO') && (
          <div className="fields">
            <TextField label={kind === 'JAR' ? 'JAR' : 'Program'} mono placeholder="artifact://namespaces/default/job.jar" suggestions={around.jars} hint="a URI; uploaded artifacts are suggested" {...field(`${a}.jarUri`)} />
            {kind === 'JAR' && <TextField label="Entry class" mono hint="left out: the one the JAR's manifest names" {...field(`${a}.entryClass`)} />}
            <TextField label="Arguments" mono {...field(`${a}.mainArgs`)} />
            {kind === 'JAR' && <TextField label="More JARs" mono hint="URIs, separated by commas" {...list(`${a}.additionalDependencies`)} />}
            {kind === 'JAR' && <TextField label="Flink version" placeholder="2.3" {...field(`${a}.flinkVersion`)} />}
          </div>
        )}
        {kind === 'PYTHON' && (
          <div className="fields">
            <TextField label="Python file or archive" mono suggestions={around.jars} {...field(`${a}.pythonArtifactUri`)} />
            <TextField label="Entry module" mono {...field(`${a}.entryModule`)} />
            <TextField label="Arguments" mono {...field(`${a}.mainArgs`)} />
            <TextField label="More archives" mono hint="URIs, separated by commas" {...list(`${a}.additionalPythonArchives`)} />
            <TextField label="More libraries" mono hint="URIs, separated by commas" {...list(`${a}.additionalPythonLibraries`)} />
          </div>
        )}
      </Part>
      <Part title="Size" open>
        <div className="fields">
          <NumberField label="Parallelism" min={1} max={32768} hint="how many slices of each operator work at once" {...numbers(`${t}.parallelism`)} />
          <NumberField label="Task managers" min={1} hint="processes that share the work, where the target has them" {...numbers(`${t}.numberOfTaskManagers`)} />
          <NumberField label="CPUs of a task manager" min={0.1} step={0.1} unit="cores" {...numbers(`${t}.resources.taskmanager.cpu`)} />
          <TextField label="Memory of a task manager" placeholder="1.5g" {...field(`${t}.resources.taskmanager.memory`)} />
          <NumberField label="CPUs of the job manager" min={0.1} step={0.1} unit="cores" {...numbers(`${t}.resources.jobmanager.cpu`)} />
          <TextField label="Memory of the job manager" placeholder="1g" {...field(`${t}.resources.jobmanager.memory`)} />
        </div>
      </Part>
      <Part title="Changes and state" sum={[text('spec.upgradeStrategy.kind') || 'STATEFUL', text('spec.restoreStrategy.kind') || 'LATEST_STATE', text('spec.savepoints.every') && `savepoint every ${text('spec.savepoints.every')}`].filter(Boolean).join(', ')}>
        <div className="fields">
          <SelectField label="When the spec changes" {...field('spec.upgradeStrategy.kind')} value={text('spec.upgradeStrategy.kind') || 'STATEFUL'}
            options={[['STATEFUL', 'Stop with a savepoint, go on from it'], ['STATELESS', 'Stop, start by the restore strategy'], ['NONE', 'Leave the running job as it is']]} />
          <SelectField label="A start takes" {...field('spec.restoreStrategy.kind')} value={text('spec.restoreStrategy.kind') || 'LATEST_STATE'}
            options={[['LATEST_STATE', 'the newest savepoint or checkpoint'], ['LATEST_SAVEPOINT', 'the newest savepoint'], ['NONE', 'nothing: it starts empty']]} />
          <NumberField label="Attempts at a savepoint" min={1} placeholder="4" {...numbers('spec.maxSavepointCreationAttempts')} />
          <NumberField label="Attempts at a start" min={1} placeholder="4" {...numbers('spec.maxJobCreationAttempts')} />
        </div>
        <Check label="Start even if state of the savepoint has no place in the new program" hint="that state is lost then" checked={get(doc, 'spec.restoreStrategy.allowNonRestoredState') === true}
          onChange={(v) => onDoc(put(put(doc, 'spec.restoreStrategy.kind', text('spec.restoreStrategy.kind') || 'LATEST_STATE'), 'spec.restoreStrategy.allowNonRestoredState', v))} />
        <SavepointFields doc={doc} onDoc={onDoc} problems={problems} />
      </Part>
      <Part title="Flink configuration" sum={Object.keys((get(doc, `${t}.flinkConfiguration`) ?? {}) as object).join(', ')}>
        <Pairs label="Keys and values" keys={keys} {...pairs(`${t}.flinkConfiguration`)} />
      </Part>
      <Part title="Logging" sum={Object.keys((get(doc, `${t}.logging.log4jLoggers`) ?? {}) as object).join(', ')}>
        <Pairs label="Levels of loggers" hint="the empty name is the root" {...pairs(`${t}.logging.log4jLoggers`)} />
        <TextField label="Logging profile" {...field(`${t}.logging.loggingProfile`)} />
      </Part>
      <p className="hint">What has no field here (Kubernetes options, annotations) is in the YAML view, of the same document.</p>
    </div>
  )
}

/** When the platform takes savepoints by itself. */
export function SavepointFields({ doc, onDoc, problems }: { doc: Doc; onDoc: (doc: Doc) => void; problems: FieldProblem[] }) {
  const field = (path: string) => ({
    value: String(get(doc, path) ?? ''), error: problems.find((p) => p.attribute === path)?.message,
    onChange: (v: string) => onDoc(put(doc, path, v === '' ? undefined : v)),
  })
  return (
    <div className="fields">
      <TextField label="A savepoint every" placeholder="only on request" hint="such as 30m, 12h or 7d" {...field('spec.savepoints.every')} />
      <NumberField label="Keep the newest" placeholder="all" min={0} value={get(doc, 'spec.savepoints.keep') as number | undefined} onChange={(v) => onDoc(put(doc, 'spec.savepoints.keep', v))} />
      <TextField label="Keep for" placeholder="ever" hint="such as 30d" {...field('spec.savepoints.keepFor')} />
    </div>
  )
}

function Part({ title, sum, open = false, children }: { title: string; sum?: string; open?: boolean; children: ReactNode }) {
  return (
    <details open={open}>
      <summary>{title} {sum && <span className="quiet small">{sum}</span>}</summary>
      <div>{children}</div>
    </details>
  )
}

/** The script, checked by the server while it is written. */
function Sql({ value, onChange, around, error }: { value: string; onChange: (v: string) => void; around: Around; error?: string }) {
  const [problems, setProblems] = useState<Problem[]>([])
  const { checkSql } = around
  useEffect(() => {
    let gone = false
    const timer = setTimeout(() => {
      if (value.trim() === '') setProblems([])
      else checkSql(value).then((p) => !gone && setProblems(p), () => undefined) // without an answer nothing is said
    }, 500)
    return () => {
      gone = true
      clearTimeout(timer)
    }
  }, [value, checkSql])
  const first = problems[0]
  return (
    <div className="field">
      <Editor label="Script" language="sql" value={value} onChange={onChange} problems={problems} suggest={around.suggestSql} minLines={14} placeholder={'CREATE TEMPORARY TABLE … WITH (…);\nINSERT INTO … SELECT …;'} />
      {first ? <div className="error" data-testid="sql-problem">Line {value.slice(0, first.from).split('\n').length}: {first.message}</div> : error && <div className="error">{error}</div>}
    </div>
  )
}
