package jobmanager

import (
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/weir-streams/weir/engine/connector"
)

// Column is a column of a printed table.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Bounds of the rows that are kept for people to look at.
const (
	outputRows  = 10_000
	outputBytes = 16 << 20
	outputPage  = 1000
)

// Output keeps the newest rows of print sinks. It is safe for concurrent use.
type Output struct {
	mu      sync.Mutex
	tables  []string
	columns map[string][]Column
	rows    []outputRow // oldest first
	bytes   int
	seq     int64
}

type outputRow struct {
	table string
	bytes int
	row   Row
}

// Row is a printed row. Seq numbers all rows of a job from 1.
type Row struct {
	Seq    int64     `json:"seq"`
	Op     string    `json:"op"` // +I, -U, +U, -D
	Values []*string `json:"values"`
}

// Table is a printed table and some of its rows.
type Table struct {
	Name    string   `json:"name"`
	Columns []Column `json:"columns"`
	Rows    []Row    `json:"rows"`
}

// NewOutput returns an output without tables.
func NewOutput() *Output { return &Output{columns: map[string][]Column{}} }

// Declare makes a table known before its first row.
func (o *Output) Declare(table string, columns []Column) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, known := o.columns[table]; !known {
		o.tables = append(o.tables, table)
	}
	o.columns[table] = slices.Clone(columns)
}

// Print adds rows; the oldest make room for them.
func (o *Output) Print(rows []connector.Printed) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range rows {
		if _, known := o.columns[p.Table]; !known {
			o.tables = append(o.tables, p.Table)
			o.columns[p.Table] = make([]Column, len(p.Values))
		}
		o.seq++
		r := outputRow{table: p.Table, bytes: 64, row: Row{Seq: o.seq, Op: p.Op.String(), Values: slices.Clone(p.Values)}}
		for _, v := range p.Values {
			r.bytes += 24
			if v != nil {
				r.bytes += len(*v)
			}
		}
		o.rows = append(o.rows, r)
		o.bytes += r.bytes
	}
	drop := max(len(o.rows)-outputRows, 0)
	for _, r := range o.rows[:drop] {
		o.bytes -= r.bytes
	}
	for ; o.bytes > outputBytes && drop < len(o.rows); drop++ {
		o.bytes -= o.rows[drop].bytes
	}
	clear(o.rows[:drop]) // lets their values go; the space goes when append grows
	o.rows = o.rows[drop:]
}

// Read gives at most limit rows after seq, with all tables in the order of
// their declaration.
func (o *Output) Read(after int64, limit int) []Table {
	o.mu.Lock()
	defer o.mu.Unlock()
	tables := make([]Table, 0, len(o.tables))
	index := map[string]int{}
	for i, name := range o.tables {
		index[name] = i
		tables = append(tables, Table{Name: name, Columns: o.columns[name], Rows: []Row{}})
	}
	from, _ := slices.BinarySearchFunc(o.rows, after+1, func(r outputRow, seq int64) int { return int(r.row.Seq - seq) })
	for _, r := range o.rows[from:min(from+limit, len(o.rows))] {
		t := &tables[index[r.table]]
		t.Rows = append(t.Rows, r.row)
	}
	return tables
}

// output is GET /jobs/:id/weir/output?after=SEQ&limit=N: the rows after the
// one with this number, or the newest ones without after.
func (m *JobManager) output(r request) (any, error) {
	q := r.URL.Query()
	limit := outputPage
	if s := q.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return nil, failure{http.StatusBadRequest, "limit must be a whole number of at least 1, got " + strconv.Quote(s)}
		}
		limit = min(n, outputRows)
	}
	o := m.config.Output
	if o == nil {
		return object{"tables": []Table{}}, nil
	}
	after := int64(-1)
	if s := q.Get("after"); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 0 {
			return nil, failure{http.StatusBadRequest, "after must be the seq of a row, got " + strconv.Quote(s)}
		}
		after = n
	}
	if after < 0 {
		after = max(o.last()-int64(limit), 0)
	}
	return object{"tables": o.Read(after, limit)}, nil
}

func (o *Output) last() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.seq
}
