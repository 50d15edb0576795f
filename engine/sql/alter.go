package sql

import (
	"strings"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// existing finds what an ALTER is about; no table and no error: IF EXISTS.
func (s *Session) existing(name *ast.Name, ifExists, view bool) (catalog.Path, *catalog.Table, error) {
	p, err := s.resolve(name)
	if err != nil {
		return p, nil, err
	}
	t := s.catalog.Table(p)
	if t == nil || (t.View != nil) != view || t.Temporary && !view {
		if ifExists {
			return p, nil, nil
		}
		what := "Table"
		if view {
			what = "View"
		}
		return p, nil, ast.Errorf(name.Pos(), "%s %s doesn't exist or is a temporary %s.", what, quoted(p), strings.ToLower(what))
	}
	return p, t, nil
}

func (s *Session) rename(p catalog.Path, t *catalog.Table, to *ast.Name) error {
	q := p
	switch parts := to.Strings(); len(parts) {
	case 1:
		q.Name = parts[0]
	default:
		var err error
		if q, err = s.resolve(to); err != nil {
			return err
		}
	}
	u := t.Clone()
	u.Path = q
	if err := s.catalog.Put(u, false); err != nil {
		return at(to.Pos(), err)
	}
	s.catalog.Drop(p, t.Temporary)
	return nil
}

func (s *Session) alterTable(n *ast.AlterTable) error {
	p, t, err := s.existing(n.Name, n.IfExists, false)
	if t == nil {
		return err
	}
	u := t.Clone()
	switch a := n.Action.(type) {
	case *ast.RenameTo:
		return s.rename(p, t, a.To)
	case *ast.SetOptions:
		for _, o := range a.Options {
			u.Options[o.Key] = o.Value
		}
	case *ast.ResetOptions:
		if len(a.Keys) == 0 {
			return ast.Errorf(a.Pos(), "ALTER TABLE RESET does not support empty key")
		}
		for _, k := range a.Keys {
			if k == "connector" {
				return ast.Errorf(a.Pos(), "ALTER TABLE RESET does not support changing 'connector'")
			}
			delete(u.Options, k)
		}
	case *ast.DropPart:
		switch a.What {
		case "WATERMARK":
			if u.Watermark == nil {
				return ast.Errorf(a.Pos(), "The base table does not define any watermark strategy.")
			}
			u.Watermark = nil
		case "PRIMARY KEY", "CONSTRAINT":
			if u.PrimaryKey == nil {
				return ast.Errorf(a.Pos(), "The base table does not define any primary key.")
			}
			if a.Name != nil && a.Name.Name != u.KeyName {
				return ast.Errorf(a.Name.Pos(), "Failed to execute ALTER TABLE statement. The current table does not define a primary key constraint named '%s'. Available constraint name: ['%s'].", a.Name.Name, u.KeyName)
			}
			u.PrimaryKey, u.KeyName = nil, ""
		case "DISTRIBUTION":
			if u.Distributed == nil {
				return ast.Errorf(a.Pos(), "Table %s does not have a distribution to drop.", quoted(p))
			}
			u.Distributed = nil
		default:
			return ast.Errorf(a.Pos(), "ALTER TABLE … DROP %s is not supported by this engine yet", a.What)
		}
	case *ast.ChangeSchema:
		if err := s.changeSchema(u, a); err != nil {
			return err
		}
	case *ast.DropColumns:
		if err := dropColumns(u, a); err != nil {
			return err
		}
	case *ast.ChangePartitions:
		if err := changePartitions(u, a); err != nil {
			return err
		}
	case *ast.RenameColumn:
		if err := renameColumn(u, a); err != nil {
			return err
		}
	default:
		return ast.Errorf(n.Action.Pos(), "this ALTER TABLE is not supported by this engine yet; create the table again")
	}
	u.Script = 0
	b, err := s.binder()
	if err != nil {
		return err
	}
	if err := b.Complete(u, n.Pos()); err != nil {
		return err
	}
	return s.catalog.Put(u, true)
}
