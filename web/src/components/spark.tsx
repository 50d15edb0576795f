import { memo } from 'react'

/** The newest values at the right end; a line of `slots` of them is full. */
export const Spark = memo(function Spark({ values, label, slots = 60 }: { values: number[]; label: string; slots?: number }) {
  const w = 96
  const h = 24
  const top = Math.max(...values, 1) * 1.25
  const x = (i: number) => (w - ((values.length - 1 - i) / (slots - 1)) * w).toFixed(1)
  const line = values.map((v, i) => `${x(i)},${(h - 1 - (v / top) * (h - 2)).toFixed(1)}`).join(' ')
  return (
    <svg className="spark" width={w} height={h} role="img" aria-label={label}>
      <title>{label}</title>
      <path className="floor" d={`M0,${h - 0.5}H${w}`} />
      {values.length > 1 && <polygon points={`${x(0)},${h} ${line} ${w},${h}`} />}
      {values.length > 1 && <polyline points={line} fill="none" />}
    </svg>
  )
})
