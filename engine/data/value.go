package data

// Value is one SQL value outside the data path: a literal in a plan, a result
// row, a test's expectation. Which field counts follows from the type's layout.
type Value struct {
	Null bool    `json:"null,omitzero"`
	I    int64   `json:"i,omitzero"` // BOOLEAN (0, 1), integers, dates, times, milliseconds, small decimals, intervals
	Nano int32   `json:"nano,omitzero"`
	F    float64 `json:"f,omitzero"` // FLOAT, DOUBLE; NaN and infinities as text in JSON
	D    Int128  `json:"d,omitzero"` // wide decimals
	S    string  `json:"s,omitzero"` // strings, and bytes as they are
	// Elems are the elements of ARRAY, the fields of ROW; for MAP and MULTISET
	// keys and values (counts) alternate.
	Elems []Value `json:"elems,omitzero"`
}

// NullValue is SQL NULL of any type.
func NullValue() Value { return Value{Null: true} }
