package typing

import (
	"strings"
	"unicode"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/option"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// FromAST gives the type that was written; nullable unless NOT NULL stands there.
func FromAST(d *ast.DataType) (data.Type, error) {
	t, err := fromAST(d)
	if err != nil {
		return t, err
	}
	t.Nullable = !d.NotNull
	return t, nil
}

func fromAST(d *ast.DataType) (data.Type, error) {
	param := func(i, absent int) int {
		if i < len(d.Params) {
			return d.Params[i]
		}
		return absent
	}
	ranged := func(k data.Kind, n, low, high int) (data.Type, error) {
		if n < low || n > high {
			return data.Type{}, ast.Errorf(d.Pos(), "%s takes a number from %d to %d, got %d", d.Name, low, high, n)
		}
		return data.Type{Kind: k, Precision: n}, nil
	}
	switch d.Name {
	case "BOOLEAN":
		return data.Type{Kind: data.Boolean}, nil
	case "TINYINT":
		return data.Type{Kind: data.TinyInt}, nil
	case "SMALLINT":
		return data.Type{Kind: data.SmallInt}, nil
	case "INT":
		return data.Type{Kind: data.Int}, nil
	case "BIGINT":
		return data.Type{Kind: data.BigInt}, nil
	case "FLOAT":
		return data.Type{Kind: data.Float}, nil
	case "DOUBLE":
		return data.Type{Kind: data.Double}, nil
	case "DECIMAL":
		p, s := param(0, 10), param(1, 0)
		if p > 38 { // Flink takes DECIMAL(39, 1) for the greatest there is
			p = 38
		}
		if p < 1 {
			return data.Type{}, ast.Errorf(d.Pos(), "Decimal precision must be between 1 and 38 (both inclusive).")
		}
		if s > p {
			return data.Type{}, ast.Errorf(d.Pos(), "Decimal scale must be between 0 and the precision %d (both inclusive).", p)
		}
		return data.Type{Kind: data.Decimal, Precision: p, Scale: s}, nil
	case "CHAR":
		return ranged(data.Char, param(0, 1), 0, data.MaxLength)
	case "VARCHAR": // CAST(x AS VARCHAR) means STRING
		return ranged(data.VarChar, param(0, data.MaxLength), 0, data.MaxLength)
	case "STRING":
		return data.Type{Kind: data.VarChar, Precision: data.MaxLength}, nil
	case "BINARY":
		return ranged(data.Binary, param(0, 1), 0, data.MaxLength)
	case "VARBINARY":
		return ranged(data.VarBinary, param(0, data.MaxLength), 0, data.MaxLength)
	case "BYTES":
		return data.Type{Kind: data.VarBinary, Precision: data.MaxLength}, nil
	case "DATE":
		return data.Type{Kind: data.Date}, nil
	case "TIME":
		return ranged(data.Time, min(param(0, 0), 9), 0, 9)
	case "TIMESTAMP":
		return ranged(data.Timestamp, min(param(0, 6), 9), 0, 9)
	case "TIMESTAMP_LTZ":
		return ranged(data.TimestampLTZ, min(param(0, 6), 9), 0, 9)
	case "INTERVAL":
		if d.Unit == nil {
			return data.Type{}, ast.Errorf(d.Pos(), "INTERVAL needs a unit, such as INTERVAL DAY")
		}
		return IntervalType(*d.Unit), nil
	case "ARRAY", "MULTISET":
		e, err := FromAST(d.Elem)
		if err != nil {
			return e, err
		}
		k := data.Array
		if d.Name == "MULTISET" {
			k = data.Multiset
		}
		return data.Type{Kind: k, Args: []data.Type{e}}, nil
	case "MAP":
		k, err := FromAST(d.Key)
		if err != nil {
			return k, err
		}
		v, err := FromAST(d.Elem)
		if err != nil {
			return v, err
		}
		return data.Type{Kind: data.Map, Args: []data.Type{k, v}}, nil
	case "BITMAP":
		return data.Type{Kind: data.Bitmap32}, nil
	case "ROW", "STRUCTURED":
		t := data.Type{Kind: data.Row, Args: make([]data.Type, 0, len(d.Fields))}
		if d.Name == "STRUCTURED" {
			if t.Class = d.Strings[0]; !ClassName(t.Class) {
				return t, ast.Errorf(d.Pos(), "Invalid class name '%s'. The class name must comply with JVM identifier rules.", t.Class)
			}
		}
		seen := map[string]bool{}
		for _, f := range d.Fields {
			ft, err := FromAST(f.Type)
			if err != nil {
				return ft, err
			}
			if seen[f.Name.Name] {
				return t, ast.Errorf(f.Name.Pos(), "field '%s' is there twice in %s", f.Name.Name, d.Name)
			}
			seen[f.Name.Name] = true
			t.Args, t.Names = append(t.Args, ft), append(t.Names, f.Name.Name)
		}
		return t, nil
	case "VARIANT":
		return data.Type{Kind: data.Variant}, nil
	case "RAW", "NULL", "DESCRIPTOR":
		return data.Type{}, ast.Errorf(d.Pos(), "type %s is not supported by this engine yet; run it on a Flink target", d.Name)
	}
	if d.User != nil {
		hint := ""
		if near := option.Nearest(strings.ToUpper(d.User.String()), typeNames); near != "" {
			hint = "; did you mean " + near + "?"
		}
		return data.Type{}, ast.Errorf(d.Pos(), "Unknown identifier '%s'%s", d.User, hint)
	}
	return data.Type{}, ast.Errorf(d.Pos(), "type %s is not supported by this engine yet; run it on a Flink target", d.Name)
}

// ClassName tells whether a name could be one of a class of the JVM.
func ClassName(s string) bool {
	for part := range strings.SplitSeq(s, ".") {
		for i, r := range part {
			if !unicode.IsLetter(r) && r != '_' && r != '$' && (i == 0 || !unicode.IsDigit(r)) {
				return false
			}
		}
		if part == "" {
			return false
		}
	}
	return true
}

// IntervalType is the type of an interval of a unit.
func IntervalType(u ast.IntervalUnit) data.Type {
	if u.From == "YEAR" || u.From == "QUARTER" || u.From == "MONTH" {
		return data.Type{Kind: data.IntervalYearMonth, Precision: positive(u.FromPrecision, 2)}
	}
	return data.Type{Kind: data.IntervalDayTime, Precision: 2, Scale: 3}
}

func positive(n, absent int) int {
	if n < 0 {
		return absent
	}
	return n
}

// typeNames are the types that may be meant by a name that is none.
var typeNames = []string{
	"ARRAY", "BIGINT", "BINARY", "BITMAP", "BOOLEAN", "BYTES", "CHAR", "DATE", "DECIMAL", "DOUBLE", "FLOAT", "INT", "INTEGER", "MAP", "MULTISET", "NUMERIC",
	"ROW", "SMALLINT", "STRING", "TIME", "TIMESTAMP", "TIMESTAMP_LTZ", "TINYINT", "VARBINARY", "VARCHAR", "VARIANT",
}
