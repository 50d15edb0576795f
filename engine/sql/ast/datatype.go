package ast

// DataType is a type as written, under one canonical name.
//
// Name is one of BOOLEAN TINYINT SMALLINT INT BIGINT FLOAT DOUBLE DECIMAL CHAR
// VARCHAR STRING BINARY VARBINARY BYTES DATE TIME TIMESTAMP TIMESTAMP_LTZ
// INTERVAL ARRAY MULTISET MAP ROW RAW STRUCTURED VARIANT NULL DESCRIPTOR …;
// synonyms (INTEGER, DEC, NUMERIC, REAL, DOUBLE PRECISION, CHARACTER VARYING,
// TIMESTAMP WITH LOCAL TIME ZONE, INT ARRAY …) are already resolved. A name
// that is not a keyword gives Name "" and User.
type DataType struct {
	Span
	Name    string
	Params  []int         // DECIMAL(10, 2), VARCHAR(8), TIMESTAMP(3); nil if not written
	Elem    *DataType     // ARRAY, MULTISET; the value of MAP
	Key     *DataType     // MAP
	Fields  []RowField    // ROW, STRUCTURED
	Unit    *IntervalUnit // INTERVAL
	Strings []string      // RAW('class', 'serializer'), STRUCTURED<'class', …>
	User    *Name
	NotNull bool
}

// RowField is one field of ROW<name TYPE 'comment'>.
type RowField struct {
	Span
	Name    Ident
	Type    *DataType
	Comment *string
}
