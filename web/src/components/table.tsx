// A table: sort, select, thousands of rows, export. Long ones draw only what is in view.
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import type { ReactNode } from 'react'
import { memo, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { csv, sorted, type Order, type Sortable } from '../lib/table'
import { Menu } from './menu'

export interface Column<T> {
  key: string
  title: string
  cell: (row: T) => ReactNode
  /** What the column is sorted by and exported as; without it, it is neither. */
  value?: (row: T) => Sortable
  number?: boolean
  className?: string
}

interface Props<T> {
  /** What the rows are, for screen readers and the names of exported files. */
  label: string
  columns: Column<T>[]
  rows: readonly T[]
  id: (row: T) => string
  order?: Order
  /** Without it the table keeps its order by itself. */
  onOrder?: (order: Order) => void
  selected?: ReadonlySet<string>
  onSelect?: (selected: ReadonlySet<string>) => void
  /** Height of a row before it was measured. */
  rowHeight?: number
  rowClass?: (row: T) => string
  testid?: string
  /** Instead of rows, where there are none. */
  none?: ReactNode
  className?: string
}

const few = 80 // so many are all drawn

export function Table<T>({ label, columns, rows, id, order, onOrder, selected, onSelect, rowHeight = 45, rowClass, testid, none, className = '' }: Props<T>) {
  const [own, setOwn] = useState<Order>()
  const now = order ?? own
  const change = onOrder ?? setOwn
  const by = columns.find((c) => c.key === now?.key)?.value
  const shown = useMemo(() => (by ? sorted(rows, by, now?.down ?? false) : [...rows]), [rows, by, now?.down])
  const all = onSelect !== undefined && shown.length > 0 && shown.every((r) => selected?.has(id(r)))
  const some = onSelect !== undefined && !all && shown.some((r) => selected?.has(id(r)))
  // Rows that are not drawn anew keep the `choose` they were given: it adds to the newest selection.
  const newest = useRef({ selected, onSelect })
  useLayoutEffect(() => {
    newest.current = { selected, onSelect }
  })
  const choose = (key: string, on: boolean) => {
    const next = new Set(newest.current.selected)
    if (on) next.add(key)
    else next.delete(key)
    newest.current.onSelect?.(next)
  }
  const width = columns.length + (onSelect ? 1 : 0)
  const body = { shown, id, columns, selected, choose: onSelect && choose, rowClass, testid, width, rowHeight }
  return (
    <>
      <div className="scroll-x">
        <table className={`list middle ${className}`} aria-label={label} aria-rowcount={shown.length + 1}>
          <thead>
            <tr>
              {onSelect && (
                <th className="tick">
                  <input type="checkbox" aria-label="Select all" checked={all} ref={(e) => { if (e) e.indeterminate = some }}
                    onChange={(e) => onSelect(e.target.checked ? new Set(shown.map(id)) : new Set())} />
                </th>
              )}
              {columns.map((c) => {
                const way = now?.key === c.key ? (now.down ? 'descending' : 'ascending') : undefined
                return (
                  <th key={c.key} className={c.number ? 'number' : ''} aria-sort={way}>
                    {c.value ? (
                      <button type="button" className="sort" onClick={() => change({ key: c.key, down: way === 'ascending' })}>
                        {c.title}<span aria-hidden="true">{way === 'ascending' ? ' ▴' : way === 'descending' ? ' ▾' : ''}</span>
                      </button>
                    ) : c.title}
                  </th>
                )
              })}
            </tr>
          </thead>
          {shown.length > few ? <Long {...body} /> : <Short {...body} none={none} />}
        </table>
      </div>
      {shown.length > 0 && <Foot label={label} columns={columns} rows={shown} />}
    </>
  )
}

interface Body<T> {
  shown: T[]
  id: (row: T) => string
  columns: Column<T>[]
  selected?: ReadonlySet<string>
  choose?: (key: string, on: boolean) => void
  rowClass?: (row: T) => string
  testid?: string
  width: number
  rowHeight: number
}

function Short<T>({ shown, none, width, ...rest }: Body<T> & { none?: ReactNode }) {
  return (
    <tbody>
      {shown.map((row) => <Row key={rest.id(row)} row={row} {...rest} on={rest.selected?.has(rest.id(row)) ?? false} />)}
      {shown.length === 0 && none && <tr><td colSpan={width} className="quiet">{none}</td></tr>}
    </tbody>
  )
}

function Long<T>({ shown, width, rowHeight, ...rest }: Body<T>) {
  const ref = useRef<HTMLTableSectionElement>(null)
  const [top, setTop] = useState(0)
  useLayoutEffect(() => {
    if (ref.current) setTop(ref.current.getBoundingClientRect().top + scrollY)
  }, [])
  // Rows of words differ in height: those that were drawn are measured.
  const virtual = useWindowVirtualizer({
    count: shown.length, estimateSize: () => rowHeight, overscan: 8, scrollMargin: top, getItemKey: (i) => rest.id(shown[i]!),
  })
  const drawn = virtual.getVirtualItems()
  const before = (drawn[0]?.start ?? top) - top
  const after = virtual.getTotalSize() - ((drawn.at(-1)?.end ?? top) - top)
  return (
    <tbody ref={ref}>
      {before > 0 && <tr aria-hidden="true" className="space"><td colSpan={width} style={{ height: before }} /></tr>}
      {drawn.map(({ index, key }) => {
        const row = shown[index]!
        return <Row key={key} row={row} {...rest} on={rest.selected?.has(rest.id(row)) ?? false} index={index} measure={virtual.measureElement} />
      })}
      {after > 0 && <tr aria-hidden="true" className="space"><td colSpan={width} style={{ height: after }} /></tr>}
    </tbody>
  )
}

interface RowProps<T> extends Pick<Body<T>, 'id' | 'columns' | 'choose' | 'rowClass' | 'testid'> {
  row: T
  on: boolean
  index?: number
  measure?: (e: Element | null) => void
}

function RowOf<T>({ row, id, columns, choose, rowClass, testid, on, index, measure }: RowProps<T>) {
  const key = id(row)
  return (
    <tr ref={measure} data-index={index} aria-rowindex={index === undefined ? undefined : index + 2} data-testid={testid} className={rowClass?.(row)} aria-selected={choose ? on : undefined}>
      {choose && <td className="tick"><input type="checkbox" aria-label={`Select ${key}`} checked={on} onChange={(e) => choose(key, e.target.checked)} /></td>}
      {columns.map((c) => <td key={c.key} className={[c.number && 'number', c.className].filter(Boolean).join(' ')}>{c.cell(row)}</td>)}
    </tr>
  )
}

// A row is drawn anew when its data, its columns or its selection are others.
const Row = memo(RowOf, (a, b) => a.row === b.row && a.columns === b.columns && a.on === b.on && a.index === b.index) as typeof RowOf

function Foot<T>({ label, columns, rows }: { label: string; columns: Column<T>[]; rows: T[] }) {
  const told = columns.filter((c) => c.value)
  const save = (type: string, ending: string, text: string) => {
    const a = document.createElement('a')
    a.href = URL.createObjectURL(new Blob([text], { type }))
    a.download = `${label.toLowerCase().replaceAll(/\W+/g, '-')}.${ending}`
    a.click()
    setTimeout(() => URL.revokeObjectURL(a.href), 1000)
  }
  const values = () => rows.map((r) => told.map((c) => c.value?.(r)))
  const json = () => JSON.stringify(rows.map((r) => Object.fromEntries(told.map((c) => [c.key, c.value?.(r) ?? null]))), null, 2)
  const table = () => csv(told.map((c) => c.title), values())
  return (
    <div className="foot">
      <span className="quiet small">{rows.length === 1 ? '1 row' : `${rows.length} rows`}</span>
      <Menu label="Export" className="plain small" align="right" items={[
        { label: 'Save as CSV', onSelect: () => save('text/csv', 'csv', table()) },
        { label: 'Save as JSON', onSelect: () => save('application/json', 'json', json()) },
        { label: 'Copy as CSV', onSelect: () => void navigator.clipboard?.writeText(table()) },
      ]} />
    </div>
  )
}
