package data

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Kind is the root of a SQL type.
type Kind uint8

// The SQL types of Flink.
const (
	Null Kind = iota // the type of a bare NULL
	Boolean
	TinyInt
	SmallInt
	Int
	BigInt
	Float
	Double
	Decimal
	Char
	VarChar
	Binary
	VarBinary
	Date              // days since 1970-01-01
	Time              // milliseconds since midnight
	Timestamp         // wall clock: milliseconds since 1970-01-01T00:00:00, plus nanoseconds of the millisecond
	TimestampLTZ      // instant: milliseconds since the epoch, plus nanoseconds of the millisecond
	IntervalYearMonth // months
	IntervalDayTime   // milliseconds
	Array
	Map
	Multiset
	Row
	Variant
	Raw
	Bitmap32 // BITMAP: a set of 32-bit numbers, see Bitmap
)

// MaxLength is the length of STRING and BYTES.
const MaxLength = math.MaxInt32

// Type is a SQL type; plain data, compared with Equal.
type Type struct {
	Kind     Kind `json:"kind"`
	Nullable bool `json:"nullable,omitzero"`
	// Precision is digits of DECIMAL, fraction digits of TIME and the
	// timestamps, length of CHAR, VARCHAR (code points), BINARY, VARBINARY
	// (bytes), leading digits of intervals.
	Precision int `json:"precision,omitzero"`
	Scale     int `json:"scale,omitzero"` // DECIMAL; fraction digits of IntervalDayTime
	// Args are the element of ARRAY and MULTISET, key and value of MAP, the
	// fields of ROW (named by Names).
	Args  []Type   `json:"args,omitzero"`
	Names []string `json:"names,omitzero"`
	// Class makes a ROW a structured type: the name of a class of the JVM.
	Class string `json:"class,omitzero"`
	// TimeAttr marks a time attribute: event time with a watermark, or
	// processing time. It is a property of a column of a stream, ignored by Equal.
	TimeAttr TimeAttr `json:"timeAttr,omitzero"`
}

// TimeAttr says whether a column is a time attribute.
type TimeAttr uint8

// Time attributes.
const (
	NoTimeAttr TimeAttr = iota
	EventTime           // *ROWTIME*
	ProcTime            // *PROCTIME*
)

// Column is a named, typed column.
type Column struct {
	Name string `json:"name"`
	Type Type   `json:"type"`
}

// Phys is how values of a type lie in a Vector.
type Phys uint8

// The physical layouts.
const (
	PhysNull   Phys = iota
	PhysBool        // Bool
	PhysI32         // I32: TINYINT, SMALLINT, INT, DATE, TIME, year-month intervals
	PhysI64         // I64: BIGINT, DECIMAL up to 18 digits, timestamps up to 3 fraction digits, day-time intervals
	PhysF32         // F32
	PhysF64         // F64
	PhysI128        // I128: DECIMAL of 19 to 38 digits
	PhysTime        // I64 milliseconds and Nano: timestamps of more than 3 fraction digits
	PhysString      // Views: CHAR, VARCHAR, BINARY, VARBINARY, VARIANT, RAW, BITMAP
	PhysList        // Offsets, Children[0]: ARRAY; Children[0..1]: MAP; element and count: MULTISET
	PhysRow         // Children, one per field
)

// Phys returns the layout of t.
func (t Type) Phys() Phys {
	switch t.Kind {
	case Boolean:
		return PhysBool
	case TinyInt, SmallInt, Int, Date, Time, IntervalYearMonth:
		return PhysI32
	case BigInt, IntervalDayTime:
		return PhysI64
	case Float:
		return PhysF32
	case Double:
		return PhysF64
	case Decimal:
		if t.Precision <= 18 {
			return PhysI64
		}
		return PhysI128
	case Timestamp, TimestampLTZ:
		if t.Precision <= 3 {
			return PhysI64
		}
		return PhysTime
	case Char, VarChar, Binary, VarBinary, Variant, Raw, Bitmap32:
		return PhysString
	case Array, Map, Multiset:
		return PhysList
	case Row:
		return PhysRow
	}
	return PhysNull
}

// Of makes a nullable type without parameters.
func Of(k Kind) Type { return Type{Kind: k, Nullable: true} }

// String is the STRING type, nullable.
func String() Type { return Type{Kind: VarChar, Nullable: true, Precision: MaxLength} }

// NotNull returns t without NULL.
func (t Type) NotNull() Type { t.Nullable = false; return t }

// WithNull returns t with NULL allowed if nullable.
func (t Type) WithNull(nullable bool) Type { t.Nullable = nullable; return t }

// Equal compares types with nullability, without time attributes.
func (t Type) Equal(u Type) bool { return t.Nullable == u.Nullable && t.SameAs(u) }

// SameAs compares types without the outermost nullability and time attributes.
func (t Type) SameAs(u Type) bool {
	if t.Kind != u.Kind || t.Class != u.Class || t.Precision != u.Precision || t.Scale != u.Scale || len(t.Args) != len(u.Args) || len(t.Names) != len(u.Names) {
		return false
	}
	for i := range t.Args {
		if !t.Args[i].Equal(u.Args[i]) {
			return false
		}
	}
	for i := range t.Names {
		if t.Names[i] != u.Names[i] {
			return false
		}
	}
	return true
}

// String is the SQL text, as Flink prints it: NOT NULL where not nullable,
// STRING for VARCHAR(2147483647), BYTES for VARBINARY(2147483647).
func (t Type) String() string {
	s := t.sql()
	if !t.Nullable {
		s += " NOT NULL"
	}
	return s
}

func (t Type) sql() string {
	switch t.Kind {
	case Null:
		return "NULL"
	case Boolean:
		return "BOOLEAN"
	case TinyInt:
		return "TINYINT"
	case SmallInt:
		return "SMALLINT"
	case Int:
		return "INT"
	case BigInt:
		return "BIGINT"
	case Float:
		return "FLOAT"
	case Double:
		return "DOUBLE"
	case Decimal:
		return fmt.Sprintf("DECIMAL(%d, %d)", t.Precision, t.Scale)
	case Char:
		return "CHAR(" + strconv.Itoa(t.Precision) + ")"
	case VarChar:
		if t.Precision == MaxLength {
			return "STRING"
		}
		return "VARCHAR(" + strconv.Itoa(t.Precision) + ")"
	case Binary:
		return "BINARY(" + strconv.Itoa(t.Precision) + ")"
	case VarBinary:
		if t.Precision == MaxLength {
			return "BYTES"
		}
		return "VARBINARY(" + strconv.Itoa(t.Precision) + ")"
	case Date:
		return "DATE"
	case Time:
		return "TIME(" + strconv.Itoa(t.Precision) + ")"
	case Timestamp:
		return "TIMESTAMP(" + strconv.Itoa(t.Precision) + ")"
	case TimestampLTZ:
		return "TIMESTAMP_LTZ(" + strconv.Itoa(t.Precision) + ")"
	case IntervalYearMonth:
		return "INTERVAL YEAR(" + strconv.Itoa(t.Precision) + ") TO MONTH"
	case IntervalDayTime:
		return fmt.Sprintf("INTERVAL DAY(%d) TO SECOND(%d)", t.Precision, t.Scale)
	case Array:
		return "ARRAY<" + t.Args[0].String() + ">"
	case Map:
		return "MAP<" + t.Args[0].String() + ", " + t.Args[1].String() + ">"
	case Multiset:
		return "MULTISET<" + t.Args[0].String() + ">"
	case Row:
		var b strings.Builder
		b.WriteString("ROW<")
		if t.Class != "" {
			b.Reset()
			b.WriteString("STRUCTURED<'" + strings.ReplaceAll(t.Class, "'", "''") + "', ")
		}
		for i, f := range t.Args {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString("`" + strings.ReplaceAll(t.Names[i], "`", "``") + "` " + f.String())
		}
		b.WriteString(">")
		return b.String()
	case Variant:
		return "VARIANT"
	case Bitmap32:
		return "BITMAP"
	}
	return "RAW"
}
