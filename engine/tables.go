package engine

import (
	"slices"

	"github.com/weir-streams/weir/engine/graph"
)

// TableInfo describes a table that a job reads or writes.
type TableInfo struct {
	Catalog, Database, Name string
	Connector               string
	Columns                 []TableColumn // physical ones
}

// TableColumn is a column and its SQL type.
type TableColumn struct{ Name, Type string }

// Tables lists the tables that the job reads and those it writes, each once.
func (j *Job) Tables() (sources, sinks []TableInfo) { return j.sources, j.sinks }

func tablesOf(g *graph.Graph) (sources, sinks []TableInfo) {
	for _, v := range g.Vertices {
		for _, op := range v.Ops {
			switch {
			case op.Source != nil:
				sources = addTable(sources, op.Source.Table)
			case op.LookupJoin != nil:
				sources = addTable(sources, op.LookupJoin.Table)
			case op.Sink != nil && op.Sink.Table.Connector != "collect":
				sinks = addTable(sinks, op.Sink.Table)
			}
		}
	}
	return sources, sinks
}

func addTable(all []TableInfo, t graph.Table) []TableInfo {
	if slices.ContainsFunc(all, func(o TableInfo) bool {
		return o.Catalog == t.Catalog && o.Database == t.Database && o.Name == t.Name
	}) {
		return all
	}
	info := TableInfo{Catalog: t.Catalog, Database: t.Database, Name: t.Name, Connector: t.Connector}
	for _, c := range t.Columns {
		info.Columns = append(info.Columns, TableColumn{c.Name, c.Type.String()})
	}
	return append(all, info)
}
