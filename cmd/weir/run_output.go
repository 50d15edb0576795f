package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// printer writes what a script gives, in one of three forms. Its methods may be
// called from the goroutines of a job.
type printer struct {
	form        string
	materialize bool
	plain       bool // rows are shown without their change kind

	mu    *sync.Mutex
	w     *bufio.Writer
	text  *data.Texter
	zone  *time.Location // that TIMESTAMP_LTZ is shown in
	table *materialized
	width []int
	buf   []byte
}

// nullText stands for NULL where text is read by people.
const nullText = "<NULL>"

func newPrinter(out io.Writer, o runOptions) (printer, error) {
	switch o.output {
	case "table", "json", "csv":
	default:
		return printer{}, usagef("--output must be table, json or csv, got %q", o.output)
	}
	return printer{
		form: o.output, materialize: o.materialize, mu: new(sync.Mutex),
		w: bufio.NewWriterSize(out, 64<<10), text: data.NewTexter(time.UTC, true), zone: time.UTC,
	}, nil
}

// setZone sets the time zone of TIMESTAMP_LTZ values by name; empty is UTC.
func (p *printer) setZone(name string) error {
	if name == "" {
		name = "UTC"
	}
	zone, err := function.LoadZone(name)
	if err != nil {
		return fmt.Errorf("table.local-time-zone: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if zone.Location != p.zone {
		p.zone, p.text = zone.Location, data.NewTexter(zone.Location, true)
	}
	return nil
}

func (p *printer) flush() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.w.Flush()
}

type jsonColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

func (p *printer) object(v any) error {
	enc := json.NewEncoder(p.w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// resultKind is how the rows of a result come.
type resultKind int

const (
	comeAsChanges resultKind = iota // each with its change kind
	comeAsRows                      // one after the other
	comeAtOnce                      // in one list
)

// schema announces the columns of a result.
func (p *printer) schema(statement int, columns []data.Column, kind resultKind) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plain = kind != comeAsChanges || p.materialize
	p.table = nil
	if kind == comeAsChanges && p.materialize {
		p.table = newMaterialized()
	}
	switch p.form {
	case "json":
		list := make([]jsonColumn, 0, len(columns))
		for _, c := range columns {
			list = append(list, jsonColumn{c.Name, c.Type.String()})
		}
		return p.object(struct {
			Statement int          `json:"statement"`
			Kind      string       `json:"kind"`
			Columns   []jsonColumn `json:"columns"`
		}{statement, "schema", list})
	case "csv":
		names := make([]string, 0, len(columns)+1)
		if !p.plain {
			names = append(names, "op")
		}
		for _, c := range columns {
			names = append(names, c.Name)
		}
		return p.csv(names)
	}
	p.width = p.width[:0]
	for _, c := range columns {
		p.width = append(p.width, max(utf8.RuneCountInString(c.Name), typicalWidth(c.Type)))
	}
	if p.table == nil && (kind != comeAtOnce || len(columns) == 1) {
		p.head(columns)
	}
	return nil
}

// list is listing for those who do not hold the lock.
func (p *printer) list(statement int, columns []data.Column, rows [][]*string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.listing(statement, columns, rows)
}

// listing prints rows that are all known, after schema.
func (p *printer) listing(statement int, columns []data.Column, rows [][]*string) error {
	if p.form == "table" && len(columns) > 1 {
		p.fit(columns, rows)
		p.head(columns)
	}
	return p.body(statement, rows)
}

// body prints rows that stay.
func (p *printer) body(statement int, rows [][]*string) error {
	for _, row := range rows {
		var err error
		if p.form == "json" {
			err = p.jsonTexts(statement, data.Insert, row)
		} else {
			err = p.cells("+I", row)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fit makes the columns as wide as what is in them.
func (p *printer) fit(columns []data.Column, rows [][]*string) {
	for k, c := range columns {
		p.width[k] = utf8.RuneCountInString(c.Name)
		for _, row := range rows {
			if row[k] == nil {
				p.width[k] = max(p.width[k], len(nullText))
			} else {
				p.width[k] = max(p.width[k], min(utf8.RuneCountInString(*row[k]), 60))
			}
		}
	}
}

// typicalWidth is how wide values of a type mostly are: rows are printed as
// they come, so the widths must be chosen before any is seen.
func typicalWidth(t data.Type) int {
	switch t.Kind {
	case data.Boolean, data.TinyInt:
		return 5
	case data.SmallInt, data.Int, data.Date:
		return 11
	case data.BigInt, data.Time:
		return 14
	case data.Float, data.Double:
		return 20
	case data.Decimal:
		return t.Precision + 2
	case data.Timestamp, data.TimestampLTZ:
		return 23
	case data.Char:
		return min(t.Precision, 30)
	}
	return 20
}

func (p *printer) head(columns []data.Column) {
	cells := make([]string, 0, len(columns))
	for _, c := range columns {
		cells = append(cells, c.Name)
	}
	p.line("op", cells)
	rule := "--"
	if p.plain {
		rule = ""
	}
	for i, w := range p.width {
		if i > 0 || !p.plain {
			rule += "-+-"
		}
		rule += strings.Repeat("-", w)
	}
	p.w.WriteString(rule + "\n")
}

func (p *printer) line(op string, cells []string) {
	if !p.plain {
		p.w.WriteString(op + " | ")
	}
	for i, c := range cells {
		if i > 0 {
			p.w.WriteString(" | ")
		}
		p.w.WriteString(c)
		if pad := p.width[i] - utf8.RuneCountInString(c); pad > 0 && i < len(cells)-1 {
			p.w.WriteString(strings.Repeat(" ", pad))
		}
	}
	p.w.WriteByte('\n')
}

func (p *printer) csv(fields []string) error {
	w := csv.NewWriter(p.w)
	if err := w.Write(fields); err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}

// batch prints the rows of a SELECT.
func (p *printer) batch(statement int, columns []data.Column, b *data.Batch) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range b.Len() {
		r := b.Row(i)
		if p.table != nil {
			p.table.apply(b.Op(r), p.row(b.Cols, r))
			continue
		}
		if p.form == "json" {
			p.jsonRow(statement, b.Op(r), b.Cols, r)
			continue
		}
		if err := p.cells(b.Op(r).String(), p.row(b.Cols, r)); err != nil {
			return err
		}
	}
	return p.w.Flush()
}

// row is the text of each value; nil is NULL.
func (p *printer) row(cols []*data.Vector, r int) []*string {
	row := make([]*string, len(cols))
	for k, c := range cols {
		if !c.IsNull(r) {
			p.buf = p.text.Append(p.buf[:0], c, r)
			s := string(p.buf)
			row[k] = &s
		}
	}
	return row
}

func (p *printer) jsonRow(statement int, op data.Op, cols []*data.Vector, r int) {
	fmt.Fprintf(p.w, `{"statement":%d,"kind":"row","op":"%s","values":[`, statement, op)
	for k, c := range cols {
		if k > 0 {
			p.w.WriteByte(',')
		}
		if c.IsNull(r) {
			p.w.WriteString("null")
			continue
		}
		p.buf = p.text.Append(p.buf[:0], c, r)
		writeJSONString(p.w, p.buf)
	}
	p.w.WriteString("]}\n")
}

// writeJSONString writes text as a JSON string; only unusual text takes the
// general way.
func writeJSONString(w *bufio.Writer, s []byte) {
	for _, c := range s {
		if c < 0x20 || c == '"' || c == '\\' || c >= 0x7f {
			var b strings.Builder
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(false)
			_ = enc.Encode(string(s)) // a string always encodes
			w.WriteString(strings.TrimSuffix(b.String(), "\n"))
			return
		}
	}
	w.WriteByte('"')
	w.Write(s)
	w.WriteByte('"')
}

func (p *printer) cells(op string, row []*string) error {
	cells := make([]string, 0, len(row)+1)
	if p.form == "csv" {
		if !p.plain {
			cells = append(cells, op)
		}
		for _, v := range row {
			if v == nil {
				cells = append(cells, "")
			} else {
				cells = append(cells, *v)
			}
		}
		return p.csv(cells)
	}
	for _, v := range row {
		if v == nil {
			cells = append(cells, nullText)
		} else {
			cells = append(cells, *v)
		}
	}
	p.line(op, cells)
	return nil
}

// values prints the rows of a SHOW, DESCRIBE or EXPLAIN.
func (p *printer) values(statement int, columns []data.Column, rows [][]data.Value) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.table = nil
	if p.form == "table" && len(columns) == 1 { // EXPLAIN, SHOW CREATE: text as it is
		for _, values := range rows {
			p.w.WriteString(data.FormatValue(values[0], columns[0].Type, p.zone) + "\n")
		}
		return nil
	}
	texts := make([][]*string, len(rows))
	for i, values := range rows {
		texts[i] = make([]*string, len(values))
		for k, v := range values {
			if !v.Null {
				texts[i][k] = new(data.FormatValue(v, columns[k].Type, p.zone))
			}
		}
	}
	return p.listing(statement, columns, texts)
}

func (p *printer) jsonTexts(statement int, op data.Op, row []*string) error {
	return p.object(struct {
		Statement int       `json:"statement"`
		Kind      string    `json:"kind"`
		Op        string    `json:"op"`
		Values    []*string `json:"values"`
	}{statement, "row", op.String(), row})
}

// texts prints changes of a query that runs elsewhere.
func (p *printer) texts(statement int, changes []client.SQLChange) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range changes {
		op := data.Insert
		for _, o := range []data.Op{data.UpdateBefore, data.UpdateAfter, data.Delete} {
			if o.String() == c.Op {
				op = o
			}
		}
		var err error
		switch {
		case p.table != nil:
			p.table.apply(op, c.Row)
		case p.form == "json":
			err = p.jsonTexts(statement, op, c.Row)
		default:
			err = p.cells(c.Op, c.Row)
		}
		if err != nil {
			return err
		}
	}
	return p.w.Flush()
}

// finish prints the final table, with --materialize.
func (p *printer) finish(statement int, columns []data.Column) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.table == nil {
		return nil
	}
	rows := p.table.rows(-1)
	p.table = nil
	if p.form == "table" {
		p.fit(columns, rows)
		p.head(columns)
	}
	return p.body(statement, rows)
}

// printed shows rows of print sinks, as Flink prints them: +I[a, b].
func (p *printer) printed(rows []connector.Printed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range rows {
		if p.form == "json" {
			_ = p.object(struct { // a failing standard output shows in flush
				Kind   string    `json:"kind"`
				Table  string    `json:"table"`
				Op     string    `json:"op"`
				Values []*string `json:"values"`
			}{"print", r.Table, r.Op.String(), r.Values})
			continue
		}
		p.w.WriteString(r.String() + "\n")
	}
	_ = p.w.Flush()
}

// end says that a statement is done.
func (p *printer) end(statement int, rows int64, took time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.form == "json" {
		if err := p.object(struct {
			Statement    int    `json:"statement"`
			Kind         string `json:"kind"`
			Rows         int64  `json:"rows"`
			Milliseconds int64  `json:"milliseconds"`
		}{statement, "end", rows, took.Milliseconds()}); err != nil {
			return err
		}
	}
	return p.w.Flush()
}

// fail reports a failed statement in the output, where that is its place.
func (p *printer) fail(statement int, err error) bool {
	if p.form != "json" {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	type failure struct {
		Statement int    `json:"statement"`
		Kind      string `json:"kind"`
		Message   string `json:"message"`
		Line      int    `json:"line,omitzero"`
		Column    int    `json:"column,omitzero"`
	}
	f := failure{Statement: statement, Kind: "error", Message: err.Error()}
	at := (*ast.Error)(nil)
	if errors.As(err, &at) {
		f.Message, f.Line, f.Column = at.Message, at.Pos.Line, at.Pos.Column
	}
	return p.object(f) == nil
}

func (p *printer) stats(s runStats) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.form == "json" {
		_ = p.object(struct { // a failing standard output shows in flush
			Kind        string  `json:"kind"`
			Wall        float64 `json:"wall_seconds"`
			CPU         float64 `json:"cpu_seconds"`
			RSS         int64   `json:"peak_rss_bytes"`
			In          int64   `json:"records_in"`
			Out         int64   `json:"records_out"`
			Checkpoints int64   `json:"checkpoints"`
		}{"stats", s.wall, s.cpu, s.peakRSS, s.in, s.out, s.checkpoints})
		return
	}
	fmt.Fprintf(p.w, "%.3f s, %.3f s of CPU, %d MiB at most, %d records in, %d out, %d checkpoints\n",
		s.wall, s.cpu, s.peakRSS>>20, s.in, s.out, s.checkpoints)
}
