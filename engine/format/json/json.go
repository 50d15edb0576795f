// Package json is the json format: one object a line, read and written as
// Flink does.
//
// The rule: the reader knows the schema and goes through the text once, each
// value straight into its column. Every byte is checked to be JSON, also of
// what is not wanted.
package json

import (
	"errors"
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/option"
)

// Format is the entry of the json format.
var Format = &format.Format{
	Name: "json",
	Doc:  "JSON objects, one a line. Columns are the members of that name; names are case sensitive, other members are left out.",
	Options: []option.Option{
		{Key: "fail-on-missing-field", Type: option.Bool, Default: "false", Doc: "A missing member is an error instead of NULL."},
		{Key: "ignore-parse-errors", Type: option.Bool, Default: "false", Doc: "Values that do not fit become NULL and lines that are not JSON are skipped, instead of failing."},
		{Key: "timestamp-format.standard", Type: option.Enum, Enum: []string{"SQL", "ISO-8601"}, Default: "SQL", Doc: "How timestamps are written: 2024-02-29 12:34:56.789 or 2024-02-29T12:34:56.789; instants end in Z."},
		{Key: "map-null-key.mode", Type: option.Enum, Enum: []string{"FAIL", "DROP", "LITERAL"}, Default: "FAIL", Doc: "What to do on writing a map with a NULL key: fail, leave the entry out, or write map-null-key.literal."},
		{Key: "map-null-key.literal", Default: "null", Doc: "The member name for a NULL key."},
		{Key: "encode.decimal-as-plain-number", Type: option.Bool, Default: "false", Doc: "Write decimals without an exponent: 0.000000027 instead of 2.7E-8."},
		{Key: "encode.ignore-null-fields", Type: option.Bool, Default: "false", Doc: "Leave members that are NULL out on writing."},
		{Key: "decode.json-parser.enabled", Type: option.Bool, Default: "true", Doc: "Accepted as in Flink, where it chooses a parser; there is one here."},
	},
	Lines:     func(option.Values) bool { return true },
	CheckRead: func(_ []data.Column, o option.Values) error { return checkOptions(o) },
	Decoder:   func(s format.DecoderSpec) (format.Decoder, error) { return newDecoder(s) },
	Encoder:   func(s format.EncoderSpec) (format.Encoder, error) { return newEncoder(s) },
}

func checkOptions(o option.Values) error {
	if o.Bool("fail-on-missing-field") && o.Bool("ignore-parse-errors") {
		return errors.New("fail-on-missing-field and ignore-parse-errors shouldn't both be true. (options 'json.fail-on-missing-field' and 'json.ignore-parse-errors')")
	}
	return nil
}

func layouts(o option.Values) (timestamp, instant format.Layout) {
	l := format.Layout{Sep: ' '}
	if o.String("timestamp-format.standard") == "ISO-8601" {
		l = format.Layout{Sep: 'T', ShortTime: true}
	}
	timestamp, instant = l, l
	instant.Zulu = true
	return timestamp, instant
}

// supported says why values of a type cannot be read or written.
func supported(name string, t data.Type) error {
	switch t.Kind {
	case data.Map, data.Multiset:
		if k := t.Args[0].Kind; k != data.Char && k != data.VarChar {
			return fmt.Errorf("JSON format doesn't support non-string as key type of map: field '%s' is %s", name, t.WithNull(true))
		}
	case data.Variant, data.Raw, data.Bitmap32, data.IntervalYearMonth, data.IntervalDayTime:
		return fmt.Errorf("unsupported type '%s' for field '%s' in format json", t.WithNull(true), name)
	}
	for _, a := range t.Args {
		if err := supported(name, a); err != nil {
			return err
		}
	}
	return nil
}
