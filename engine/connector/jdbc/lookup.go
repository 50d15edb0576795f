package jdbc

import (
	"context"
	"fmt"
	"strings"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
)

// lookup asks for all keys of a batch with one statement.
type lookup struct {
	db    *database
	spec  connector.LookupSpec
	types []data.Type
	query string
}

func newLookup(s connector.LookupSpec) (connector.Lookup, error) {
	db, err := open(s.Table.Name, s.Options)
	if err != nil {
		return nil, err
	}
	l := &lookup{db: db, spec: s}
	for _, c := range s.Schema {
		l.types = append(l.types, c.Type)
	}
	return l, nil
}

// statement gives the place of the key, from 1, and then the columns as text.
func (l *lookup) statement() (string, error) {
	if l.query != "" {
		return l.query, nil
	}
	var columns, on, params, v []string
	for _, c := range l.spec.Schema {
		if _, err := l.db.typeOf(c.Name); err != nil {
			return "", err
		}
		columns = append(columns, "t."+quoted(c.Name)+"::text")
	}
	for n, i := range l.spec.Keys {
		name := l.spec.Schema[i].Name
		on = append(on, fmt.Sprintf("t.%s = v.c%d::%s", quoted(name), n, l.db.types[name]))
		params = append(params, fmt.Sprintf("$%d::text[]", n+1))
		v = append(v, fmt.Sprintf("c%d", n))
	}
	l.query = fmt.Sprintf("SELECT v.n, %s FROM unnest(%s) WITH ORDINALITY AS v(%s, n) JOIN %s AS t ON %s ORDER BY v.n", strings.Join(columns, ", "),
		strings.Join(params, ", "), strings.Join(v, ", "), l.db.target, strings.Join(on, " AND "))
	return l.query, nil
}

// Find asks once; the caller asks again after an error.
func (l *lookup) Find(ctx context.Context, keys *data.Batch) (*data.Batch, []int32, error) {
	places, columns := make([]int, keys.N), make([]int, len(keys.Cols))
	for i := range places {
		places[i] = i
	}
	for i := range columns {
		columns[i] = i
	}
	args := params(keys, columns, places)
	counts := make([]int32, keys.N)
	var found [][]*string
	err := l.db.try(ctx, 0, func() error {
		statement, err := l.statement()
		if err != nil {
			return err
		}
		clear(counts)
		found = found[:0]
		rows, err := l.db.conn.Query(ctx, statement, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var n int64
			row := make([]*string, len(l.types))
			into := make([]any, 0, len(l.types)+1)
			into = append(into, &n)
			for i := range row {
				into = append(into, &row[i])
			}
			if err := rows.Scan(into...); err != nil {
				return err
			}
			counts[n-1]++
			found = append(found, row)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, nil, err
	}
	b := data.MakeBatch(l.types, len(found))
	if err := fill(b, found, l.spec.Schema); err != nil {
		b.Release()
		return nil, nil, fmt.Errorf("table %s: %w", l.db.table, err)
	}
	return b, counts, nil
}

// fill makes values of text.
func fill(b *data.Batch, rows [][]*string, columns []data.Column) error {
	for k, c := range columns {
		for i, row := range rows {
			if row[k] == nil {
				b.Cols[k].SetValueAt(i, data.NullValue())
				continue
			}
			x, err := parse(*row[k], c.Type)
			if err != nil {
				return fmt.Errorf("column %q: %w", c.Name, err)
			}
			b.Cols[k].SetValueAt(i, x)
		}
	}
	return nil
}

func (l *lookup) Close() error { return l.db.close() }
