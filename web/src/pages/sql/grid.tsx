// Rows of a query: thousands of them, of which only those in view are drawn.
import { useVirtualizer } from '@tanstack/react-virtual'
import { useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { ChangeRow } from '../../lib/changelog'
import { cell, isNumber } from '../../lib/format'
import { shortType } from '../../lib/sql'

const height = 26

export function Grid({ headers, rows, ops, follow, label }: {
  headers: { name?: string; type?: string }[]
  rows: ChangeRow[]
  /** Whether the operation of each row is shown. */
  ops: boolean
  /** Whether the view stays at the end as rows are added. */
  follow: boolean
  label: string
}) {
  const box = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => height, overscan: 12 })
  // Columns only grow while a result stands: a shorter value must not move its neighbours.
  const [widths, setWidths] = useState<number[]>([])
  const drawn = virtual.getVirtualItems()
  const wanted = headers.map((h, i) => {
    let w = Math.max(widths[i] ?? 0, (h.name ?? '').length + 2)
    for (const { index } of drawn) w = Math.max(w, Math.min(60, cell(rows[index]?.cells[i] ?? null, h.type ?? '').length))
    return w
  })
  if (wanted.length !== widths.length || wanted.some((w, i) => w !== widths[i])) setWidths(wanted)
  const template = useMemo(() => [ops ? '44px' : '', ...widths.map((w) => `${Math.ceil(w * 8.3) + 26}px`), 'minmax(0, 1fr)'].join(' '), [ops, widths])
  const atEnd = useRef(true)
  useLayoutEffect(() => {
    if (follow && atEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight
  }, [follow, rows.length])
  return (
    <div className="grid-box" ref={box} tabIndex={0} role="region" aria-label={label}
      onScroll={(e) => (atEnd.current = e.currentTarget.scrollHeight - e.currentTarget.scrollTop - e.currentTarget.clientHeight < height * 2)}>
      <div role="table" aria-label={label} aria-rowcount={rows.length + 1} className="grid" style={{ ['--columns' as string]: template }}>
        <div role="row" className="grid-row grid-head">
          {ops && <span role="columnheader">op</span>}
          {headers.map((h, i) => <span key={i} role="columnheader" className={isNumber(h.type ?? '') ? 'number' : ''} title={shortType(h.type)}>{h.name}</span>)}
        </div>
        <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {drawn.map(({ index, start }) => {
            const row = rows[index]
            if (!row) return null
            return (
              <div key={index} role="row" aria-rowindex={index + 2} className="grid-row" style={{ transform: `translateY(${start}px)` }} data-testid="row">
                {ops && <span role="cell" className={`op ${row.op === '+I' || row.op === '+U' ? 'adds' : 'removes'}`}>{row.op}</span>}
                {headers.map((h, i) => {
                  const v = row.cells[i] ?? null
                  return (
                    <span key={i} role="cell" className={isNumber(h.type ?? '') ? 'number' : ''} title={v ?? undefined}>
                      {v === null ? <span className="quiet">NULL</span> : cell(v, h.type ?? '')}
                    </span>
                  )
                })}
              </div>
            )
          })}
        </div>
      </div>
    </div>
  )
}
