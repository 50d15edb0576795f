// What a savepoint holds: operators, their tables, and rows of one of them.
import { useState } from 'react'
import { useSearchParams } from 'react-router'
import { useContents, useStateRows, type Contents, type StateRows } from '../../api/logs'
import type { Savepoint } from '../../api/client'
import { Empty, Loading } from '../../components/bits'
import { ErrorBox } from '../../components/error'
import { SelectField, TextField } from '../../components/field'
import { Table, type Column } from '../../components/table'
import { bytes, cell, exact, isNumber } from '../../lib/format'
import { ofTable, readable } from '../../lib/contents'

type Line = { key: string; operator: Contents['operators'][number]; table: Contents['operators'][number]['tables'][number] | undefined }

const limits = [['50', '50 rows'], ['200', '200 rows'], ['1000', '1000 rows']] as const

export function Inside({ ns, savepoints, title }: { ns: string; savepoints: Savepoint[]; title: (s: Savepoint) => string }) {
  const [address, setAddress] = useSearchParams()
  const complete = savepoints.filter((s) => s.status?.state === 'COMPLETED').reverse()
  const chosen = complete.find((s) => s.metadata?.id === address.get('savepoint')) ?? complete[0]
  const id = chosen?.metadata?.id
  const { data, error, isPending, refetch } = useContents(ns, id)
  const table = address.get('table') ?? ''
  const [column, text, limit] = [address.get('column') ?? '', address.get('is') ?? '', Number(address.get('limit')) || 50]
  const set = (change: Record<string, string>) => setAddress((a) => { for (const [k, v] of Object.entries(change)) { if (v) a.set(k, v); else a.delete(k) } return a }, { replace: true })
  const at = ofTable(data?.operators ?? [], table)
  const rows = useStateRows(ns, id, at && { operator: at.operator.uid, table: at.table.name, column, text, limit })
  if (complete.length === 0) return <Empty title="No savepoint to look into yet">Press Savepoint: what the operators know then can be read here, row by row.</Empty>
  const lines = (data?.operators ?? []).flatMap((o): Line[] => (o.tables.length === 0 ? [{ key: o.uid, operator: o, table: undefined }] : o.tables.map((t) => ({ key: `${o.uid} ${t.name}`, operator: o, table: t }))))
  const columns: Column<Line>[] = [
    { key: 'operator', title: 'Operator', value: (l) => l.operator.name, cell: (l) => l.operator.name },
    { key: 'table', title: 'Table', value: (l) => l.table?.name, cell: (l) => l.table ? <button type="button" className="plain" aria-pressed={l.key === table} onClick={() => set({ table: l.key, column: '', is: '' })}>{readable(l.table.name)}</button> : <span className="quiet">{l.operator.items > 0 ? l.operator.items === 1 ? '1 item without a key' : `${l.operator.items} items without a key` : 'nothing by key'}</span> },
    { key: 'by', title: 'Key', value: (l) => l.table?.keys.join(', '), cell: (l) => <span className="mono small">{l.table?.keys.join(', ')}</span> },
    { key: 'rows', title: 'Rows', number: true, value: (l) => l.table?.rows, cell: (l) => l.table && <span title={l.table.exact ? undefined : 'at most: a row that lies in several increments is counted in each'}>{l.table.exact ? '' : '≤ '}{exact(l.table.rows)}</span> },
    { key: 'bytes', title: 'Operator’s size', number: true, value: (l) => l.operator.bytes, cell: (l) => <span title={`${exact(l.operator.bytes)} bytes`}>{bytes(l.operator.bytes)}</span> },
  ]
  return (
    <>
      <div className="fields one">
        <SelectField label="Savepoint" value={id ?? ''} onChange={(v) => set({ savepoint: v, table: '', column: '', is: '' })} options={complete.map((s) => [s.metadata?.id ?? '', title(s)] as const)} />
      </div>
      {isPending && <Loading what="the savepoint" />}
      <ErrorBox error={error} onRetry={() => void refetch()} remedy="Savepoints are read where the server can reach them: on its own disk or in a bucket it may read." />
      {lines.length > 0 && <Table label="Contents of the savepoint" columns={columns} rows={lines} id={(l) => l.key} testid="state-table" />}
      {data && lines.length > 0 && !at && <p className="quiet">Press a table to see its rows.</p>}
      {at && (
        <section aria-label={`Rows of ${at.table.name}`}>
          <h3>{at.operator.name}: {readable(at.table.name)}</h3>
          <Where key={`${id} ${table} ${column} ${text}`} columns={at.table.columns.map((c) => c.name)} column={column || (at.table.keys[0] ?? at.table.columns[0]?.name ?? '')} text={text} limit={limit} onAsk={(column, is, limit) => set({ column: is ? column : '', is, limit: limit === 50 ? '' : String(limit) })} />
          {rows.isPending && <Loading what="the rows" />}
          <ErrorBox error={rows.error} onRetry={() => void rows.refetch()} />
          {rows.data && <Rows data={rows.data} stale={rows.isPlaceholderData} />}
        </section>
      )}
    </>
  )
}

function Where({ columns, column: first, text: given, limit, onAsk }: { columns: string[]; column: string; text: string; limit: number; onAsk: (column: string, text: string, limit: number) => void }) {
  const [column, setColumn] = useState(first)
  const [text, setText] = useState(given)
  return (
    <form className="fields" onSubmit={(e) => { e.preventDefault(); onAsk(column, text, limit) }}>
      <SelectField label="Rows whose" value={column} onChange={setColumn} options={columns.map((c) => [c, c] as const)} />
      <TextField label="is" mono value={text} onChange={setText} placeholder="anything" hint="exactly this text; <NULL> for NULL. Enter looks." />
      <SelectField label="At most" value={String(limit)} onChange={(l) => onAsk(column, text, Number(l))} options={limits} />
    </form>
  )
}

function Rows({ data, stale }: { data: StateRows; stale: boolean }) {
  const columns: Column<{ at: number; values: (string | null)[] }>[] = data.columns.map((c, i) => ({
    key: c.name, title: c.name, number: isNumber(c.type), value: (r) => r.values[i],
    cell: (r) => <span className="mono small" title={c.type}>{r.values[i] === null ? <span className="quiet">NULL</span> : cell(r.values[i] ?? null, c.type)}</span>,
  }))
  return (
    <div className={stale ? 'stale' : ''}>
      <Table label={`Rows of ${data.table}`} columns={columns} rows={data.rows.map((values, at) => ({ at, values }))} id={(r) => String(r.at)} testid="state-row" none={`None of the ${exact(data.scanned)} rows that were looked at.`} />
      {data.more && <p className="quiet small">There are more: {exact(data.scanned)} were looked at.</p>}
    </div>
  )
}
