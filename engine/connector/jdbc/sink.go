package jdbc

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
)

// maxRows is how many rows one statement writes where the options do not say.
const maxRows = data.BatchSize

// sink writes the rows of a batch with one statement: by primary key, deleting
// and replacing; without one, adding.
type sink struct {
	db      *database
	ctx     context.Context
	columns []data.Column
	key     []int // columns of the primary key
	most    int
	retries int64

	upsert, remove string // statements; each parameter is a column as an array of text
}

func newSink(s connector.SinkSpec) (connector.Sink, error) {
	db, err := open(s.Sink.Table.Name, s.Options)
	if err != nil {
		return nil, err
	}
	k := &sink{db: db, ctx: s.Context(), columns: s.Schema, most: int(s.Options.Int("sink.buffer-flush.max-rows")), retries: s.Options.Int("sink.max-retries")}
	if k.most <= 0 || k.most > maxRows {
		k.most = maxRows
	}
	for _, name := range s.Sink.Table.PrimaryKey {
		i := slices.IndexFunc(s.Schema, func(c data.Column) bool { return c.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("table %s: column %q of its primary key is not written", s.Sink.Table.Name, name)
		}
		k.key = append(k.key, i)
	}
	// A table or a column that is not there is found now and not with the first row.
	return k, db.try(k.ctx, k.retries, k.prepare)
}

// prepare makes the statements.
func (s *sink) prepare() error {
	var names, casts, params, sets, keys, on, keyParams []string
	for i, c := range s.columns {
		t, err := s.db.typeOf(c.Name)
		if err != nil {
			return err
		}
		q := quoted(c.Name)
		names = append(names, q)
		casts = append(casts, fmt.Sprintf("v.c%d::%s", i, t))
		params = append(params, fmt.Sprintf("$%d::text[]", i+1))
		if slices.Contains(s.key, i) {
			keys = append(keys, q)
		} else {
			sets = append(sets, q+" = EXCLUDED."+q)
		}
	}
	var v []string
	for i := range s.columns {
		v = append(v, fmt.Sprintf("c%d", i))
	}
	s.upsert = fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM unnest(%s) AS v(%s)", s.db.target, strings.Join(names, ", "), strings.Join(casts, ", "),
		strings.Join(params, ", "), strings.Join(v, ", "))
	if len(s.key) == 0 {
		return nil
	}
	s.upsert += " ON CONFLICT (" + strings.Join(keys, ", ") + ") DO "
	if len(sets) == 0 {
		s.upsert += "NOTHING"
	} else {
		s.upsert += "UPDATE SET " + strings.Join(sets, ", ")
	}
	v = nil
	for n, i := range s.key {
		c := s.columns[i].Name
		on = append(on, fmt.Sprintf("t.%s = v.c%d::%s", quoted(c), n, s.db.types[c]))
		keyParams = append(keyParams, fmt.Sprintf("$%d::text[]", n+1))
		v = append(v, fmt.Sprintf("c%d", n))
	}
	s.remove = fmt.Sprintf("DELETE FROM %s AS t USING unnest(%s) AS v(%s) WHERE %s", s.db.target, strings.Join(keyParams, ", "), strings.Join(v, ", "), strings.Join(on, " AND "))
	return nil
}

// Write sends the rows at once, so that none waits for others.
func (s *sink) Write(b *data.Batch) error {
	for from := 0; from < b.Len(); from += s.most {
		rows := make([]int, 0, s.most)
		for i := from; i < min(from+s.most, b.Len()); i++ {
			rows = append(rows, b.Row(i))
		}
		if err := s.write(b, rows); err != nil {
			return err
		}
	}
	return nil
}

func (s *sink) write(b *data.Batch, rows []int) error {
	put, removed := rows, []int(nil)
	if len(s.key) > 0 {
		put, removed = s.last(b, rows)
	} else if b.Ops != nil {
		for _, r := range rows {
			if b.Op(r) != data.Insert {
				return fmt.Errorf("table %s: a row is changed or deleted, and without a primary key it cannot be found; declare PRIMARY KEY (…) NOT ENFORCED", s.db.table)
			}
		}
	}
	all := make([]int, len(b.Cols))
	for i := range all {
		all[i] = i
	}
	inserts, deletes := params(b, all, put), params(b, s.key, removed)
	return s.db.try(s.ctx, s.retries, func() error {
		tx, err := s.db.conn.Begin(s.ctx)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback(context.WithoutCancel(s.ctx)) }() // nothing after a commit
		if len(removed) > 0 {
			if _, err := tx.Exec(s.ctx, s.remove, deletes...); err != nil {
				return err
			}
		}
		if len(put) > 0 {
			if _, err := tx.Exec(s.ctx, s.upsert, inserts...); err != nil {
				return err
			}
		}
		return tx.Commit(s.ctx)
	})
}

// last keeps of each key what came last: a row, or that there is none.
func (s *sink) last(b *data.Batch, rows []int) (put, removed []int) {
	newest := make(map[string]int, len(rows))
	var key []byte
	keyOf := func(r int) string {
		key = key[:0]
		for _, i := range s.key {
			if t := text(b.Cols[i], r); t != nil {
				key = append(key, *t...)
			}
			key = append(key, 0)
		}
		return string(key)
	}
	for _, r := range rows {
		if b.Op(r) != data.UpdateBefore {
			newest[keyOf(r)] = r
		}
	}
	for _, r := range rows {
		if b.Op(r) == data.UpdateBefore || newest[keyOf(r)] != r {
			continue
		}
		if b.Op(r) == data.Delete {
			removed = append(removed, r)
		} else {
			put = append(put, r)
		}
	}
	return put, removed
}

// params are the values of some columns as arrays of text.
func params(b *data.Batch, columns, rows []int) []any {
	out := make([]any, len(columns))
	for n, c := range columns {
		values := make([]*string, len(rows))
		for i, r := range rows {
			values[i] = text(b.Cols[c], r)
		}
		out[n] = values
	}
	return out
}

// Prepare has nothing to do: every row is in the database already.
func (s *sink) Prepare(int64) ([][]byte, error) { return nil, nil }

// Commit has nothing to publish.
func (s *sink) Commit([][]byte) error { return nil }

// Abort leaves what is written; it is written again, and replaces itself.
func (s *sink) Abort() error { return nil }

func (s *sink) Close() error { return s.db.close() }
