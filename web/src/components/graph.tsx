// A job's dataflow, left to right: a box for each vertex, edges thicker with rate.
import { useMemo } from 'react'
import { compact, exact } from '../lib/format'
import { place } from '../lib/layout'

export interface GraphVertex {
  id: string
  name: string
  parallelism: number
  status: string
  in: number | undefined // records a second
  out: number | undefined
  busy: number // shares of the time, 0 to 1
  backPressured: number
}

export interface GraphEdge {
  from: string
  to: string
  strategy: string
}

const width = 224
const height = 92

/** The first and last words of a chain: people know the rest. */
export function shortName(name: string): string {
  const parts = name.split(' -> ')
  return parts.length > 2 ? `${parts[0]} → … → ${parts.at(-1)}` : parts.join(' → ')
}

export function JobGraph({ vertices, edges }: { vertices: GraphVertex[]; edges: GraphEdge[] }) {
  const ids = vertices.map((v) => v.id).join()
  const links = edges.map((e) => `${e.from}>${e.to}`).join()
  // The layout follows the shape alone, so that boxes stay where they are while numbers change.
  const placed = useMemo(
    () => place(ids.split(','), links === '' ? [] : links.split(',').map((l) => ({ from: l.split('>')[0]!, to: l.split('>')[1]! })), width, height),
    [ids, links],
  )
  const busiest = Math.max(...vertices.map((v) => v.busy))
  const byId = new Map(vertices.map((v) => [v.id, v]))
  return (
    <div className="graph">
      <svg width={placed.width} height={placed.height} role="img" aria-label="Job graph">
        {placed.paths.map((p) => {
          const rate = byId.get(p.from)?.out ?? 0
          const strategy = edges.find((e) => e.from === p.from && e.to === p.to)?.strategy ?? ''
          const d = p.points.map((q, i) => `${i === 0 ? 'M' : 'L'}${q.x},${q.y}`).join(' ')
          const middle = p.points[Math.floor(p.points.length / 2)]
          return (
            <g key={`${p.from}>${p.to}`}>
              <path d={d} className="edge" strokeWidth={1 + Math.min(4, Math.log10(1 + rate))} />
              {middle && strategy !== 'FORWARD' && <text x={middle.x} y={middle.y - 6} className="strategy">{strategy.toLowerCase()}</text>}
            </g>
          )
        })}
        {placed.boxes.map((b) => {
          const v = byId.get(b.id)
          if (!v) return null
          const idle = Math.max(0, 1 - v.busy - v.backPressured)
          return (
            <foreignObject key={b.id} x={b.x} y={b.y} width={width} height={height}>
              <div className={`vertex ${v.busy === busiest && v.busy > 0.8 ? 'bottleneck' : ''}`} title={v.name} data-testid="vertex">
                <div className="name">{shortName(v.name)}</div>
                <div className="numbers">
                  <span title={`${exact(Math.round(v.in ?? 0))} records a second in`}>in {v.in === undefined ? '–' : compact(v.in)}/s</span>
                  <span title={`${exact(Math.round(v.out ?? 0))} records a second out`}>out {v.out === undefined ? '–' : compact(v.out)}/s</span>
                  <span className="parallelism" title="parallelism">×{v.parallelism}</span>
                </div>
                <div className="bar" title={`busy ${Math.round(v.busy * 100)} %, back-pressured ${Math.round(v.backPressured * 100)} %, idle ${Math.round(idle * 100)} %`}>
                  <i className="busy" style={{ width: `${v.busy * 100}%` }} />
                  <i className="pressed" style={{ width: `${v.backPressured * 100}%` }} />
                </div>
              </div>
            </foreignObject>
          )
        })}
      </svg>
    </div>
  )
}
