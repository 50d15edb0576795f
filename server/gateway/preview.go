package gateway

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/server/wire"
)

// previewInfo says how far a preview got.
type previewInfo struct {
	Complete bool   `json:"complete"` // these are all rows there are
	Reason   string `json:"reason"`   // END, ROWS, SIZE, TIME or FAILED: why it stopped
	Message  string `json:"message"`
}

// Bounds on what a preview shows.
const (
	cellBytes       = 16 << 10 // longer values are cut
	tableBytes      = 4 << 20
	previewVertices = 200
)

// preview runs a query for a moment, in this process, and shows the rows it
// has given by then.
func (g *Gateway) preview(ctx context.Context, req request, o *opened, out *sql.Outcome, st ast.Statement) (executeReply, error) {
	var none executeReply
	if n := len(out.Graph.Vertices); n > previewVertices {
		return none, ast.Errorf(st.Pos(), "the query has %d stages; at most %d are run to show its first rows; deploy it to run it", n, previewVertices)
	}
	select {
	case g.previews <- struct{}{}:
	case <-ctx.Done():
		return none, &wire.Error{Status: 503, Reason: "Unavailable", Message: fmt.Sprintf("%d other queries are being shown; try again later", cap(g.previews))}
	}
	free := sync.OnceFunc(func() { <-g.previews })
	defer func() { free() }()
	secrets, err := g.resolve(ctx, req.namespace.Metadata.Name, out.Graph)
	if err != nil {
		return none, ast.Errorf(st.Pos(), "%w", err)
	}
	config := queryConfig(o, g.Limits.PreviewMemory)
	rows, err := newRows(out.Columns, config["table.local-time-zone"], req.limit)
	if err != nil {
		return none, ast.Errorf(st.Pos(), "%w", err)
	}
	rows.whole = wholeResult(out.Graph)
	limit := g.Limits.PreviewTime
	if until, ok := ctx.Deadline(); ok { // leave time to end the query and answer
		limit = min(limit, time.Until(until)-2*time.Second)
	}
	run, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	id := uuid.New()
	job, err := o.engine.Start(run, engine.JobSpec{
		ID: hex.EncodeToString(id[:]), Name: "preview", Graph: out.Graph, Config: config, Collect: rows.take,
	})
	if err != nil {
		return none, ast.Errorf(st.Pos(), "%s", secrets.hide(err.Error()))
	}
	ended := make(chan error, 1)
	go func() { ended <- job.Wait(context.WithoutCancel(ctx)) }() // ends with the job, which run ends
	select {
	case err = <-ended:
	case <-run.Done():
		job.Cancel()
		select {
		case err = <-ended:
		case <-time.After(time.Second): // it is in the middle of something; the token is given back when it ends
			token := free
			free = func() {}
			go func() { <-ended; token() }()
			err = engine.ErrCanceled
		}
	}
	return rows.reply(ctx, err, limit, secrets)
}

var errEnough = errors.New("enough rows")

// shown are the rows a preview has at the moment: changes take effect in it.
type shown struct {
	mu      sync.Mutex
	closed  bool
	headers []tableHeader
	text    *data.Texter
	buf     []byte
	limit   int
	rows    []tableRow
	keys    []string // of rows; empty: the place is free
	at      map[string][]int
	free    []int
	live    int
	bytes   int
	stopped string // why no more rows are taken
	whole   int    // so many rows are all there will be; 0: not known
}

// wholeResult is how many rows a query with LIMIT gives of inserts alone; when
// it has given them it need not be waited for, though its tables never end.
// 0: not known.
func wholeResult(g *graph.Graph) int {
	for _, v := range g.Vertices {
		last := v.Ops[len(v.Ops)-1]
		if last.Sink == nil || last.Sink.Table.Connector != "collect" {
			continue
		}
		for _, op := range v.Ops {
			switch {
			case op.Limit != nil && op.Modes.InsertOnly():
				return int(min(op.Limit.Count, math.MaxInt32))
			case op.Limit != nil:
				return 0
			}
		}
	}
	return 0
}

func newRows(columns []data.Column, zone string, limit int) (*shown, error) {
	if zone == "" || zone == "default" {
		zone = "UTC"
	}
	z, err := function.LoadZone(zone)
	if err != nil {
		return nil, fmt.Errorf("table.local-time-zone: %w", err)
	}
	s := &shown{text: data.NewTexter(z.Location, true), limit: limit, at: map[string][]int{}}
	for _, c := range columns {
		s.headers = append(s.headers, tableHeader{Name: c.Name, Type: c.Type.String()})
	}
	return s, nil
}

// take is called by the job with its results.
func (s *shown) take(b *data.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range b.Len() {
		if s.closed || s.stopped != "" {
			return errEnough
		}
		r := b.Row(i)
		row, key := s.row(b.Cols, r)
		if op := b.Op(r); op == data.Insert || op == data.UpdateAfter {
			s.add(row, key)
		} else {
			s.remove(key)
		}
	}
	if s.stopped != "" {
		return errEnough
	}
	return nil
}

func (s *shown) row(cols []*data.Vector, r int) (tableRow, string) {
	row := tableRow{Cells: make([]tableCell, len(cols))}
	var key strings.Builder
	for k, c := range cols {
		if c.IsNull(r) {
			key.WriteString("\x00n")
			continue
		}
		s.buf = s.text.Append(s.buf[:0], c, r)
		value := string(s.buf)
		key.WriteString("\x00v" + value)
		if len(value) > cellBytes {
			value = strings.ToValidUTF8(value[:cellBytes], "") + "…"
		}
		row.Cells[k].Value = &value
	}
	return row, key.String()
}

func (s *shown) add(row tableRow, key string) {
	i := len(s.rows)
	if n := len(s.free); n > 0 {
		i, s.free = s.free[n-1], s.free[:n-1]
		s.rows[i], s.keys[i] = row, key
	} else {
		s.rows, s.keys = append(s.rows, row), append(s.keys, key)
	}
	s.at[key] = append(s.at[key], i)
	s.live++
	s.bytes += len(key)
	switch {
	case s.whole > 0 && s.live >= s.whole:
		s.stopped = "END"
	case s.live >= s.limit:
		s.stopped = "ROWS"
	case s.bytes >= tableBytes:
		s.stopped = "SIZE"
	}
}

func (s *shown) remove(key string) {
	places := s.at[key]
	if len(places) == 0 {
		return
	}
	i := places[len(places)-1]
	if places = places[:len(places)-1]; len(places) == 0 {
		delete(s.at, key)
	} else {
		s.at[key] = places
	}
	s.keys[i], s.rows[i] = "", tableRow{}
	s.free = append(s.free, i)
	s.live--
	s.bytes -= len(key)
}

// reply is what there is when a query has ended or was ended.
func (s *shown) reply(ctx context.Context, err error, limit time.Duration, secrets *secrets) (executeReply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	t := &resultTable{Headers: s.headers, Rows: []tableRow{}}
	for i, row := range s.rows {
		if s.keys[i] != "" {
			t.Rows = append(t.Rows, row)
		}
	}
	reply := executeReply{Result: resultRows, ResultTable: t, Preview: &previewInfo{Reason: "END", Complete: true, Message: "all rows of the query"}}
	switch {
	case s.stopped == "END":
	case s.stopped == "ROWS":
		*reply.Preview = previewInfo{Reason: "ROWS", Message: fmt.Sprintf("the query was stopped after %d rows", s.limit)}
	case s.stopped == "SIZE":
		*reply.Preview = previewInfo{Reason: "SIZE", Message: "the query was stopped because its rows are large"}
	case err == nil:
	case errors.Is(err, engine.ErrCanceled) && ctx.Err() == nil:
		*reply.Preview = previewInfo{Reason: "TIME", Message: fmt.Sprintf("the query was stopped after %s; these are the rows it had given", limit.Round(time.Millisecond))}
	default:
		*reply.Preview = previewInfo{Reason: "FAILED", Message: "the query failed; these are the rows it had given"}
		return reply, errors.New(secrets.hide(err.Error()))
	}
	return reply, nil
}
