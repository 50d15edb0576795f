package gateway

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/sql"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/parse"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

// followEnd is the last thing said of a followed query.
type followEnd struct {
	Reason  string        `json:"reason"` // END, ROWS, TIME, STOPPED or FAILED
	Message string        `json:"message"`
	Error   *errorDetails `json:"errorMessage,omitempty"`
}

// follow runs a query in this process and sends its changes as they come, one
// JSON document a line, until it ends, its bounds are reached or the reader
// goes away. A reader that is slow slows the query down.
func (g *Gateway) follow(w http.ResponseWriter, r *http.Request) error {
	req, err := g.request(r)
	if err != nil {
		return err
	}
	var in struct {
		Statement string   `json:"statement"`
		Before    []string `json:"before"`
	}
	if err := body(w, r, &in); err != nil {
		return err
	}
	if err := g.checkSize("statement", strings.Join(in.Before, "")+in.Statement); err != nil {
		return err
	}
	limit := g.Limits.FollowRows
	if req.wanted > 0 {
		limit = min(req.wanted, limit)
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(g.ending, cancel)()
	select {
	case g.followed <- struct{}{}:
	default:
		return &wire.Error{Status: 503, Reason: "Unavailable", Message: fmt.Sprintf("%d queries are being followed, and no more at once; stop one or try again later", cap(g.followed))}
	}
	free := func() { <-g.followed }
	defer func() { free() }()

	o, out, err := g.compileQuery(ctx, req, in.Before, in.Statement)
	if err != nil {
		if failed := (*scriptError)(nil); errors.As(err, &failed) {
			s := newStream(w)
			s.end(followEnd{Reason: "FAILED", Message: "the query cannot be run", Error: failed.details})
			return nil
		}
		return err
	}
	secrets, err := g.resolve(ctx, req.namespace.Metadata.Name, out.Graph)
	s := newStream(w)
	fail := func(err error) error {
		text := secrets.hide(err.Error())
		s.end(followEnd{Reason: "FAILED", Message: "the query failed", Error: &errorDetails{Message: text}})
		return nil
	}
	if err != nil {
		return fail(err)
	}
	config := queryConfig(o, g.Limits.PreviewMemory)
	run, stop := context.WithTimeout(ctx, g.Limits.FollowTime)
	defer stop()
	f, err := newFollowed(run, out.Columns, config["table.local-time-zone"], limit)
	if err != nil {
		return fail(err)
	}
	f.whole = wholeResult(out.Graph)
	id := uuid.New()
	job, err := o.engine.Start(run, engine.JobSpec{ID: hex.EncodeToString(id[:]), Name: "query", Graph: out.Graph, Config: config, Collect: f.take})
	if err != nil {
		return fail(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- job.Wait(context.WithoutCancel(ctx)) }() // ends with the job, which run ends
	why := f.send(s, ended)
	if why == nil { // it has not ended by itself
		stop()
		job.Cancel()
		select {
		case err = <-ended:
		case <-time.After(time.Second): // it is in the middle of something; the place is given back when it ends
			give := free
			free = func() {}
			go func() { <-ended; give() }()
		}
	} else {
		err = *why
	}
	s.end(f.ended(ctx, run, g.Limits.FollowTime, err, secrets))
	return nil
}

// scriptError is a mistake in the SQL of a request.
type scriptError struct{ details *errorDetails }

func (e *scriptError) Error() string { return e.details.Message }

// compileQuery compiles a query in a session in which other statements were
// carried out before it. None of them may change what is kept.
func (g *Gateway) compileQuery(ctx context.Context, req request, before []string, statement string) (*opened, *sql.Outcome, error) {
	release, err := g.compiling(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer release()
	o, err := g.open(ctx, req.namespace.Metadata.Name, req.catalog, req.database)
	if err != nil {
		return nil, nil, err
	}
	for i, text := range append(before[:len(before):len(before)], statement) {
		statements, err := parse.Script(text)
		if err == nil && len(statements) != 1 && i == len(before) {
			err = fmt.Errorf("one query can be followed; this has %d statements", len(statements))
		}
		var out *sql.Outcome
		for _, st := range statements {
			if err != nil {
				break
			}
			if changesCatalogs(st) {
				err = ast.Errorf(st.Pos(), "this changes the catalog: execute it by itself before the query")
				break
			}
			if out, err = o.Execute(st); err != nil {
				err = o.explained(err, st)
			}
		}
		if err == nil && i == len(before) && out.Kind != sql.Select {
			err = ast.Errorf(statements[0].Pos(), "only a query can be followed")
		}
		if err != nil {
			details := detailsOf(err, text)
			if i < len(before) {
				details = &errorDetails{Message: "in a statement before the query: " + details.Message}
			}
			return nil, nil, &scriptError{details}
		}
		if i == len(before) {
			return o, out, nil
		}
	}
	return nil, nil, resource.Invalidf("statement", "must be set")
}

// queryConfig is what a query that is shown runs with.
func queryConfig(o *opened, memory int64) map[string]string {
	config := map[string]string{}
	maps.Copy(config, o.Config())
	maps.DeleteFunc(config, func(key, _ string) bool { return !strings.HasPrefix(key, "table.") })
	config["parallelism.default"], config["restart-strategy.type"] = "1", "none"
	config["state.backend.memory"] = strconv.FormatInt(memory, 10)
	return config
}

// Bounds on what is sent of a followed query.
const (
	followEvery   = 100 * time.Millisecond // between two sendings
	followPending = 1000                   // changes that wait to be sent: with followEvery, 10,000 a second
	followBytes   = 1 << 20                // of them
	followBeat    = 10 * time.Second
)

// followed are the changes of a query that wait to be sent. Its lock is the
// channel of one token: whoever has it may touch the rest.
type followed struct {
	run     context.Context
	headers []tableHeader
	text    *data.Texter
	buf     []byte
	limit   int
	whole   int // so many rows are all there will be; 0: not known

	token   chan struct{} // cap 1
	pending []byte        // JSON arrays with commas between
	count   int           // of pending
	taken   int           // since the start
	space   chan struct{} // cap 1: pending was taken away
	wake    chan struct{} // cap 1: there is something in pending, or stopped is set
	stopped string        // why no more is taken
}

func newFollowed(run context.Context, columns []data.Column, zone string, limit int) (*followed, error) {
	if zone == "" || zone == "default" {
		zone = "UTC"
	}
	z, err := function.LoadZone(zone)
	if err != nil {
		return nil, fmt.Errorf("table.local-time-zone: %w", err)
	}
	f := &followed{
		run: run, text: data.NewTexter(z.Location, true), limit: limit,
		token: make(chan struct{}, 1), space: make(chan struct{}, 1), wake: make(chan struct{}, 1),
	}
	for _, c := range columns {
		f.headers = append(f.headers, tableHeader{Name: c.Name, Type: c.Type.String()})
	}
	return f, nil
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// take is called by the job with its results; it waits while too much is
// waiting to be sent.
func (f *followed) take(b *data.Batch) error {
	for i := range b.Len() {
		r := b.Row(i)
		f.token <- struct{}{}
		for f.stopped == "" && (f.count >= followPending || len(f.pending) >= followBytes) {
			<-f.token
			select {
			case <-f.space:
			case <-f.run.Done():
				return errEnough
			}
			f.token <- struct{}{}
		}
		if f.stopped == "" {
			f.add(b.Op(r).String(), b.Cols, r)
		}
		stopped := f.stopped != ""
		<-f.token
		signal(f.wake)
		if stopped {
			return errEnough
		}
	}
	return nil
}

func (f *followed) add(op string, cols []*data.Vector, r int) {
	if f.count > 0 {
		f.pending = append(f.pending, ',')
	}
	f.pending = append(f.pending, '[', '"')
	f.pending = append(f.pending, op...)
	f.pending = append(f.pending, '"')
	for _, c := range cols {
		f.pending = append(f.pending, ',')
		if c.IsNull(r) {
			f.pending = append(f.pending, "null"...)
			continue
		}
		f.buf = f.text.Append(f.buf[:0], c, r)
		value := string(f.buf)
		if len(value) > cellBytes {
			value = strings.ToValidUTF8(value[:cellBytes], "") + "…"
		}
		text, err := json.Marshal(value)
		if err != nil {
			text = []byte(`""`) // a string always encodes
		}
		f.pending = append(f.pending, text...)
	}
	f.pending = append(f.pending, ']')
	f.count++
	f.taken++
	switch {
	case f.whole > 0 && f.taken >= f.whole:
		f.stopped = "END"
	case f.taken >= f.limit:
		f.stopped = "ROWS"
	}
}

// send writes what there is, now and then, until the query ends; then it gives
// its error. Nil: the query has not ended, but there is nothing more to send.
func (f *followed) send(s *stream, ended <-chan error) *error {
	if !s.write(map[string]any{"headers": f.headers}) {
		return nil
	}
	beat := time.NewTicker(followBeat)
	defer beat.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case err := <-ended:
			f.flush(s)
			return &err
		case <-f.run.Done():
			f.flush(s)
			return nil
		case <-beat.C:
			if !s.write(struct{}{}) {
				return nil
			}
			continue
		case <-f.wake:
		}
		ok, stopped := f.flush(s)
		if !ok || stopped {
			return nil
		}
		pause.Reset(followEvery)
		select {
		case <-pause.C:
		case <-f.run.Done():
		case err := <-ended:
			f.flush(s)
			return &err
		}
	}
}

// flush writes what waits.
func (f *followed) flush(s *stream) (ok, stopped bool) {
	f.token <- struct{}{}
	rows := f.pending
	f.pending, f.count = nil, 0
	stopped = f.stopped != ""
	<-f.token
	signal(f.space)
	if len(rows) == 0 {
		return true, stopped
	}
	line := append(append([]byte(`{"rows":[`), rows...), "]}\n"...)
	return s.line(line), stopped
}

// ended says why there is no more.
func (f *followed) ended(ctx, run context.Context, limit time.Duration, err error, secrets *secrets) followEnd {
	f.token <- struct{}{}
	stopped := f.stopped
	<-f.token
	switch {
	case stopped == "END":
		return followEnd{Reason: "END", Message: "all rows of the query"}
	case stopped == "ROWS":
		return followEnd{Reason: "ROWS", Message: fmt.Sprintf("the query was stopped after %d changes", f.limit)}
	case ctx.Err() != nil:
		return followEnd{Reason: "STOPPED", Message: "the query was stopped"}
	case run.Err() != nil:
		return followEnd{Reason: "TIME", Message: fmt.Sprintf("the query was stopped after %s; deploy it to run it for longer", limit)}
	case err == nil:
		return followEnd{Reason: "END", Message: "all rows of the query"}
	}
	return followEnd{Reason: "FAILED", Message: "the query failed", Error: &errorDetails{Message: secrets.hide(err.Error())}}
}

// stream is an answer of JSON documents, one a line, each sent at once.
type stream struct {
	w    http.ResponseWriter
	out  *http.ResponseController
	lost bool
}

func newStream(w http.ResponseWriter) *stream {
	h := w.Header()
	h.Set("Content-Type", "application/x-ndjson")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	return &stream{w: w, out: http.NewResponseController(w)}
}

func (s *stream) write(v any) bool {
	text, err := json.Marshal(v)
	return err == nil && s.line(append(text, '\n'))
}

func (s *stream) line(text []byte) bool {
	if s.lost {
		return false
	}
	const within = 20 * time.Second                    // for a reader that does not take what we send
	_ = s.out.SetWriteDeadline(time.Now().Add(within)) // not all writers can; then TCP decides
	if _, err := s.w.Write(text); err != nil || s.out.Flush() != nil {
		s.lost = true
	}
	return !s.lost
}

func (s *stream) end(e followEnd) {
	s.write(map[string]any{"end": e})
	_ = s.out.SetWriteDeadline(time.Time{})
}
