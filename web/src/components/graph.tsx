// A job's dataflow, left to right: a box for each vertex, edges thicker with rate.
import { useMemo } from 'react'
import { compact, exact, span } from '../lib/format'
import { curve, fitted, place } from '../lib/layout'

export interface GraphVertex {
  id: string
  name: string
  parallelism: number
  status: string
  in: number | undefined // records a second
  out: number | undefined
  busy: number // shares of the time, 0 to 1
  backPressured: number
  /** Milliseconds its watermark is behind the clock. */
  lag?: number
}

export interface GraphEdge {
  from: string
  to: string
  strategy: string
}

const width = 248
const height = 92

/** The first and last words of a chain: people know the rest. */
export function shortName(name: string): string {
  const parts = name.split(' -> ')
  return parts.length > 2 ? `${parts[0]} → … → ${parts.at(-1)}` : parts.join(' → ')
}

export function JobGraph({ vertices, edges, chosen, onChoose }: { vertices: GraphVertex[]; edges: GraphEdge[]; chosen?: string; onChoose?: (id: string | undefined) => void }) {
  const ids = vertices.map((v) => v.id).join()
  const links = edges.map((e) => `${e.from}>${e.to}`).join()
  // The layout follows the shape alone, so that boxes stay where they are while numbers change.
  const placed = useMemo(
    () => place(ids.split(','), links === '' ? [] : links.split(',').map((l) => ({ from: l.split('>')[0]!, to: l.split('>')[1]! })), width, height),
    [ids, links],
  )
  const pressing = new Set(edges.filter((e) => (vertices.find((v) => v.id === e.from)?.backPressured ?? 0) > 0.1).map((e) => e.to))
  const byId = new Map(vertices.map((v) => [v.id, v]))
  return (
    <div className="graph" tabIndex={-1}>
      <svg viewBox={`0 0 ${placed.width} ${placed.height}`} style={fitted(placed)} role="group" aria-label="Job graph">
        {placed.paths.map((p) => {
          const rate = byId.get(p.from)?.out ?? 0
          const strategy = edges.find((e) => e.from === p.from && e.to === p.to)?.strategy ?? ''
          const middle = p.points[Math.floor(p.points.length / 2)]
          return (
            <g key={`${p.from}>${p.to}`}>
              <path d={curve(p.points)} className="edge" strokeWidth={1 + Math.min(4, Math.log10(1 + rate))} />
              {middle && strategy !== 'FORWARD' && <text x={middle.x} y={middle.y - 6} className="strategy">{strategy.toLowerCase()}</text>}
            </g>
          )
        })}
        {placed.boxes.map((b) => {
          const v = byId.get(b.id)
          if (!v) return null
          const first = !edges.some((e) => e.to === v.id)
          const last = !edges.some((e) => e.from === v.id)
          return (
            <foreignObject key={b.id} x={b.x} y={b.y} width={width} height={height}>
              <button type="button" className={`vertex ${pressing.has(v.id) && v.busy > 0.5 ? 'bottleneck' : ''}`} title={v.name} data-testid="vertex" aria-pressed={chosen === v.id}
                onClick={() => onChoose?.(chosen === v.id ? undefined : v.id)}>
                <span className="name">{shortName(v.name)}</span>
                <span className="numbers">
                  {(!first || last) && <Rate way="in" rate={v.in} />}
                  {!last && <Rate way="out" rate={v.out} />}
                  {v.lag !== undefined && <span className="quiet" title={`Its watermark is ${exact(Math.round(v.lag))} ms behind the clock`}>lag {span(v.lag)}</span>}
                  <span className="parallelism" title="parallelism">×{v.parallelism}</span>
                </span>
                <Bar busy={v.busy} pressed={v.backPressured} />
              </button>
            </foreignObject>
          )
        })}
      </svg>
    </div>
  )
}

function Rate({ way, rate }: { way: string; rate: number | undefined }) {
  return <span title={rate === undefined ? undefined : `${exact(Math.round(rate))} records a second ${way}`}>{way} {rate === undefined ? '–' : compact(rate)}/s</span>
}

function Bar({ busy, pressed }: { busy: number; pressed: number }) {
  const percent = (share: number) => Math.round(share * 100)
  return (
    <span className="bar" title={`busy ${percent(busy)} %, back-pressured ${percent(pressed)} %, idle ${percent(Math.max(0, 1 - busy - pressed))} %`}>
      <i className="busy" style={{ width: `${busy * 100}%` }} />
      <i className="pressed" style={{ width: `${pressed * 100}%` }} />
    </span>
  )
}
