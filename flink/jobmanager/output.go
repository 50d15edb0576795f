package jobmanager

import (
	"net/http"
	"strconv"

	"github.com/weir-streams/weir/engine"
)

// Table is a printed table and some of its rows.
type Table struct {
	Name    string   `json:"name"`
	Columns []Column `json:"columns"`
	Rows    []Row    `json:"rows"`
}

// Column is a column of a printed table.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"` // as SQL writes it
}

// Row is a printed row. Seq numbers all printed rows of a job from 1.
type Row struct {
	Seq    int64     `json:"seq"`
	Op     string    `json:"op"`     // +I, -U, +U, -D
	Values []*string `json:"values"` // null for NULL
}

// outputPage bounds the rows of one table in an answer; the engine keeps no more anyway.
const outputPage = 1000

// output is GET /jobs/:id/weir/output?after=SEQ&limit=N: of each print sink at
// most limit rows after the one with this number, oldest first, or the newest
// without after.
func (m *JobManager) output(r request) (any, error) {
	q := r.URL.Query()
	limit := outputPage
	if s := q.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return nil, failure{http.StatusBadRequest, "limit must be a whole number of at least 1, got " + strconv.Quote(s)}
		}
		limit = min(n, outputPage)
	}
	s := q.Get("after")
	if s == "" {
		return object{"tables": tables(r.job.Output(-1, limit))}, nil
	}
	after, err := strconv.ParseInt(s, 10, 64)
	if err != nil || after < 0 {
		return nil, failure{http.StatusBadRequest, "after must be the seq of a row, got " + strconv.Quote(s)}
	}
	return object{"tables": tables(r.job.Output(after, limit))}, nil
}

func tables(all []engine.OutputTable) []Table {
	out := make([]Table, 0, len(all))
	for _, t := range all {
		table := Table{Name: t.Name, Columns: make([]Column, 0, len(t.Columns)), Rows: make([]Row, 0, len(t.Rows))}
		for _, c := range t.Columns {
			table.Columns = append(table.Columns, Column{Name: c.Name, Type: c.Type.String()})
		}
		for _, r := range t.Rows {
			table.Rows = append(table.Rows, Row{Seq: r.Seq, Op: r.Op.String(), Values: r.Values})
		}
		out = append(out, table)
	}
	return out
}
