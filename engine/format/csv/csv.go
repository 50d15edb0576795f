// Package csv is the csv format: rows as lines of separated fields, read and
// written as Flink does.
//
// The rule: a record is first split into fields, and only a whole one touches
// the columns, so that a cut-off or broken record leaves nothing behind.
package csv

import (
	"fmt"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/option"
)

// Format is the entry of the csv format.
var Format = &format.Format{
	Name: "csv",
	Doc:  "Comma-separated values. Columns are taken by position; a first line of names is data unless csv.skip-header-lines says otherwise.",
	Options: []option.Option{
		{Key: "field-delimiter", Default: ",", Doc: "The character between fields, one ASCII character; \\t is the tab.", Example: ";"},
		{Key: "disable-quote-character", Type: option.Bool, Default: "false", Doc: "Quotes are plain text; nothing is quoted on writing."},
		{Key: "quote-character", Default: `"`, Doc: "The character around fields that hold delimiters, quotes or line ends."},
		{Key: "allow-comments", Type: option.Bool, Default: "false", Doc: "Lines that begin with # are left out."},
		{Key: "ignore-parse-errors", Type: option.Bool, Default: "false", Doc: "Fields that do not parse and missing fields become NULL, lines that cannot be split are skipped, instead of failing."},
		{Key: "array-element-delimiter", Default: ";", Doc: "The characters between elements of arrays and fields of rows."},
		{Key: "escape-character", Doc: "The character that takes the meaning from the one after it.", Example: `\`},
		{Key: "null-literal", Doc: "The text that stands for NULL. Without it an empty field of a number column is an error.", Example: "n/a"},
		{Key: "write-bigdecimal-in-scientific-notation", Type: option.Bool, Default: "true", Doc: "Accepted as in Flink, where it changes nothing: decimals are written without trailing zeros, as 1E+2."},
		{Key: "skip-header-lines", Type: option.Int, Default: "0", Doc: "Lines left out at the front of each file. An option of weir's own."},
	},
	// A quoted or escaped field may have line feeds in it.
	Lines: func(o option.Values) bool {
		return o.Bool("disable-quote-character") && o.String("escape-character") == ""
	},
	CheckRead:  check,
	CheckWrite: check,
	Decoder:    func(s format.DecoderSpec) (format.Decoder, error) { return newDecoder(s) },
	Encoder:    func(s format.EncoderSpec) (format.Encoder, error) { return newEncoder(s) },
}

// dialect is the options that reading and writing share.
type dialect struct {
	delim, quote, escape byte // 0: none
	element              string
	null                 string
	hasNull              bool
}

func check(_ []data.Column, o option.Values) error {
	_, err := newDialect(o)
	return err
}

func newDialect(o option.Values) (dialect, error) {
	d := dialect{element: unescapeJava(o.String("array-element-delimiter")), null: o.String("null-literal"), hasNull: o.Has("null-literal")}
	if o.Bool("disable-quote-character") && o.Has("quote-character") {
		return d, fmt.Errorf("options 'csv.quote-character' and 'csv.disable-quote-character' are both given: Format cannot define a quote character and disabled quote character at the same time")
	}
	if o.Int("skip-header-lines") < 0 {
		return d, fmt.Errorf("option 'csv.skip-header-lines' must not be negative, got %d", o.Int("skip-header-lines"))
	}
	var err error
	one := func(key, text string) byte {
		if err == nil && (len(text) != 1 || text[0] == '\n' || text[0] == '\r' || text[0] >= 0x80) {
			err = fmt.Errorf("option 'csv.%s' must be a string with single character, but was: %s (it must be ASCII and no line end)", key, text)
		}
		return (text + "\x00")[0]
	}
	d.delim = one("field-delimiter", unescapeJava(orDefault(o.String("field-delimiter"), ",")))
	if !o.Bool("disable-quote-character") {
		d.quote = one("quote-character", orDefault(o.String("quote-character"), `"`))
	}
	if e := o.String("escape-character"); e != "" {
		d.escape = one("escape-character", e)
	}
	if d.escape == d.quote {
		d.escape = 0 // doubling already says it
	}
	if err == nil && (d.quote == d.delim || d.escape == d.delim) {
		err = fmt.Errorf("options 'csv.field-delimiter', 'csv.quote-character' and 'csv.escape-character' must differ, got %q twice", string(rune(d.delim)))
	}
	if d.element == "" {
		d.element = ";"
	}
	return d, err
}

func orDefault(s, or string) string {
	if s == "" {
		return or
	}
	return s
}

// unescapeJava reads what can be written for a delimiter: \t, \u0001 and the like.
func unescapeJava(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	if s == `\` {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 't':
			b.WriteByte('\t')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 'b':
			b.WriteByte('\b')
		case 'f':
			b.WriteByte('\f')
		case 'u':
			var r rune
			if n, err := fmt.Sscanf(s[i+1:], "%4x", &r); n == 1 && err == nil && len(s) >= i+5 {
				b.WriteRune(r)
				i += 4
				continue
			}
			b.WriteString(`\u`)
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// supported says why values of a type cannot be read or written.
func supported(name string, t data.Type) error {
	switch t.Kind {
	case data.Map, data.Multiset, data.Variant, data.Raw, data.Bitmap32, data.IntervalYearMonth, data.IntervalDayTime, data.Null:
		return fmt.Errorf("unsupported type '%s' for field '%s' in format csv", t.WithNull(true), name)
	case data.Array, data.Row:
		for _, a := range t.Args {
			if a.Kind == data.Array || a.Kind == data.Row {
				return fmt.Errorf("unsupported type '%s' for field '%s' in format csv: lists cannot be in lists", t.WithNull(true), name)
			}
			if err := supported(name, a); err != nil {
				return err
			}
		}
	}
	return nil
}
