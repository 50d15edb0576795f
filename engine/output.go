package engine

import (
	"sync"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
)

// OutputTable is a printed table with some of its rows.
type OutputTable struct {
	Name    string
	Columns []data.Column
	Rows    []OutputRow
}

// OutputRow is one printed row.
type OutputRow struct {
	Seq    int64 // counts the printed rows of the job from 1
	Op     data.Op
	Values []*string // nil for NULL
}

// keptRows is how many printed rows a job remembers of each table.
const keptRows = 1000

// output remembers the last printed rows of a job: of each table its own, so
// that a busy table does not push out the rows of a quiet one.
type output struct {
	mu     sync.Mutex
	tables []*printedTable
	seq    int64
}

type printedTable struct {
	name    string
	columns []data.Column
	rows    []OutputRow // a ring once it is full
	n       int64       // rows ever printed
}

func newOutput(g *graph.Graph) *output {
	o := &output{}
	for _, v := range g.Vertices {
		for _, op := range v.Ops {
			if op.Sink != nil && op.Sink.Table.Connector == "print" {
				o.tables = append(o.tables, &printedTable{name: op.Sink.Table.Name, columns: op.Sink.Table.Columns})
			}
		}
	}
	return o
}

func (o *output) table(name string) *printedTable {
	for _, t := range o.tables {
		if t.name == name {
			return t
		}
	}
	t := &printedTable{name: name}
	o.tables = append(o.tables, t)
	return t
}

func (o *output) add(rows []connector.Printed) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range rows {
		o.seq++
		p := OutputRow{Seq: o.seq, Op: r.Op, Values: r.Values}
		t := o.table(r.Table)
		if len(t.rows) < keptRows {
			t.rows = append(t.rows, p)
		} else {
			t.rows[t.n%keptRows] = p
		}
		t.n++
	}
}

// since returns of each table at most limit rows with a number greater than
// after, oldest first; with a negative after, the newest. Tables without rows
// are listed too.
func (o *output) since(after int64, limit int) []OutputTable {
	o.mu.Lock()
	defer o.mu.Unlock()
	tables := make([]OutputTable, 0, len(o.tables))
	for _, t := range o.tables {
		out := OutputTable{Name: t.name, Columns: t.columns}
		first := max(t.n-int64(len(t.rows)), 0)
		if after < 0 {
			first = max(first, t.n-int64(limit))
		}
		for i := first; i < t.n && len(out.Rows) < limit; i++ {
			if r := t.rows[i%keptRows]; r.Seq > after {
				out.Rows = append(out.Rows, r)
			}
		}
		tables = append(tables, out)
	}
	return tables
}
