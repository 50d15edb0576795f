package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/weir-streams/weir/engine/data"
)

const (
	drawEvery = 200 * time.Millisecond
	// tableRows is how many rows a table that is shown may have, as in Flink's
	// SQL client; 'sql-client.execution.max-table-result.rows' sets another.
	tableRows = 1_000_000
	// shownWidth is how wide a value may be in a table that changes.
	shownWidth = 40
)

var errTooMany = errors.New("the table has more rows than are kept; add a LIMIT, or SET 'sql-client.execution.result-mode' = 'changelog'")

// liveTable tells whether queries are shown as tables that change.
func (sh *shell) liveTable(config map[string]string) (bool, error) {
	switch mode := config["sql-client.execution.result-mode"]; mode {
	case "", "table", "TABLE":
		return sh.live, nil
	case "changelog", "CHANGELOG", "tableau", "TABLEAU":
		return false, nil
	default:
		return false, fmt.Errorf("'sql-client.execution.result-mode' is '%s'; it can be table, changelog or tableau", mode)
	}
}

// tableView draws a printer's table again and again while it changes.
type tableView struct {
	p       *printer
	columns []data.Column
	out     io.Writer
	file    io.Writer // whose size counts
	most    int64
	began   time.Time
	stop    chan struct{}
	ended   sync.WaitGroup
	lines   int   // drawn last
	seen    int64 // changes drawn
}

func (sh *shell) watchTable(p *printer, columns []data.Column, config map[string]string) *tableView {
	v := &tableView{p: p, columns: columns, out: sh.session.out, file: sh.session.out, most: tableRows, began: time.Now(), stop: make(chan struct{}), seen: -1}
	if n, err := strconv.ParseInt(config["sql-client.execution.max-table-result.rows"], 10, 64); err == nil && n > 0 {
		v.most = n
	}
	v.ended.Go(func() {
		beat := time.NewTicker(drawEvery)
		defer beat.Stop()
		for {
			select {
			case <-beat.C:
				v.draw()
			case <-v.stop:
				return
			}
		}
	})
	return v
}

// room is an error when the table has become too large to be kept.
func (v *tableView) room() error {
	v.p.mu.Lock()
	defer v.p.mu.Unlock()
	if v.p.table != nil && v.p.table.live > v.most {
		return errTooMany
	}
	return nil
}

// draw shows what fits of the table, over what was drawn before.
func (v *tableView) draw() {
	wide, high := terminalSize(v.file)
	v.p.mu.Lock()
	t := v.p.table
	if t == nil || t.changes == v.seen {
		v.p.mu.Unlock()
		return
	}
	v.seen = t.changes
	rows := t.rows(max(high-5, 1))
	status := fmt.Sprintf("%s after %s, %s so far; Ctrl-C ends the query", many(t.live, "row"), time.Since(v.began).Round(time.Second), many(t.changes, "change"))
	v.p.mu.Unlock()

	widths := make([]int, len(v.columns))
	for k, c := range v.columns {
		widths[k] = min(utf8.RuneCountInString(c.Name), shownWidth)
		for _, row := range rows {
			widths[k] = max(widths[k], min(utf8.RuneCountInString(cellText(row[k])), shownWidth))
		}
	}
	var b bytes.Buffer
	if v.lines > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\x1b[J", v.lines)
	}
	v.lines = 0
	line := func(cell func(k int) string, pad, between string) {
		var l []rune
		for k := range v.columns {
			if k > 0 {
				l = append(l, []rune(between)...)
			}
			text := []rune(cell(k))
			if len(text) > widths[k] {
				text = append(text[:widths[k]-1], '…')
			}
			l = append(l, text...)
			for range widths[k] - len(text) {
				l = append(l, []rune(pad)...)
			}
		}
		b.WriteString(string(l[:min(len(l), wide-1)]) + "\n")
		v.lines++
	}
	line(func(k int) string { return v.columns[k].Name }, " ", " | ")
	line(func(int) string { return "" }, "-", "-+-")
	for _, row := range rows {
		line(func(k int) string { return cellText(row[k]) }, " ", " | ")
	}
	if r := []rune(status); len(r) >= wide {
		status = string(r[:wide-1])
	}
	b.WriteString(status + "\n")
	v.lines++
	_, _ = v.out.Write(b.Bytes()) // a terminal that is gone shows at the next read
}

// cellText is a value on one line.
func cellText(v *string) string {
	if v == nil {
		return nullText
	}
	out := []rune(*v)
	for i, r := range out {
		if r < ' ' || r == 0x7f {
			out[i] = '�'
		}
	}
	return string(out)
}

// end takes away what was drawn and shows the whole table, as it is at the end,
// with the error that ended the query.
func (v *tableView) end(statement int, err error) (int64, error) {
	close(v.stop)
	v.ended.Wait()
	if v.lines > 0 {
		fmt.Fprintf(v.out, "\x1b[%dA\x1b[J", v.lines)
	}
	v.p.mu.Lock()
	rows := v.p.table.live
	v.p.mu.Unlock()
	return rows, errors.Join(v.p.finish(statement, v.columns), v.p.flush(), err)
}

// terminalSize is how many columns and lines a terminal has.
func terminalSize(out io.Writer) (wide, high int) {
	if f, ok := out.(*os.File); ok {
		if size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ); err == nil && size.Col > 0 && size.Row > 0 {
			return int(size.Col), int(size.Row)
		}
	}
	return 80, 24
}
