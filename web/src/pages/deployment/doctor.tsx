import { useState } from 'react'
import { Link } from 'react-router'
import { useDiagnosis, type Diagnosis, type Finding } from '../../api/telemetry'
import { Loading, Mark } from '../../components/bits'
import { Copy } from '../../components/code'
import { ErrorBox } from '../../components/error'
import { Ago } from '../../components/time'
import type { Tone } from '../../lib/state'
import type { TabProps } from './tab'

const severities: Record<Finding['severity'], { tone: Tone; word: string }> = {
  CRITICAL: { tone: 'bad', word: 'Must be mended' }, WARNING: { tone: 'warn', word: 'Worth a look' }, INFO: { tone: 'quiet', word: 'Good to know' },
}
const verdicts: Record<Diagnosis['checked'][number]['verdict'], { tone: Tone; word: string }> = {
  OK: { tone: 'good', word: 'Well' }, FINDING: { tone: 'warn', word: 'Found' }, UNKNOWN: { tone: 'quiet', word: 'Not known' },
}

/** Why is there no output? What the rules found, what proves it, what to do. */
export function Doctor({ ns, d }: TabProps) {
  const ref = d.metadata?.name ?? ''
  const { data, error, isPending, refetch } = useDiagnosis(ns, ref)
  // Under the pointer findings stay as they are; that there are none is not held.
  const [held, setHeld] = useState<Diagnosis>()
  const shown = held ?? data
  if (isPending) return <Loading what="what the rules find" />
  if (!shown) return <ErrorBox error={error} onRetry={() => void refetch()} />
  const text = shown.findings.map((f) => `${f.title}\n${f.explanation}\n${f.evidence.map((e) => `  ${e.name}: ${e.value}`).join('\n')}\n${f.remedy}`).join('\n\n')
  return (
    <div onPointerEnter={(e) => e.pointerType === 'mouse' && data && data.findings.length > 0 && setHeld(data)} onPointerLeave={() => setHeld(undefined)}>
      <div className="doctor-head">
        <p className="summary" data-testid="diagnosis">{shown.summary}</p>
        <span className="quiet small">looked <Ago at={shown.at} />{held && ', held while you point at it'}</span>
        {text && <Copy text={text} label="Copy findings" />}
      </div>
      {shown.findings.map((f, i) => (
        <article key={`${f.rule} ${f.operator} ${i}`} className={`finding ${severities[f.severity].tone}`} data-testid="finding" data-rule={f.rule}>
          <h3>{f.title}</h3>
          <Mark tone={severities[f.severity].tone}>{severities[f.severity].word}</Mark>
          <p>{f.explanation}</p>
          <p><b>What to do:</b> {f.remedy}</p>
          {f.evidence.length > 0 && (
            <table className="evidence" aria-label={`Evidence of ${f.title}`}><tbody>{f.evidence.map((e, k) => <tr key={k}><th scope="row">{e.name}</th><td className="mono">{e.value}</td></tr>)}</tbody></table>
          )}
          {f.operator && <Link to={`/namespaces/${ns}/deployments/${ref}/detail/overview?vertex=${f.operator}`}>Show the operator</Link>}
        </article>
      ))}
      <h3>What was looked at</h3>
      <div className="scroll-x">
        <table className="list" aria-label="Rules">
          <thead><tr><th>Verdict</th><th>Rule</th><th>Note</th></tr></thead>
          <tbody>
            {shown.checked.map((c) => (
              <tr key={c.rule} data-testid="checked"><td><Mark tone={verdicts[c.verdict].tone}>{verdicts[c.verdict].word}</Mark></td><td>{c.title}</td><td className="quiet">{c.note}</td></tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  )
}
