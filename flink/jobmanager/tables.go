package jobmanager

import (
	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/flink"
)

// tabular is a Job that knows what it reads and writes.
type tabular interface {
	Tables() (sources, sinks []engine.TableInfo)
}

// tables is GET /jobs/:id/weir/tables.
func (m *JobManager) tables(r request) (any, error) {
	out := flink.Tables{Sources: []flink.Table{}, Sinks: []flink.Table{}}
	if j, ok := r.job.Job.(tabular); ok {
		sources, sinks := j.Tables()
		out.Sources, out.Sinks = flinkTables(sources), flinkTables(sinks)
	}
	return out, nil
}

func flinkTables(all []engine.TableInfo) []flink.Table {
	out := make([]flink.Table, 0, len(all))
	for _, t := range all {
		table := flink.Table{Catalog: t.Catalog, Database: t.Database, Name: t.Name, Connector: t.Connector, Columns: make([]flink.Column, 0, len(t.Columns))}
		for _, c := range t.Columns {
			table.Columns = append(table.Columns, flink.Column{Name: c.Name, Type: c.Type})
		}
		out = append(out, table)
	}
	return out
}
