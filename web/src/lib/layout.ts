import { graphlib, layout } from '@dagrejs/dagre'

export interface Box {
  id: string
  x: number
  y: number
}

export interface Link {
  from: string
  to: string
  points: { x: number; y: number }[]
}

/** Places boxes of one size left to right along their links. */
export function place(ids: string[], links: { from: string; to: string }[], width: number, height: number) {
  const g = new graphlib.Graph()
  g.setGraph({ rankdir: 'LR', nodesep: 24, ranksep: 56, marginx: 8, marginy: 8 })
  g.setDefaultEdgeLabel(() => ({}))
  for (const id of ids) g.setNode(id, { width, height })
  for (const l of links) g.setEdge(l.from, l.to)
  layout(g)
  const boxes: Box[] = ids.map((id) => ({ id, x: (g.node(id).x ?? 0) - width / 2, y: (g.node(id).y ?? 0) - height / 2 }))
  const paths: Link[] = links.map((l) => ({ ...l, points: (g.edge(l.from, l.to) as { points?: { x: number; y: number }[] }).points ?? [] }))
  return {
    boxes, paths,
    width: Math.max(...boxes.map((b) => b.x + width), 0) + 8,
    height: Math.max(...boxes.map((b) => b.y + height), 0) + 8,
  }
}
