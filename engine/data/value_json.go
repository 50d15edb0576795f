package data

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// valueJSON is Value as JSON: floats JSON cannot say are text, and strings that
// are not UTF-8 travel as bytes.
type valueJSON struct {
	Null  bool            `json:"null,omitzero"`
	I     int64           `json:"i,omitzero"`
	Nano  int32           `json:"nano,omitzero"`
	F     json.RawMessage `json:"f,omitempty"`
	D     Int128          `json:"d,omitzero"`
	S     string          `json:"s,omitzero"`
	B     []byte          `json:"b,omitempty"`
	Elems []Value         `json:"elems,omitzero"`
}

// MarshalJSON writes the value so that UnmarshalJSON gives the same bits back.
func (x Value) MarshalJSON() ([]byte, error) {
	j := valueJSON{Null: x.Null, I: x.I, Nano: x.Nano, D: x.D, S: x.S, Elems: x.Elems}
	switch {
	case math.IsNaN(x.F) || math.IsInf(x.F, 0):
		j.F = json.RawMessage(strconv.Quote(string(AppendDouble(nil, x.F))))
	case x.F != 0 || math.Signbit(x.F):
		j.F = strconv.AppendFloat(nil, x.F, 'g', -1, 64)
	}
	if !utf8.ValidString(x.S) {
		j.S, j.B = "", []byte(x.S)
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (x *Value) UnmarshalJSON(p []byte) error {
	var j valueJSON
	if err := json.Unmarshal(p, &j); err != nil {
		return fmt.Errorf("read a value: %w", err)
	}
	*x = Value{Null: j.Null, I: j.I, Nano: j.Nano, D: j.D, S: j.S, Elems: j.Elems}
	if len(j.B) > 0 {
		x.S = string(j.B)
	}
	if len(j.F) > 0 {
		text := string(j.F)
		if text[0] == '"' {
			if err := json.Unmarshal(j.F, &text); err != nil {
				return fmt.Errorf("read a float: %w", err)
			}
		}
		f, err := ParseFloat(text, 64)
		if err != nil {
			return fmt.Errorf("read a float: %w", err)
		}
		x.F = f
	}
	return nil
}

// MarshalJSON writes the decimal digits as text.
func (a Int128) MarshalJSON() ([]byte, error) {
	return append(AppendInt128([]byte{'"'}, a), '"'), nil
}

// UnmarshalJSON reads digits.
func (a *Int128) UnmarshalJSON(p []byte) error {
	var s string
	if err := json.Unmarshal(p, &s); err != nil {
		return fmt.Errorf("read a decimal: %w", err)
	}
	x, err := ParseDecimal(s, MaxDecimal, 0)
	*a = x
	return err
}
