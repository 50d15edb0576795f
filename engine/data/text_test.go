package data

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
	"time"
)

func TestFloatsAsJavaPrintsThem(t *testing.T) {
	for _, tt := range []struct {
		f    float64
		want string
	}{
		{0, "0.0"},
		{math.Copysign(0, -1), "-0.0"},
		{1, "1.0"},
		{0.1, "0.1"},
		{0.001, "0.001"},
		{0.0009, "9.0E-4"},
		{9999999, "9999999.0"},
		{1e7, "1.0E7"},
		{12345678.9, "1.23456789E7"},
		{1e10, "1.0E10"},
		{1e-10, "1.0E-10"},
		{1.7e308, "1.7E308"},
		{math.NaN(), "NaN"},
		{math.Inf(-1), "-Infinity"},
		{9007199254740993, "9.007199254740992E15"},
		{4.9e-324, "4.9E-324"},
		{1.5e-7, "1.5E-7"},
		{9223372036854775807, "9.223372036854776E18"},
		{123456789, "1.23456789E8"},
	} {
		if got := string(AppendDouble(nil, tt.f)); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
	for f, want := range map[float32]string{
		1.5: "1.5", 0.1: "0.1", 1e10: "1.0E10", math.MaxFloat32: "3.4028235E38", 1.4e-45: "1.4E-45", 16777217: "1.6777216E7",
		123456789: "1.23456792E8", 1.7e12: "1.70000004E12", 3.4e38: "3.4E38",
	} {
		if got := string(AppendFloat(nil, f)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestTextOfNestedValues(t *testing.T) {
	row := Type{Kind: Row, Nullable: true, Names: []string{"a", "b"}, Args: []Type{Of(Int), String()}}
	typ := Type{Kind: Array, Nullable: true, Args: []Type{row}}
	x := Value{Elems: []Value{{Elems: []Value{{I: 1}, {S: "x"}}}, {Null: true}, {Elems: []Value{{Null: true}, {S: ""}}}}}
	v := VectorOf(typ, NullValue(), x, Value{}, x)
	want := []string{"NULL", "[(1, x), NULL, (NULL, )]", "[]", "[(1, x), NULL, (NULL, )]"}
	for i, w := range want {
		if got := string(AppendText(nil, v, i, nil)); got != w {
			t.Errorf("row %d: got %s, want %s", i, got, w)
		}
		if got := FormatValue(v.ValueAt(i), typ, nil); got != w {
			t.Errorf("value %d: got %s, want %s", i, got, w)
		}
	}
	if !EqualAt(v, 1, v, 3) || EqualAt(v, 0, v, 1) || OrderAt(v, 0, v, 1) >= 0 {
		t.Error("equal values are told apart, or others not")
	}
}

func TestTextOfTimes(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		typ  Type
		x    Value
		want string
	}{
		{Of(Date), Value{I: -719162}, "0001-01-01"},
		{Of(Date), Value{I: 2932897}, "0000-01-01"},
		{Type{Kind: Time, Precision: 3}, Value{I: 45296789}, "12:34:56.789"},
		{Type{Kind: Timestamp, Precision: 9}, Value{I: -1, Nano: 999999}, "1969-12-31 23:59:59.999999999"},
		{Type{Kind: TimestampLTZ, Precision: 0}, Value{I: 1711846800000}, "2024-03-31 03:00:00"},
		{Of(IntervalDayTime), Value{I: -86400001}, "-1 00:00:00.001"},
		{Of(IntervalYearMonth), Value{I: 14}, "+1-02"},
		{Type{Kind: Binary, Precision: 2}, Value{S: "\x0a\xff"}, "x'0aff'"},
	} {
		if got := FormatValue(tt.x, tt.typ, berlin); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.typ, got, tt.want)
		}
	}
}

func TestClockFollowsTheZone(t *testing.T) {
	for zone, cases := range map[string]map[string]string{
		"Europe/Berlin":    {"2024-03-31 02:30:00": "2024-03-31 01:30:00", "2024-10-27 02:30:00": "2024-10-27 00:30:00", "2024-07-01 00:00:00": "2024-06-30 22:00:00", "2024-03-31 03:00:00": "2024-03-31 01:00:00"},
		"America/New_York": {"2024-03-10 02:30:00": "2024-03-10 07:30:00", "2024-11-03 01:30:00": "2024-11-03 05:30:00"},
		"Asia/Shanghai":    {"2024-01-01 00:00:00": "2023-12-31 16:00:00"},
	} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		c := NewClock(loc)
		for range 2 { // again with what the clock remembers
			for local, want := range cases {
				ms, _, err := ParseTimestamp(local)
				if err != nil {
					t.Fatal(err)
				}
				if got := string(AppendTimestamp(nil, c.Instant(ms), 0, 0)); got != want {
					t.Errorf("%s in %s is %s, want %s", local, zone, got, want)
				}
			}
		}
		for ms := int64(1700000000000); ms < 1735000000000; ms += 1234567890 {
			_, off := time.UnixMilli(ms).In(loc).Zone()
			if c.Local(ms) != ms+int64(off)*1000 {
				t.Fatalf("%s: offset at %d", zone, ms)
			}
		}
	}
}

func TestCivilAgainstTime(t *testing.T) {
	for d := int64(-800000); d < 3000000; d += 97 {
		y, m, day := time.Unix(d*86400, 0).UTC().Date()
		c := CivilOf(d)
		if c != (Civil{y, int(m), day}) || c.Days() != d {
			t.Fatalf("day %d is %v", d, c)
		}
	}
	if AddMonths(Civil{2024, 1, 31}.Days(), 1) != (Civil{2024, 2, 29}).Days() || AddMonths(Civil{2024, 3, 31}.Days(), -13) != (Civil{2023, 2, 28}).Days() {
		t.Error("months do not keep within theirs")
	}
}

func TestValuesSurviveJSON(t *testing.T) {
	for _, x := range []Value{
		{Null: true},
		{I: -5},
		{F: math.Inf(1)},
		{F: 0.1},
		{F: math.Copysign(0, -1)},
		{D: Int128{Hi: -1, Lo: 5}},
		{S: "é"},
		{S: "\xff\x00"},
		{I: 1, Nano: 999999},
		{Elems: []Value{{S: "a"}, {Null: true}}},
	} {
		p, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		var y Value
		if err := json.Unmarshal(p, &y); err != nil || !reflect.DeepEqual(x, y) || math.Signbit(x.F) != math.Signbit(y.F) {
			t.Errorf("%s: got %+v, want %+v, %v", p, y, x, err)
		}
	}
	p, _ := json.Marshal(Value{F: math.NaN()})
	var y Value
	if err := json.Unmarshal(p, &y); err != nil || y.F == y.F {
		t.Errorf("%s: got %v, %v", p, y.F, err)
	}
}

func FuzzParseTimes(f *testing.F) {
	for _, s := range []string{"2024-02-29 12:34:56.789", "2024-2-9", "24:00:00", "12:34", "42", "", "-", "2024-02-29 24:00:00", "1:2:3.4", "+7", "0x1p3", "1e400"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if ms, nano, err := ParseTimestamp(s); err == nil {
			text := string(AppendTimestamp(nil, ms, nano, 9))
			if m2, n2, err := ParseTimestamp(text); ms < 253402300800000 && (err != nil || m2 != ms || n2 != nano) {
				t.Fatalf("%q is %s, which is %d, %d, %v", s, text, m2, n2, err)
			}
		}
		if d, err := ParseDate(s); err == nil {
			if d2, err := ParseDate(string(AppendDate(nil, int64(d)))); err != nil || d2 != d {
				t.Fatalf("%q is day %d, then %d, %v", s, d, d2, err)
			}
		}
		if ms, err := ParseTime(s); err == nil && (ms < 0 || ms >= DayMillis) {
			t.Fatalf("%q is %d ms", s, ms)
		}
		_, _ = ParseInt(s, 32)
		_, _ = ParseFloat(s, 64)
		_, _ = ParseBool(s)
	})
}
