// The last rows of a print sink, newest first. They stand still under the pointer.
import { useState } from 'react'
import { cell, isNumber } from '../lib/format'

export interface OutputRows {
  name: string
  columns: { name: string; type: string }[]
  rows: { seq: number; op: string; values: (string | null)[] }[]
}

export function Output({ table, limit }: { table: OutputRows; limit: number }) {
  const [held, setHeld] = useState<OutputRows>()
  const [widths, setWidths] = useState<number[]>([])
  const { columns, rows } = held ?? table
  const shown = rows.slice(-limit).reverse()
  // Columns only grow: a shorter value must not move its neighbours.
  const wanted = columns.map((c, i) => Math.max(widths[i] ?? 0, ...shown.map((r) => cell(r.values[i] ?? null, c.type).length)))
  if (wanted.some((w, i) => w !== widths[i])) setWidths(wanted)
  return (
    <div className="output" data-testid={`output-${table.name}`}>
      <h3>{table.name} <span className="quiet">{held ? 'held while you point at it' : shown.length === 0 ? 'no rows yet' : `newest ${shown.length} rows`}</span></h3>
      <div className="scroll" tabIndex={0} role="region" aria-label={`Newest rows of ${table.name}`} onPointerEnter={(e) => e.pointerType === 'mouse' && setHeld(table)} onPointerLeave={() => setHeld(undefined)}>
        <table>
          <thead>
            <tr>
              <th>op</th>
              {columns.map((c, i) => <th key={c.name} className={isNumber(c.type) ? 'number' : ''} style={{ minWidth: `calc(${(wanted[i] ?? 0) * 0.95}ch + 24px)` }} title={c.type}>{c.name}</th>)}
            </tr>
          </thead>
          <tbody>
            {shown.map((r) => (
              <tr key={r.seq} data-testid="output-row" data-seq={r.seq}>
                <td className={`op ${r.op === '+I' || r.op === '+U' ? 'adds' : 'removes'}`}>{r.op}</td>
                {columns.map((c, i) => {
                  const v = r.values[i] ?? null
                  return <td key={c.name} className={isNumber(c.type) ? 'number' : ''} title={v ?? undefined}>{v === null ? <span className="quiet">NULL</span> : cell(v, c.type)}</td>
                })}
              </tr>
            ))}
            {Array.from({ length: limit - shown.length }, (_, i) => <tr key={`none${i}`} aria-hidden="true"><td colSpan={columns.length + 1}>&nbsp;</td></tr>)}
          </tbody>
        </table>
      </div>
    </div>
  )
}
