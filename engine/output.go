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

// keptRows is how many printed rows a job remembers.
const keptRows = 1000

// output remembers the last printed rows of a job.
type output struct {
	mu     sync.Mutex
	tables []OutputTable // names and columns
	rows   []printedRow  // a ring once it is full
	seq    int64
}

type printedRow struct {
	table string
	OutputRow
}

func newOutput(g *graph.Graph) *output {
	o := &output{}
	for _, v := range g.Vertices {
		for _, op := range v.Ops {
			if op.Sink != nil && op.Sink.Table.Connector == "print" {
				o.tables = append(o.tables, OutputTable{Name: op.Sink.Table.Name, Columns: op.Sink.Table.Columns})
			}
		}
	}
	return o
}

func (o *output) add(rows []connector.Printed) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range rows {
		p := printedRow{r.Table, OutputRow{Seq: o.seq + 1, Op: r.Op, Values: r.Values}}
		if len(o.rows) < keptRows {
			o.rows = append(o.rows, p)
		} else {
			o.rows[o.seq%keptRows] = p
		}
		o.seq++
	}
}

// since returns at most limit rows with a number greater than after, oldest
// first, by table. Tables without rows are listed too.
func (o *output) since(after int64, limit int) []OutputTable {
	o.mu.Lock()
	defer o.mu.Unlock()
	tables := make([]OutputTable, len(o.tables))
	copy(tables, o.tables)
	first := max(after, o.seq-int64(len(o.rows)), 0)
	for seq := first; seq < o.seq && limit > 0; seq++ {
		p := o.rows[seq%keptRows]
		i := 0
		for i < len(tables) && tables[i].Name != p.table {
			i++
		}
		if i == len(tables) {
			tables = append(tables, OutputTable{Name: p.table})
		}
		tables[i].Rows = append(tables[i].Rows, p.OutputRow)
		limit--
	}
	return tables
}
