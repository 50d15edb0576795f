import { useEffect, useRef } from 'react'
import UPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { absolute } from '../lib/format'
import { useSettings } from './settings'

export interface Line {
  name: string
  /** Milliseconds and value; null where nothing is known. */
  points: readonly (readonly [number, number | null])[]
}

export interface ChartProps {
  title: string
  unit: string
  lines: Line[]
  from: number
  to: number
  /** What began at an instant, drawn as a line with its words. */
  marks?: { at: number; text: string }[]
  format: (value: number) => string
  height?: number
  /** The scale reaches at least so far. */
  top?: number
}

const colors = ['--accent', '--busy', '--blue', '--violet', '--bad', '--good', '--quiet']

/** All lines over the union of their times. */
function table(lines: Line[]): UPlot.AlignedData {
  const times = [...new Set(lines.flatMap((l) => l.points.map((p) => p[0])))].sort((a, b) => a - b)
  const at = new Map(times.map((t, i) => [t, i]))
  const rows = lines.map((l) => {
    const row: (number | null)[] = new Array<number | null>(times.length).fill(null)
    for (const [t, v] of l.points) row[at.get(t)!] = v
    return row
  })
  return [times.map((t) => t / 1000), ...rows] as UPlot.AlignedData
}

export default function Plot({ lines, from, to, marks, format, height = 160, title, top = 0 }: ChartProps) {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<UPlot>(null)
  const live = useRef({ marks, from, to })
  const { theme, zone } = useSettings()
  const names = lines.map((l) => l.name).join('\n')
  const data = table(lines)
  const latest = useRef(data)
  useEffect(() => {
    live.current = { marks, from, to }
    latest.current = data
  })
  useEffect(() => {
    const el = box.current
    if (!el) return
    const style = getComputedStyle(el)
    // A colour of the theme as the browser computes it: a canvas knows no light-dark().
    const probe = el.appendChild(document.createElement('i'))
    const color = (name: string) => {
      probe.style.color = `var(${name})`
      return getComputedStyle(probe).color
    }
    const axis = { stroke: color('--quiet'), grid: { stroke: color('--line'), width: 1 }, ticks: { stroke: color('--line'), width: 1 }, font: `12px ${style.fontFamily}` }
    const all = names.split('\n')
    const u = new UPlot({
      width: el.clientWidth, height, padding: [10, 12, 0, 0], legend: { show: all.length > 1, live: false }, cursor: { y: false },
      tzDate: (s) => (zone === 'utc' ? UPlot.tzDate(new Date(s * 1000), 'UTC') : new Date(s * 1000)),
      scales: { x: { range: () => [live.current.from / 1000, live.current.to / 1000] }, y: { range: (_, lo, hi) => [Math.min(0, lo ?? 0), Math.max(top, (hi ?? 0) * 1.1) || 1] } },
      axes: [{ ...axis, size: 26, space: 76, values: (_, ticks) => ticks.map((t) => absolute(t * 1000, zone).slice(11, live.current.to - live.current.from < 300_000 ? 19 : 16)) }, { ...axis, size: 72, values: (_, ticks) => ticks.map(format) }],
      series: [{}, ...all.map((label, i) => ({ label, stroke: color(colors[i % colors.length]!), width: 1.5, points: { show: false }, spanGaps: false }))],
      hooks: {
        draw: [(u) => {
          const { ctx, bbox } = u
          ctx.save()
          ctx.strokeStyle = ctx.fillStyle = color('--quiet')
          ctx.font = `${11 * devicePixelRatio}px ${style.fontFamily}`
          ctx.setLineDash([4, 4])
          ctx.textBaseline = 'top'
          let free = 0
          for (const m of live.current.marks ?? []) {
            const x = u.valToPos(m.at / 1000, 'x', true)
            if (x < bbox.left || x > bbox.left + bbox.width) continue
            ctx.beginPath()
            ctx.moveTo(x, bbox.top)
            ctx.lineTo(x, bbox.top + bbox.height)
            ctx.stroke()
            // At its right, or at its left where there is no room. Words that would lie over others are left out; the list below has them.
            const [gap, wide] = [4 * devicePixelRatio, ctx.measureText(m.text).width]
            const right = x + gap + wide <= bbox.left + bbox.width
            const begin = right ? x + gap : x - gap - wide
            if (begin < free || begin < bbox.left) continue
            ctx.textAlign = 'left'
            ctx.fillText(m.text, begin, bbox.top + 2 * devicePixelRatio)
            free = begin + wide + 2 * gap
          }
          ctx.restore()
        }],
        setCursor: [(u) => {
          const i = u.cursor.idx
          const t = i === null || i === undefined ? undefined : u.data[0]?.[i]
          tip.textContent = t === undefined || i === null || i === undefined ? '' : [absolute(t * 1000, zone), ...all.map((n, k) => {
            const v = u.data[k + 1]?.[i]
            return `${all.length > 1 ? `${n}: ` : ''}${v === null || v === undefined ? '–' : format(v)}`
          })].join('  ·  ')
        }],
      },
    }, latest.current, el)
    const tip = el.appendChild(document.createElement('div'))
    tip.className = 'tip'
    probe.remove()
    el.appendChild(probe)
    plot.current = u
    const watch = new ResizeObserver(() => u.setSize({ width: el.clientWidth, height }))
    watch.observe(el)
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    const redraw = () => u.redraw()
    scheme.addEventListener('change', redraw)
    return () => {
      scheme.removeEventListener('change', redraw)
      watch.disconnect()
      u.destroy()
      tip.remove()
      probe.remove()
    }
  }, [names, theme, zone, height, format, top])
  useEffect(() => plot.current?.setData(data), [data])
  const last = lines.map((l) => `${l.name} ${format(l.points.findLast((p) => p[1] !== null)?.[1] ?? NaN)}`).join(', ')
  return <div ref={box} role="img" aria-label={`${title}: ${last}`} />
}
