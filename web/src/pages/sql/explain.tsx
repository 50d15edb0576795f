// The plan of a query as a graph.
import { useMemo, useState } from 'react'
import type { Schema } from '../../api/client'
import { Code } from '../../components/code'
import { Segments } from '../../components/tabs'
import { curve, fitted, place } from '../../lib/layout'

interface Node {
  id: string
  type: string
  contents: string
  parallelism: number
  inputs: { id: string; strategy: string }[]
}

export interface QueryPlan {
  nodes: Node[]
  text: string
}

/** The plan in the answer to EXPLAIN JSON_EXECUTION_PLAN; undefined if the rows are something else. */
export function planOf(rows: Schema['ResultTable']): QueryPlan | undefined {
  const text = rows.rows?.[0]?.cells?.[0]?.value
  if (rows.headers?.length !== 1 || !text?.includes('== Optimized')) return undefined
  const json = text.split('== Physical Execution Plan ==')[1]
  if (!json) return { nodes: [], text }
  try {
    const { nodes } = JSON.parse(json) as { nodes: { id: number; type: string; contents: string; parallelism: number; predecessors?: { id: number; ship_strategy: string }[] }[] }
    return {
      text: text.split('== Physical Execution Plan ==')[0]!.trim(),
      nodes: nodes.map((n) => ({
        id: String(n.id), type: n.type.replace(/\[\d+\]$/, ''), contents: n.contents.replace(/^\[\d+\]:/, ''), parallelism: n.parallelism,
        inputs: (n.predecessors ?? []).map((p) => ({ id: String(p.id), strategy: p.ship_strategy })),
      })),
    }
  } catch {
    return { nodes: [], text }
  }
}

const width = 240
const height = 104

export function Explained({ plan }: { plan: QueryPlan }) {
  const [as, setAs] = useState<'graph' | 'text'>(plan.nodes.length > 0 ? 'graph' : 'text')
  const placed = useMemo(() => place(plan.nodes.map((n) => n.id), plan.nodes.flatMap((n) => n.inputs.map((i) => ({ from: i.id, to: n.id }))), width, height), [plan])
  return (
    <>
      <div className="result-bar">
        {plan.nodes.length > 0 && <Segments label="Show the plan as" value={as} onChange={setAs} options={[['graph', 'Graph'], ['text', 'Text']] as const} />}
        <span className="quiet">What the query would run as; nothing runs.</span>
      </div>
      {as === 'text' ? <Code text={plan.text} label="Plan" /> : (
        <div className="graph" tabIndex={0} role="region" aria-label="Plan of the query">
          <svg viewBox={`0 0 ${placed.width} ${placed.height}`} style={fitted(placed)} role="img" aria-label="Plan of the query as a graph">
            {placed.paths.map((p) => {
              const strategy = plan.nodes.find((n) => n.id === p.to)?.inputs.find((i) => i.id === p.from)?.strategy ?? ''
              const middle = p.points[Math.floor(p.points.length / 2)]
              return (
                <g key={`${p.from}>${p.to}`}>
                  <path d={curve(p.points)} className="edge" strokeWidth={1.5} />
                  {middle && strategy !== 'FORWARD' && <text x={middle.x} y={middle.y - 6} className="strategy">{strategy.toLowerCase()}</text>}
                </g>
              )
            })}
            {placed.boxes.map((b) => {
              const n = plan.nodes.find((x) => x.id === b.id)!
              const detail = n.contents.startsWith(`${n.type}(`) ? n.contents.slice(n.type.length + 1, -1) : n.contents
              return (
                <foreignObject key={b.id} x={b.x} y={b.y} width={width} height={height}>
                  <div className="vertex plan" title={n.contents} data-testid="plan-node">
                    <div className="name">{n.type}</div>
                    <div className="plan-detail">{detail}</div>
                  </div>
                </foreignObject>
              )
            })}
          </svg>
        </div>
      )}
    </>
  )
}
