import { graphlib, layout } from '@dagrejs/dagre'

export interface Point {
  x: number
  y: number
}

export interface Box extends Point {
  id: string
}

export interface Link {
  from: string
  to: string
  points: Point[]
}

/** Places boxes of one size left to right; links leave at the right and arrive at the left. */
export function place(ids: string[], links: { from: string; to: string }[], width: number, height: number) {
  const g = new graphlib.Graph()
  g.setGraph({ rankdir: 'LR', nodesep: 24, ranksep: 52, marginx: 8, marginy: 8 })
  g.setDefaultEdgeLabel(() => ({}))
  for (const id of ids) g.setNode(id, { width, height })
  for (const l of links) g.setEdge(l.from, l.to)
  layout(g)
  const boxes: Box[] = ids.map((id) => ({ id, x: (g.node(id).x ?? 0) - width / 2, y: (g.node(id).y ?? 0) - height / 2 }))
  const at = new Map(boxes.map((b) => [b.id, b]))
  const paths: Link[] = links.map((l) => {
    const from = at.get(l.from)!
    const to = at.get(l.to)!
    const start = { x: from.x + width, y: from.y + height / 2 }
    const end = { x: to.x, y: to.y + height / 2 }
    // What dagre bends around other boxes lies strictly between the two.
    const bends = ((g.edge(l.from, l.to) as { points?: Point[] }).points ?? []).slice(1, -1).filter((p) => p.x > start.x + 40 && p.x < end.x - 40)
    const middle = { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 }
    return { ...l, points: [start, ...(bends.length ? bends : [middle]), end] }
  })
  return {
    boxes, paths,
    width: Math.max(...boxes.map((b) => b.x + width), 0) + 8,
    height: Math.max(...boxes.map((b) => b.y + height), 0) + 8,
  }
}

/** An SVG path through points that leaves and arrives level. */
export function curve(points: Point[]): string {
  const [first, ...rest] = points
  if (!first) return ''
  const last = rest.at(-1)
  // Two ends and their middle are one sweep; more points are passed level, each.
  const stops = rest.length === 2 && last ? [last] : rest
  let at = first
  return stops.reduce((d, p) => {
    const x = (at.x + p.x) / 2
    const step = `C${x},${at.y} ${x},${p.y} ${p.x},${p.y}`
    at = p
    return d + step
  }, `M${first.x},${first.y}`)
}

/** As large as there is room, and never so small that it cannot be read: then it scrolls. */
export function fitted({ width }: { width: number }) {
  return { display: 'block', width: '100%', maxWidth: width, minWidth: Math.round(width * 0.8) }
}
