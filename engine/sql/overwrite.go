package sql

import (
	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// overwrite says why rows cannot be written over those that a table has, in
// Flink's words where Flink refuses it too.
func (s *Session) overwrite(n *ast.Insert, t *catalog.Table) error {
	if c := s.connectorNamed(t.Options["connector"]); c == nil || !c.Overwrites {
		return ast.Errorf(n.Target.Pos(), "INSERT OVERWRITE requires that the underlying DynamicTableSink of table '%s' implements the SupportsOverwrite interface.", t.Path)
	}
	batch, err := s.batch()
	switch {
	case err != nil:
		return at(n.Pos(), err)
	case !batch:
		return ast.Planf(n.Target.Pos(), "Streaming mode not support overwrite.")
	}
	return nil
}
