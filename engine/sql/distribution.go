package sql

import (
	"slices"
	"strconv"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// distribution checks DISTRIBUTED … of a table.
func distribution(t *catalog.Table, d *ast.Distribution) (*catalog.Distribution, error) {
	out := &catalog.Distribution{Kind: d.Kind}
	for _, c := range d.Columns {
		i := slices.IndexFunc(t.Columns, func(x catalog.Column) bool { return x.Name == c.Name })
		switch {
		case i < 0:
			return nil, ast.Errorf(c.Pos(), "Invalid bucket key '%s'. A bucket key for a distribution must reference a physical column in the schema. Available columns are: [%s]", c.Name, quotedNames(t))
		case t.Columns[i].Kind != catalog.Physical:
			return nil, ast.Errorf(c.Pos(), "Invalid bucket key '%s'. A bucket key for a distribution must reference a physical column in the schema.", c.Name)
		}
		out.Columns = append(out.Columns, c.Name)
	}
	if d.Buckets != nil {
		if *d.Buckets <= 0 {
			return nil, ast.Errorf(d.Pos(), "Invalid bucket count '%d'. The number of buckets for a distributed table must be at least 1.", *d.Buckets)
		}
		out.Buckets = *d.Buckets
	}
	return out, nil
}

// distributionText is DISTRIBUTED BY HASH(`a`) INTO 4 BUCKETS.
func distributionText(d *catalog.Distribution) string {
	s := "DISTRIBUTED"
	if len(d.Columns) > 0 {
		s += " BY " + d.Kind + "(" + quoteAll(d.Columns) + ")"
	}
	if d.Buckets > 0 {
		s += " INTO " + strconv.Itoa(d.Buckets) + " BUCKETS"
	}
	return s + "\n"
}
