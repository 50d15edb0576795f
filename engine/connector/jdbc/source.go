package jdbc

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
)

// chunkRows is how many rows come together where the options do not say, and
// chunksAhead how many such chunks are read before they are wanted.
const (
	chunkRows   = data.BatchSize
	chunksAhead = 2
)

// source reads a table once, in parts. With a primary key rows come in its order
// and the position is the key of the last one; without, it is how many were read.
type source struct {
	db      *database
	spec    connector.SourceSpec
	parts   []*part
	key     []string // columns of the primary key
	shown   int      // columns that are given; those of the key come after them
	names   []string // of all columns that are read
	chunk   int
	ctx     context.Context
	stop    context.CancelFunc
	reading sync.WaitGroup
	chunks  chan chunk // of the part that is read; nil: none is
	of      *part
	buffer  [][]*string
}

// part is a range of the table.
type part struct {
	id       string
	low, hi  int64 // both inclusive
	ranged   bool
	position position
	done     bool
}

// position is how far a part has been read.
type position struct {
	After []string `json:"after,omitempty"` // the key of the last row
	Rows  int64    `json:"rows,omitempty"`  // how many were read, where there is no key
}

// chunk is some rows of a part, in order. One without rows is the last.
type chunk struct {
	rows [][]*string
	err  error
}

func newSource(s connector.SourceSpec) (connector.Source, error) {
	db, err := open(s.Source.Table.Name, s.Options)
	if err != nil {
		return nil, err
	}
	r := &source{db: db, spec: s, key: s.Source.Table.PrimaryKey, chunk: int(s.Options.Int("scan.fetch-size"))}
	if r.chunk <= 0 || r.chunk > chunkRows {
		r.chunk = chunkRows
	}
	for _, p := range s.Source.Output {
		r.names = append(r.names, s.Source.Table.Columns[p.Column].Name)
	}
	r.shown = len(r.names)
	r.names = append(r.names, r.key...)
	r.ctx, r.stop = context.WithCancel(context.Background())
	for _, p := range partsOf(s) {
		if connector.Owns(p.id, s.Subtask, s.Parallelism) {
			r.parts = append(r.parts, p)
		}
	}
	return r, nil
}

// partsOf are the ranges of the whole table: as even as whole numbers allow.
func partsOf(s connector.SourceSpec) []*part {
	if !s.Options.Has("scan.partition.column") {
		return []*part{{id: "whole"}}
	}
	low, hi, n := s.Options.Int("scan.partition.lower-bound"), s.Options.Int("scan.partition.upper-bound"), s.Options.Int("scan.partition.num")
	width := uint64(hi) - uint64(low) // the difference fits, whatever the signs
	n = int64(min(uint64(n-1), width) + 1)
	var parts []*part
	from := low
	for i := range n {
		size := width/uint64(n) + 1
		if i == n-1 || uint64(hi)-uint64(from) < size {
			size = uint64(hi) - uint64(from) + 1
		}
		to := int64(uint64(from) + size - 1)
		parts = append(parts, &part{id: fmt.Sprintf("%d-%d", from, to), low: from, hi: to, ranged: true})
		if to == hi {
			break
		}
		from = to + 1
	}
	return parts
}

func (s *source) Restore(splits []connector.Split) error {
	for _, p := range s.parts {
		i := slices.IndexFunc(splits, func(k connector.Split) bool { return k.ID == p.id })
		if i < 0 {
			continue // the options have changed; what is new is read whole
		}
		p.done = splits[i].Done
		if len(splits[i].Position) > 0 {
			if err := json.Unmarshal(splits[i].Position, &p.position); err != nil {
				return fmt.Errorf("table %s: position of part %s: %w", s.db.table, p.id, err)
			}
		}
	}
	return nil
}

func (s *source) Splits() []connector.Split {
	var out []connector.Split
	for _, p := range s.parts {
		text, err := json.Marshal(p.position)
		if err != nil {
			panic(err) // text and a number always are JSON
		}
		out = append(out, connector.Split{ID: p.id, Position: text, Done: p.done})
	}
	return out
}

// patience is how long a Poll waits for the database.
const patience = 10 * time.Millisecond

// Poll gives rows that have come; one question for each part runs beside it.
func (s *source) Poll(ctx context.Context, b *data.Batch) (connector.Status, error) {
	if len(s.buffer) == 0 {
		if s.chunks == nil {
			i := slices.IndexFunc(s.parts, func(p *part) bool { return !p.done })
			if i < 0 {
				return connector.Ended, nil
			}
			s.of = s.parts[i]
			s.read(*s.of)
		}
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case c := <-s.chunks:
			if c.err != nil {
				return 0, c.err
			}
			if len(c.rows) == 0 {
				s.of.done, s.chunks = true, nil
				return connector.More, nil
			}
			s.buffer = c.rows
		case <-timer.C:
			return connector.More, nil
		case <-ctx.Done():
			return connector.More, nil
		}
	}
	rows := s.buffer[:min(len(s.buffer), data.BatchSize)]
	s.buffer = s.buffer[len(rows):]
	for i, c := range s.spec.Schema {
		b.Cols[i].Release()
		b.Cols[i] = data.NewVector(c.Type, len(rows))
	}
	b.N = len(rows)
	if err := fill(b, rows, s.spec.Schema); err != nil {
		return 0, fmt.Errorf("table %s: %w", s.db.table, err)
	}
	last := rows[len(rows)-1]
	s.of.position.Rows += int64(len(rows))
	if len(s.key) > 0 {
		s.of.position.After = s.of.position.After[:0:0]
		for _, k := range last[s.shown:] {
			if k == nil {
				return 0, fmt.Errorf("table %s: its primary key is NULL in a row of the database", s.db.table)
			}
			s.of.position.After = append(s.of.position.After, *k)
		}
	}
	return connector.More, nil
}

// read begins to read the rest of a part.
func (s *source) read(p part) {
	chunks := make(chan chunk, chunksAhead)
	s.chunks = chunks
	give := func(c chunk) bool {
		select {
		case chunks <- c:
			return true
		case <-s.ctx.Done():
			return false
		}
	}
	s.reading.Go(func() {
		given := false
		err := s.db.try(s.ctx, 3, func() error {
			err := s.stream(p, func(rows [][]*string) bool { given = true; return give(chunk{rows: rows}) })
			if err != nil && given {
				return &brokenError{err} // what was given cannot be given again: the job goes on from its checkpoint
			}
			return err
		})
		give(chunk{err: err})
	})
}

// brokenError is an error in the middle of an answer.
type brokenError struct{ err error }

func (e *brokenError) Error() string { return e.err.Error() }
func (e *brokenError) Unwrap() error { return e.err }

// stream asks for a part and gives its rows in chunks, until give says no.
func (s *source) stream(p part, give func([][]*string) bool) error {
	statement, args, err := s.statement(p)
	if err != nil {
		return err
	}
	rows, err := s.db.conn.Query(s.ctx, statement, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	chunk := make([][]*string, 0, s.chunk)
	for rows.Next() {
		row := make([]*string, len(s.names))
		into := make([]any, len(row))
		for i := range row {
			into[i] = &row[i]
		}
		if len(row) == 0 {
			into = append(into, nil) // somebody only counts
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if chunk = append(chunk, row); len(chunk) == s.chunk {
			if !give(chunk) {
				return s.ctx.Err()
			}
			chunk = make([][]*string, 0, s.chunk)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if len(chunk) > 0 && !give(chunk) {
		return s.ctx.Err()
	}
	return nil
}

func (s *source) statement(p part) (string, []any, error) {
	columns := []string{}
	for _, name := range s.names {
		if _, err := s.db.typeOf(name); err != nil {
			return "", nil, err
		}
		columns = append(columns, "t."+quoted(name)+"::text")
	}
	var where, order []string
	var args []any
	if p.ranged {
		args = append(args, p.low, p.hi)
		where = append(where, "t."+quoted(s.spec.Options.String("scan.partition.column"))+" BETWEEN $1 AND $2")
	}
	var marks, keys []string
	for i, name := range s.key {
		order = append(order, "t."+quoted(name)) // without the t it would be the text of the column
		if len(p.position.After) == len(s.key) {
			args = append(args, p.position.After[i])
			keys = append(keys, "t."+quoted(name))
			marks = append(marks, fmt.Sprintf("$%d::text::%s", len(args), s.db.types[name]))
		}
	}
	if len(keys) > 0 {
		where = append(where, fmt.Sprintf("(%s) > (%s)", strings.Join(keys, ", "), strings.Join(marks, ", ")))
	}
	if len(columns) == 0 {
		columns = append(columns, "NULL::text")
	}
	q := "SELECT " + strings.Join(columns, ", ") + " FROM " + s.db.target + " AS t"
	if len(where) > 0 {
		q += " WHERE " + strings.Join(where, " AND ")
	}
	if len(order) > 0 {
		q += " ORDER BY " + strings.Join(order, ", ")
	}
	if n := s.spec.Source.Limit; n > 0 {
		q += fmt.Sprintf(" LIMIT %d", n)
	}
	if len(s.key) == 0 && p.position.Rows > 0 {
		q += fmt.Sprintf(" OFFSET %d", p.position.Rows)
	}
	return q, args, nil
}

// Close ends the question that runs, waits for it, and ends the connection.
func (s *source) Close() error {
	s.stop()
	s.reading.Wait()
	return s.db.close()
}
