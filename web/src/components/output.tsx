// The last rows of a print sink, newest first.
export interface OutputRows {
  name: string
  columns: { name: string; type: string }[]
  rows: { seq: number; op: string; values: (string | null)[] }[]
}

const numeric = /^(TINYINT|SMALLINT|INT|BIGINT|FLOAT|DOUBLE|DECIMAL)/

export function Output({ table, limit }: { table: OutputRows; limit: number }) {
  const rows = table.rows.slice(-limit).reverse()
  return (
    <div className="output">
      <h3>{table.name} <span className="quiet">last {rows.length} rows</span></h3>
      <div className="scroll">
        <table>
          <thead>
            <tr><th>op</th>{table.columns.map((c) => <th key={c.name} className={numeric.test(c.type) ? 'number' : ''} title={c.type}>{c.name}</th>)}</tr>
          </thead>
          <tbody>
            {rows.map((r) => (
              <tr key={r.seq} data-testid="output-row">
                <td className={`op ${r.op === '+I' || r.op === '+U' ? 'adds' : 'removes'}`}>{r.op}</td>
                {r.values.map((v, i) => (
                  <td key={i} className={numeric.test(table.columns[i]?.type ?? '') ? 'number' : ''}>{v ?? <span className="quiet">NULL</span>}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  )
}
