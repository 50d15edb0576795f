package jdbc

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/weir-streams/weir/engine/data"
)

// parse makes a value of a type of the database's text.
func parse(text string, t data.Type) (data.Value, error) {
	switch t.Kind {
	case data.Boolean:
		b, err := data.ParseBool(text)
		if b {
			return data.Value{I: 1}, err
		}
		return data.Value{}, err
	case data.TinyInt, data.SmallInt, data.Int, data.BigInt:
		n, err := data.ParseInt(text, map[data.Kind]int{data.TinyInt: 8, data.SmallInt: 16, data.Int: 32, data.BigInt: 64}[t.Kind])
		return data.Value{I: n}, err
	case data.Float, data.Double:
		bits := 64
		if t.Kind == data.Float {
			bits = 32
		}
		f, err := data.ParseFloat(text, bits)
		return data.Value{F: f}, err
	case data.Decimal:
		d, err := data.ParseDecimal(text, t.Precision, t.Scale)
		if t.Phys() == data.PhysI64 {
			return data.Value{I: int64(d.Lo)}, err
		}
		return data.Value{D: d}, err
	case data.Char, data.VarChar:
		return data.Value{S: text}, nil
	case data.Binary, data.VarBinary:
		digits, ok := strings.CutPrefix(text, `\x`)
		b, err := hex.DecodeString(digits)
		if !ok || err != nil {
			return data.Value{}, fmt.Errorf("%q is no binary value", text)
		}
		return data.Value{S: string(b)}, nil
	case data.Date:
		n, err := data.ParseDate(text)
		return data.Value{I: int64(n)}, err
	case data.Time:
		n, err := data.ParseTime(text)
		return data.Value{I: int64(n)}, err
	case data.Timestamp, data.TimestampLTZ:
		return parseTimestamp(text, t)
	case data.Array:
		texts, err := elements(text)
		if err != nil {
			return data.Value{}, err
		}
		x := data.Value{Elems: make([]data.Value, len(texts))}
		for i, e := range texts {
			if e == nil {
				x.Elems[i] = data.NullValue()
			} else if x.Elems[i], err = parse(*e, t.Args[0]); err != nil {
				return data.Value{}, err
			}
		}
		return x, nil
	}
	return data.Value{}, supported(t)
}

// parseTimestamp reads a time with or without the +00 of the session's zone, UTC.
func parseTimestamp(text string, t data.Type) (data.Value, error) {
	at := strings.TrimSuffix(text, "+00")
	millis, nano, err := data.ParseTimestamp(at)
	if err != nil {
		return data.Value{}, err
	}
	if t.Phys() == data.PhysI64 {
		return data.Value{I: millis}, nil
	}
	return data.Value{I: millis, Nano: nano}, nil
}

var errArray = errors.New("the text of the array is not as PostgreSQL writes arrays of one dimension")

// elements takes the text of an array apart: {1,NULL,"a,b"}.
func elements(text string) ([]*string, error) {
	if len(text) < 2 || text[0] != '{' || text[len(text)-1] != '}' {
		return nil, errArray
	}
	var out []*string
	for s := text[1 : len(text)-1]; s != ""; {
		var e strings.Builder
		word := true
		if s[0] == '"' {
			word = false
			i := 1
			for ; i < len(s) && s[i] != '"'; i++ {
				if s[i] == '\\' {
					i++
				}
				if i < len(s) {
					e.WriteByte(s[i])
				}
			}
			if i >= len(s) {
				return nil, errArray
			}
			s = s[i+1:]
		} else {
			i := strings.IndexAny(s, ",{}")
			if i < 0 {
				i = len(s)
			}
			e.WriteString(s[:i])
			s = s[i:]
		}
		if v := e.String(); word && v == "NULL" {
			out = append(out, nil)
		} else {
			out = append(out, &v)
		}
		if s == "" {
			break
		}
		if s[0] != ',' || len(s) == 1 {
			return nil, errArray
		}
		s = s[1:]
	}
	return out, nil
}

// text is what the database reads as row i of a column; nil is NULL.
func text(v *data.Vector, i int) *string {
	if v.IsNull(i) || v.Type.Kind == data.Null {
		return nil
	}
	var s string
	switch v.Type.Kind {
	case data.Binary, data.VarBinary:
		s = `\x` + hex.EncodeToString(v.Bytes(i))
	case data.TimestampLTZ:
		s = string(data.AppendText(nil, v, i, time.UTC)) + "+00"
	case data.Array:
		c := v.Children[0]
		parts := make([]string, 0, v.Offsets[i+1]-v.Offsets[i])
		for k := v.Offsets[i]; k < v.Offsets[i+1]; k++ {
			e := text(c, int(k))
			if e == nil {
				parts = append(parts, "NULL")
			} else {
				parts = append(parts, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(*e)+`"`)
			}
		}
		s = "{" + strings.Join(parts, ",") + "}"
	default:
		s = string(data.AppendText(nil, v, i, time.UTC))
	}
	return &s
}
