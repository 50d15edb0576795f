// Package change is what the formats of change logs share: records that say
// what happened to a row, in JSON.
//
// The rule: a record counts whole or not at all. All of its changes are given
// together, or it is an error, or it is skipped and counted.
package change

import (
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/option"
)

// Form is how a format writes changes. A record is an object: one member has
// the kind of the change, others have the row before and after it.
type Form struct {
	Name  string // of the format
	Title string // of the tool that writes such records
	Doc   string

	Kind          string // member with the kind of change
	Before, After string // members with rows
	// Kinds of change. The first of Insert and Delete is written.
	Insert, Update, Delete []string
	Other                  []string // kinds that change no row
	// Partial: After has the rows of deletes too, and Before only those columns
	// of a row that an update has changed.
	Partial bool
	// Lists: rows are given in arrays, several in one record.
	Lists bool
	// Lost says why a row before may be missing.
	Lost string
	// Wrapped is a BOOLEAN option; if set, the object is the member payload of another.
	Wrapped string
	// Filters are members whose text chooses records, by the option that has the
	// regular expression.
	Filters []Filter
	// Options of this format besides those all have.
	Options []option.Option
}

// Filter lets records through whose member matches a regular expression as a whole.
type Filter struct{ Member, Option string }

// Format makes the entry of a format.
func (f Form) Format() *format.Format {
	return &format.Format{
		Name: f.Name, Doc: f.Doc, Changelog: true,
		Options: append(f.Options,
			option.Option{Key: "ignore-parse-errors", Type: option.Bool, Default: "false", Doc: "Values that do not fit become NULL; records that are not JSON, are incomplete or of an unknown kind are skipped, instead of failing."},
			option.Option{Key: "timestamp-format.standard", Type: option.Enum, Enum: []string{"SQL", "ISO-8601"}, Default: "SQL", Doc: "How timestamps are written: 2024-02-29 12:34:56.789 or 2024-02-29T12:34:56.789; instants end in Z."},
			option.Option{Key: "map-null-key.mode", Type: option.Enum, Enum: []string{"FAIL", "DROP", "LITERAL"}, Default: "FAIL", Doc: "What to do on writing a map with a NULL key: fail, leave the entry out, or write map-null-key.literal."},
			option.Option{Key: "map-null-key.literal", Default: "null", Doc: "The member name for a NULL key."},
			option.Option{Key: "encode.decimal-as-plain-number", Type: option.Bool, Default: "false", Doc: "Write decimals without an exponent: 0.000000027 instead of 2.7E-8."},
			option.Option{Key: "encode.ignore-null-fields", Type: option.Bool, Default: "false", Doc: "Leave members that are NULL out on writing."},
		),
		Decoder: func(s format.DecoderSpec) (format.Decoder, error) { return newDecoder(f, s) },
		Encoder: func(s format.EncoderSpec) (format.Encoder, error) { return newEncoder(f, s) },
	}
}
