package typing

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// Literal gives the value and type of a constant.
func Literal(l *ast.Literal) (data.Value, data.Type, error) {
	switch l.Kind {
	case ast.NullLiteral:
		return data.NullValue(), data.Type{Kind: data.Null, Nullable: true}, nil
	case ast.BooleanLiteral:
		switch strings.ToUpper(l.Text) {
		case "TRUE":
			return data.Value{I: 1}, data.Type{Kind: data.Boolean}, nil
		case "FALSE":
			return data.Value{}, data.Type{Kind: data.Boolean}, nil
		}
		return data.NullValue(), data.Of(data.Boolean), nil
	case ast.IntegerLiteral, ast.DecimalLiteral, ast.DoubleLiteral:
		v, t, ok := Number(l.Kind, l.Text)
		if !ok {
			return v, t, ast.Errorf(l.Pos(), "Numeric literal '%s' out of range", l.Text)
		}
		return v, t, nil
	case ast.StringLiteral:
		return data.Value{S: l.Text}, data.Type{Kind: data.Char, Precision: len(utf16.Encode([]rune(l.Text)))}, nil
	case ast.BinaryLiteral:
		b, err := hex.DecodeString(l.Text)
		if err != nil {
			return data.Value{}, data.Type{}, ast.Errorf(l.Pos(), "Binary literal string must contain an even number of hexits")
		}
		return data.Value{S: string(b)}, data.Type{Kind: data.Binary, Precision: len(b)}, nil
	case ast.DateLiteral:
		t, err := time.Parse("2006-1-2", strings.TrimSpace(l.Text))
		if err != nil {
			return data.Value{}, data.Type{}, ast.Errorf(l.Pos(), "Illegal DATE literal '%s': not in format 'yyyy-MM-dd'", l.Text)
		}
		return data.Value{I: t.Unix() / 86400}, data.Type{Kind: data.Date}, nil
	case ast.TimeLiteral:
		t, fraction, ok := clock("15:4:5", l.Text)
		if !ok {
			return data.Value{}, data.Type{}, ast.Errorf(l.Pos(), "Illegal TIME literal '%s': not in format 'HH:mm:ss'", l.Text)
		}
		ms := int64(t.Hour())*3600000 + int64(t.Minute())*60000 + int64(t.Second())*1000 + int64(t.Nanosecond())/1e6
		return data.Value{I: ms}, data.Type{Kind: data.Time, Precision: min(fraction, 3)}, nil
	case ast.TimestampLiteral, ast.LTZLiteral:
		t, fraction, ok := clock("2006-1-2 15:4:5", l.Text)
		if day, err := time.Parse("2006-1-2", l.Text); !ok && err == nil {
			t, fraction, ok = day, 0, true // its midnight
		}
		if !ok {
			return data.Value{}, data.Type{}, ast.Errorf(l.Pos(), "Illegal TIMESTAMP literal '%s': not in format 'yyyy-MM-dd HH:mm:ss'", l.Text)
		}
		if l.Kind == ast.LTZLiteral {
			return data.Value{}, data.Type{}, ast.Errorf(l.Pos(), "a TIMESTAMP WITH LOCAL TIME ZONE literal is not supported; write CAST(TIMESTAMP '%s' AS TIMESTAMP_LTZ)", l.Text)
		}
		return data.Value{I: t.UnixMilli(), Nano: int32(t.Nanosecond() % 1e6)}, data.Type{Kind: data.Timestamp, Precision: fraction}, nil
	}
	return data.Value{}, data.Type{}, ast.Errorf(l.Pos(), "literal %q is not supported", l.Text)
}

func clock(layout, text string) (t time.Time, fraction int, ok bool) {
	text = strings.TrimSpace(text)
	if i := strings.LastIndexByte(text, '.'); i >= 0 {
		fraction = len(text) - i - 1
		if fraction == 0 || fraction > 9 {
			return t, 0, false
		}
	}
	t, err := time.Parse(layout, text)
	return t, fraction, err == nil
}

// Number gives value and type of a number as written, with an optional leading
// minus: INT or BIGINT; DECIMAL with as many digits as were written; DOUBLE.
func Number(kind ast.LiteralKind, text string) (data.Value, data.Type, bool) {
	switch kind {
	case ast.IntegerLiteral:
		n, err := strconv.ParseInt(strings.TrimSuffix(text, "."), 10, 64)
		if err != nil {
			return data.Value{}, data.Type{}, false
		}
		t := data.Type{Kind: data.BigInt}
		if n >= math.MinInt32 && n <= math.MaxInt32 {
			t.Kind = data.Int
		}
		return data.Value{I: n}, t, true
	case ast.DecimalLiteral:
		digits := strings.TrimPrefix(text, "-")
		whole, fraction, _ := strings.Cut(digits, ".")
		t := data.Type{Kind: data.Decimal, Precision: min(max(len(whole)+len(fraction), 1), 38), Scale: len(fraction)}
		unscaled, ok := new(big.Int).SetString(whole+fraction, 10)
		if !ok || !unscaled.IsInt64() || t.Scale > 38 { // Flink takes no more digits than a BIGINT has
			return data.Value{}, t, false
		}
		if strings.HasPrefix(text, "-") {
			unscaled.Neg(unscaled)
		}
		return DecimalValue(unscaled, t), t, true
	}
	f, err := strconv.ParseFloat(text, 64)
	if f == 0 {
		f = 0 // the literal -0e0 is a decimal without sign
	}
	return data.Value{F: f}, data.Type{Kind: data.Double}, err == nil
}

// DecimalValue lays out an unscaled number as a value of a DECIMAL type.
func DecimalValue(unscaled *big.Int, t data.Type) data.Value {
	if t.Precision <= 18 {
		return data.Value{I: unscaled.Int64()}
	}
	mask := new(big.Int).SetUint64(math.MaxUint64)
	lo := new(big.Int).And(unscaled, mask) // two's complement, also below zero
	hi := new(big.Int).Rsh(unscaled, 64)
	return data.Value{D: data.Int128{Hi: hi.Int64(), Lo: lo.Uint64()}}
}

// IntervalValue gives the value (months, or milliseconds) and type of an
// interval literal.
func IntervalValue(i *ast.Interval) (data.Value, data.Type, error) {
	t := IntervalType(i.Unit)
	if t.Kind == data.IntervalDayTime && i.Unit.FromPrecision > 3 {
		return data.Value{}, t, ast.Planf(i.Pos(), "DAY_INTERVAL_TYPES precision is not supported: %d", i.Unit.FromPrecision)
	}
	text := strings.TrimSpace(i.Text)
	sign := int64(1)
	if i.Negative {
		sign = -sign
	}
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		sign, text = -sign, rest
	} else {
		text = strings.TrimPrefix(text, "+")
	}
	n, err := intervalAmount(text, i.Unit)
	if long := (tooLong{}); errors.As(err, &long) {
		return data.Value{}, t, ast.Errorf(i.Pos(), "%s", long.text)
	}
	if err != nil {
		return data.Value{}, t, ast.Errorf(i.Pos(), "Illegal interval literal format '%s' for INTERVAL %s: %v", i.Text, unitText(i.Unit), err)
	}
	return data.Value{I: sign * n}, t, nil
}

func unitText(u ast.IntervalUnit) string {
	if u.To != "" {
		return string(u.From) + " TO " + string(u.To)
	}
	return string(u.From)
}

var unitSize = map[ast.TimeUnit]int64{
	"YEAR": 12, "QUARTER": 3, "MONTH": 1,
	"WEEK": 7 * 86400000, "DAY": 86400000, "HOUR": 3600000, "MINUTE": 60000, "SECOND": 1000,
}

var unitsBelow = map[ast.TimeUnit][]ast.TimeUnit{
	"YEAR": {"YEAR", "MONTH"}, "DAY": {"DAY", "HOUR", "MINUTE", "SECOND"},
	"HOUR": {"HOUR", "MINUTE", "SECOND"}, "MINUTE": {"MINUTE", "SECOND"},
}

// Separators that stand before a part of a compound interval.
var unitSeparator = map[ast.TimeUnit]string{"MONTH": "-", "HOUR": " ", "MINUTE": ":", "SECOND": ":"}

// tooLong is a leading field with more digits than its unit has.
type tooLong struct{ text string }

func (e tooLong) Error() string { return e.text }

func intervalAmount(text string, u ast.IntervalUnit) (int64, error) {
	units := []ast.TimeUnit{u.From}
	if u.To != "" {
		units = nil
		for _, x := range unitsBelow[u.From] {
			units = append(units, x)
			if x == u.To {
				break
			}
		}
		if len(units) == 0 || units[len(units)-1] != u.To {
			return 0, fmt.Errorf("no such range of units")
		}
	}
	var total int64
	rest := text
	for k, unit := range units {
		part := rest
		if k+1 < len(units) {
			var ok bool
			if part, rest, ok = strings.Cut(rest, unitSeparator[units[k+1]]); !ok {
				return 0, fmt.Errorf("%s is missing", units[k+1])
			}
		}
		size, ok := unitSize[unit]
		if !ok {
			return 0, fmt.Errorf("unit %s is not supported", unit)
		}
		whole, fraction, dotted := strings.Cut(part, ".")
		if dotted && unit != "SECOND" {
			return 0, fmt.Errorf("only seconds have a fraction")
		}
		n, err := strconv.ParseUint(whole, 10, 40)
		if err != nil {
			return 0, fmt.Errorf("%q is no number", part)
		}
		digits := 2
		if k == 0 && u.FromPrecision >= 0 {
			digits = u.FromPrecision
		}
		if k == 0 && len(strings.TrimLeft(whole, "0")) > digits {
			return 0, tooLong{fmt.Sprintf("Interval field value %s exceeds precision of %s(%d) field; write %[2]s(%[4]d)", whole, unit, digits, len(whole))}
		}
		if k > 0 && (unit == "HOUR" && n > 23 || unit == "MONTH" && n > 11 || (unit == "MINUTE" || unit == "SECOND") && n > 59) {
			return 0, fmt.Errorf("%d is no %s", n, unit)
		}
		total += int64(n) * size
		if dotted {
			f, err := strconv.ParseUint((fraction + "000")[:3], 10, 16)
			if err != nil || len(fraction) > 9 {
				return 0, fmt.Errorf("%q is no fraction of a second", fraction)
			}
			total += int64(f)
		}
	}
	return total, nil
}
