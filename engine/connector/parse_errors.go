package connector

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
	"unicode/utf8"

	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/option"
)

// ParseErrorsOption is for sources whose formats can skip records.
var ParseErrorsOption = option.Option{
	Key: "scan.parse-errors.path", Example: "/data/rejected",
	Doc: "A folder for the records that '<format>.ignore-parse-errors' leaves out, as lines of JSON with where, why and the record: a table of format json with the columns source, line, error, record, at reads them. Each at least once. An option of weir's own.",
}

// ParseErrors writes down the records that a source leaves out. It belongs to
// one goroutine; a nil one does nothing.
type ParseErrors struct {
	dir, name string
	file      *os.File
	out       *bufio.Writer
	failed    error
}

// rejected is one line.
type rejected struct {
	Source string `json:"source"`
	Line   int64  `json:"line"`
	Error  string `json:"error"`
	Record string `json:"record"`
	// Hex: the record is no text, and written in hexadecimal.
	Hex bool   `json:"hex,omitzero"`
	At  string `json:"at"`
}

// NewParseErrors makes what the option of a source says, nil without it.
func NewParseErrors(s SourceSpec) (*ParseErrors, error) {
	dir := s.Options.String(ParseErrorsOption.Key)
	if dir == "" {
		return nil, nil
	}
	if s.Format == nil || !s.FormatOptions.Bool("ignore-parse-errors") {
		name := "<format>"
		if s.Format != nil {
			name = s.Format.Name
		}
		return nil, fmt.Errorf("option '%s' needs '%s.ignore-parse-errors' to be true: otherwise such a record fails the job", ParseErrorsOption.Key, name)
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(s.Dir, dir)
	}
	var unique [6]byte
	if _, err := rand.Read(unique[:]); err != nil {
		return nil, fmt.Errorf("make a name: %w", err)
	}
	return &ParseErrors{dir: dir, name: fmt.Sprintf("rejected-%s-%d.json", hex.EncodeToString(unique[:]), s.Subtask)}, nil
}

// Add writes a record. What goes wrong is said by Flush.
func (p *ParseErrors) Add(source string, e *format.RecordError, record []byte) {
	if p == nil || p.failed != nil {
		return
	}
	if p.file == nil {
		if p.failed = os.MkdirAll(p.dir, 0o777); p.failed != nil {
			return
		}
		if p.file, p.failed = os.OpenFile(filepath.Join(p.dir, p.name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666); p.failed != nil {
			return
		}
		p.out = bufio.NewWriterSize(p.file, 64<<10)
	}
	x := rejected{Source: source, Line: e.Line, Error: e.Err.Error(), Record: string(record), At: time.Now().UTC().Format("2006-01-02 15:04:05.000")}
	if n := len(x.Record); n > 0 && x.Record[n-1] == '\n' {
		x.Record = x.Record[:n-1]
	}
	if !utf8.Valid(record) {
		x.Record, x.Hex = hex.EncodeToString(record), true
	}
	line, err := json.Marshal(x)
	if err == nil {
		_, err = p.out.Write(append(line, '\n'))
	}
	p.failed = err
}

// Flush makes what was added durable: before a checkpoint, after which the
// records are not read again.
func (p *ParseErrors) Flush() error {
	if p == nil {
		return nil
	}
	if p.failed == nil && p.file != nil && p.out.Buffered() > 0 {
		if p.failed = p.out.Flush(); p.failed == nil {
			p.failed = p.file.Sync()
		}
	}
	if p.failed != nil {
		return fmt.Errorf("option '%s': write down a record that is left out: %w", ParseErrorsOption.Key, p.failed)
	}
	return nil
}

// Close flushes and ends it.
func (p *ParseErrors) Close() error {
	if p == nil || p.file == nil {
		return nil
	}
	err := p.Flush()
	err = errors.Join(err, p.file.Close())
	p.file = nil
	return err
}
