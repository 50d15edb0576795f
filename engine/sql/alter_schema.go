package sql

import (
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/sql/ast"
)

func columnAt(t *catalog.Table, name string) int {
	return slices.IndexFunc(t.Columns, func(c catalog.Column) bool { return c.Name == name })
}

// changeSchema is ALTER TABLE … ADD and MODIFY.
func (s *Session) changeSchema(t *catalog.Table, a *ast.ChangeSchema) error {
	if a.Distribution != nil {
		switch {
		case t.Distributed != nil && !a.Modify:
			return ast.Errorf(a.Distribution.Pos(), "You cannot modify distribution without dropping it first: the table is distributed already")
		case t.Distributed == nil && a.Modify:
			return ast.Errorf(a.Distribution.Pos(), "The base table does not define any distribution. You might want to add a new one.")
		}
		d, err := distribution(t, a.Distribution)
		if err != nil {
			return err
		}
		t.Distributed = d
		return nil
	}
	for i := range a.Columns {
		if err := changeColumn(t, &a.Columns[i], a.Modify); err != nil {
			return err
		}
	}
	for _, w := range a.Watermarks {
		switch {
		case t.Watermark != nil && !a.Modify:
			return ast.Errorf(w.Pos(), "The base table has already defined the watermark strategy %s. You might want to drop it before adding a new one.", t.Watermark.Column)
		case t.Watermark == nil && a.Modify:
			return ast.Errorf(w.Pos(), "The base table does not define any watermark. You might want to add a new one.")
		}
		if _, err := setWatermark(t, w); err != nil {
			return err
		}
	}
	if len(a.Constraints) > 0 {
		switch {
		case t.PrimaryKey != nil && !a.Modify:
			return ast.Errorf(a.Constraints[0].Pos(), "The base table has already defined the primary key constraint [%s]. You might want to drop it before adding a new one.", strings.Join(t.PrimaryKey, ", "))
		case t.PrimaryKey == nil && a.Modify:
			return ast.Errorf(a.Constraints[0].Pos(), "The base table does not define any primary key constraint. You might want to add a new one.")
		}
		t.PrimaryKey, t.KeyName = nil, ""
		return primaryKey(t, a.Constraints)
	}
	return nil
}

// changeColumn adds a column, or puts it in the place of the one it modifies.
func changeColumn(t *catalog.Table, c *ast.Column, modify bool) error {
	at := columnAt(t, c.Name.Name)
	switch {
	case modify && at < 0:
		return ast.Errorf(c.Name.Pos(), "Try to modify a column `%s` which does not exist in the table.", c.Name.Name)
	case !modify && at >= 0:
		return ast.Errorf(c.Name.Pos(), "Try to add a column `%s` which already exists in the table.", c.Name.Name)
	}
	column, err := tableColumn(c)
	if err != nil {
		return err
	}
	to := len(t.Columns)
	if modify {
		if slices.Contains(t.PrimaryKey, column.Name) {
			column.Type.Nullable = false
		}
		if t.Columns[at].Comment != nil && column.Comment == nil {
			column.Comment = t.Columns[at].Comment
		}
		t.Columns = slices.Delete(t.Columns, at, at+1)
		to = at
	}
	if p := c.Position; p != nil {
		to = 0
		if p.After != nil {
			k := columnAt(t, p.After.Name)
			if k < 0 {
				return ast.Errorf(p.After.Pos(), "Referenced column `%s` by 'AFTER' does not exist in the table.", p.After.Name)
			}
			to = k + 1
		}
	}
	t.Columns = slices.Insert(t.Columns, to, column)
	return nil
}

// users are the computed columns that name a column.
func users(t *catalog.Table, name string) []string {
	var out []string
	for _, c := range t.Columns {
		if c.Kind == catalog.Computed && names(c.Expr, name) {
			out = append(out, c.Name)
		}
	}
	slices.Sort(out)
	return out
}

func names(e ast.Node, column string) bool {
	found := false
	ast.Walk(e, func(n ast.Node) bool {
		if x, ok := n.(*ast.Name); ok && x.Parts[0].Name == column {
			found = true
		}
		return !found
	})
	return found
}

// used refuses to take away or rename a column that something else is made of.
func used(t *catalog.Table, id ast.Ident) error {
	if by := users(t, id.Name); len(by) > 0 {
		return ast.Errorf(id.Pos(), "Failed to execute ALTER TABLE statement. The column `%s` is referenced by computed column `%s`.", id.Name, strings.Join(by, "`, `"))
	}
	switch {
	case slices.Contains(t.PrimaryKey, id.Name):
		return ast.Errorf(id.Pos(), "Failed to execute ALTER TABLE statement. The column `%s` is used as the primary key.", id.Name)
	case slices.Contains(t.PartitionBy, id.Name):
		return ast.Errorf(id.Pos(), "Failed to execute ALTER TABLE statement. The column `%s` is used as the partition keys.", id.Name)
	case t.Watermark != nil && (t.Watermark.Column == id.Name || names(t.Watermark.Expr, id.Name)):
		return ast.Errorf(id.Pos(), "Failed to execute ALTER TABLE statement. The column `%s` is referenced by watermark expression.", id.Name)
	}
	return nil
}

// dropColumns is ALTER TABLE … DROP (a, b).
func dropColumns(t *catalog.Table, a *ast.DropColumns) error {
	gone := map[string]bool{}
	for _, n := range a.Columns {
		id := n.Last()
		switch {
		case len(n.Parts) > 1:
			return ast.Errorf(n.Pos(), "Failed to execute ALTER TABLE statement. Alter nested row type %s is not supported yet.", n)
		case columnAt(t, id.Name) < 0:
			return ast.Errorf(id.Pos(), "Failed to execute ALTER TABLE statement. The column `%s` does not exist in the base table.%s", id.Name, meant(id.Name, columnNames(t)))
		case gone[id.Name]:
			return ast.Errorf(id.Pos(), "Failed to execute ALTER TABLE statement. Duplicate column `%s`.", id.Name)
		}
		gone[id.Name] = true
	}
	rest := *t // what is dropped with it is no user
	rest.Columns = slices.DeleteFunc(slices.Clone(t.Columns), func(c catalog.Column) bool { return gone[c.Name] })
	for _, n := range a.Columns {
		if err := used(&rest, n.Last()); err != nil {
			return err
		}
	}
	t.Columns = rest.Columns
	return nil
}

// renameColumn is ALTER TABLE … RENAME a TO b.
func renameColumn(t *catalog.Table, a *ast.RenameColumn) error {
	from, to := a.From.Last(), a.To.Last()
	k := columnAt(t, from.Name)
	switch {
	case len(a.From.Parts) > 1 || len(a.To.Parts) > 1:
		return ast.Errorf(a.From.Pos(), "Failed to execute ALTER TABLE statement. Alter nested row type %s is not supported yet.", a.From)
	case k < 0:
		return ast.Errorf(from.Pos(), "Failed to execute ALTER TABLE statement. The column `%s` does not exist in the base table.%s", from.Name, meant(from.Name, columnNames(t)))
	case columnAt(t, to.Name) >= 0:
		return ast.Errorf(to.Pos(), "Failed to execute ALTER TABLE statement. The column `%s` already existed in table schema.", to.Name)
	}
	bare := *t
	bare.PrimaryKey = nil // a key follows its columns
	if err := used(&bare, from); err != nil {
		return err
	}
	t.Columns = slices.Clone(t.Columns)
	t.Columns[k].Name = to.Name
	t.PrimaryKey = slices.Clone(t.PrimaryKey)
	for i, n := range t.PrimaryKey {
		if n == from.Name {
			t.PrimaryKey[i] = to.Name
		}
	}
	return nil
}
