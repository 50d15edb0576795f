package format

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine/data"
)

// Moments and layouts agree with package time, back and forth.
func TestMomentsAgreeWithTime(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, l := range []Layout{{Sep: ' '}, {Sep: 'T', Zulu: true, ShortTime: true}} {
		m := Moments{Layout: l}
		for i := range 20000 {
			at := time.Unix(r.Int64N(4e9)-1e9, 0)
			if i%3 > 0 {
				at = at.Truncate(100 * time.Hour).Add(time.Duration(r.Int64N(int64(100 * time.Hour)))) // days come again
			}
			at = at.Add([]time.Duration{0, time.Duration(r.IntN(1000)) * time.Millisecond, time.Duration(r.IntN(1e9))}[r.IntN(3)]).UTC()
			want := at.Format("2006-01-02" + string(l.Sep) + "15:04:05.999999999")
			if l.Zulu {
				want += "Z"
			}
			ms, nano := at.UnixMilli(), int32(at.Nanosecond()%1e6)
			if got := string(l.Append(nil, ms, nano)); got != want {
				t.Fatalf("wrote %s, want %s", got, want)
			}
			if got := string(m.Append(nil, ms, nano)); got != want {
				t.Fatalf("wrote %s with its minute, want %s", got, want)
			}
			if gotMs, gotNano, err := m.Parse([]byte(want), 9); err != nil || gotMs != ms || gotNano != nano {
				t.Fatalf("%s: read %d %d, %v; want %d %d", want, gotMs, gotNano, err, ms, nano)
			}
			if gotMs, gotNano, err := m.Parse([]byte(want), 3); err != nil || gotMs != ms || gotNano != 0 {
				t.Fatalf("%s: read %d %d, %v", want, gotMs, gotNano, err)
			}
		}
	}
}

func TestMomentsRefuse(t *testing.T) {
	m := Moments{Layout: Layout{Sep: ' '}}
	for _, text := range []string{
		"", "2024", "2024-02-29", "2024-02-29 ", "2024-02-29 12:34", "2024-02-29 12:34:56Z", "2024-13-29 12:34:56", "2024-02-32 12:34:56", "2024-02-29T12:34:56",
		"2024-02-29 25:34:56", "2024-02-29 12:60:56", "2024-02-29 12:34:60", "2024-02-29 12:34:56.1234567890", "2024-02-29 24:00:01", "02024-02-29 12:34:56", "2024-02-29 1a:34:56",
	} {
		for range 2 { // before and after it knows the day
			if ms, _, err := m.Parse([]byte(text), 3); err == nil {
				t.Errorf("%q gave %d", text, ms)
			}
			if _, _, err := m.Parse([]byte("2024-02-29 12:34:56"), 3); err != nil {
				t.Fatal(err)
			}
		}
	}
	for text, want := range map[string]string{"2024-02-31 00:00:00": "2024-02-29 00:00:00", "2024-02-29 24:00:00": "2024-03-01 00:00:00", "2023-02-29 01:02:03.": "2023-02-28 01:02:03"} {
		for range 3 {
			ms, nano, err := m.Parse([]byte(text), 3)
			if got := string(m.Layout.Append(nil, ms, nano)); err != nil || got != want {
				t.Errorf("%s gave %s, %v", text, got, err)
			}
		}
	}
}

func TestShortView(t *testing.T) {
	p := []byte("abcdefghijklmnopqrst")
	for from := range p {
		for n := 0; n <= data.InlineLen && from+n <= len(p); n++ {
			if got, want := ShortView(p[from:], n), data.InlineView(p[from:from+n]); got != want {
				t.Errorf("%q: %x, want %x", p[from:from+n], got, want)
			}
		}
	}
}

func TestAppendNumber(t *testing.T) {
	for _, tt := range []struct {
		x           data.Int128
		scale       int
		text, plain string
	}{
		{data.I128(0), 2, "0", "0"},
		{data.I128(150), 2, "1.5", "1.5"},
		{data.I128(10000), 2, "1E+2", "100"},
		{data.I128(-1), 18, "-1E-18", "-0.000000000000000001"},
		{data.I128(123), 8, "0.00000123", "0.00000123"},
		{data.I128(123), 9, "1.23E-7", "0.000000123"},
		{data.I128(1200), 0, "1.2E+3", "1200"},
		{data.I128(7), 0, "7", "7"},
		{data.I128(math.MinInt64), 3, "-9223372036854775.808", "-9223372036854775.808"},
	} {
		if got := string(AppendNumber(nil, tt.x, tt.scale, false)); got != tt.text {
			t.Errorf("got %s, want %s", got, tt.text)
		}
		if got := string(AppendNumber(nil, tt.x, tt.scale, true)); got != tt.plain {
			t.Errorf("plain: got %s, want %s", got, tt.plain)
		}
	}
}

func TestParseDateAndTime(t *testing.T) {
	for text, want := range map[string]int32{"1970-01-01": 0, "2024-02-29": 19782, "0001-01-01": -719162} {
		for _, lenient := range []bool{true, false} {
			if got, err := ParseDate([]byte(text), lenient); err != nil || got != want {
				t.Errorf("%s: %d, %v", text, got, err)
			}
		}
	}
	for _, text := range []string{"", "2024", "2024-2", "2024-2-30-1", "20240-1-1", "2024-0-1", "2024-1-32", "2024-1-x"} {
		for _, lenient := range []bool{true, false} {
			if got, err := ParseDate([]byte(text), lenient); err == nil {
				t.Errorf("%s gave %d", text, got)
			}
		}
	}
	for _, text := range []string{"", "1", "12", "12:3", "24:00:00", "12:34:5", "12:34:56.1234567891", "12:34:56 "} {
		if got, err := ParseTime([]byte(text), true, 3); err == nil {
			t.Errorf("%s gave %d", text, got)
		}
	}
	if got, err := ParseTime([]byte("12:34:56.789"), false, 1); err != nil || got != 45296700 {
		t.Errorf("got %d, %v", got, err)
	}
}

// TestMomentsWriteAsLayouts takes times around the ends of minutes, and far ones.
func TestMomentsWriteAsLayouts(t *testing.T) {
	for _, l := range []Layout{{Sep: ' '}, {Sep: 'T', Zulu: true}} {
		m := Moments{Layout: l}
		for _, at := range []int64{0, -1, -60_000, 59_999, 60_000, 1_700_000_000_000, -62_135_596_800_000, -62_135_596_800_001, -70_000_000_000_000, 253_402_300_799_999, 253_402_300_800_000, math.MaxInt64 / 2, math.MinInt64 / 2} {
			for _, more := range []int64{0, 0, 1, 10, 100, 999, 59_000, 59_999, 60_000, -1} {
				for _, nano := range []int32{0, 1, 120_000, 999_999} {
					if got, want := string(m.Append(nil, at+more, nano)), string(l.Append(nil, at+more, nano)); got != want {
						t.Errorf("%d and %d: wrote %s, want %s", at+more, nano, got, want)
					}
				}
			}
		}
	}
}

// TestMomentsAreLayouts compares the parser that remembers a minute with the
// one that does not.
func TestMomentsAreLayouts(t *testing.T) {
	times := []string{
		"2024-02-29 12:34:56.789", "2024-02-29 12:34:57.1", "2024-02-29 12:34:57.12", "2024-02-29 12:34:00", "2024-02-29 12:34:59.", "2024-02-29 12:34:60", "2024-02-29 12:34:5",
		"2024-02-29 12:34:5a", "2024-02-29 12:34:56.7890001", "2024-02-29 12:34:56.78x", "2024-02-29 12:34", "2024-02-30 12:34:56", "2024-02-30 12:34:57", "2024-02-29 24:00:00",
		"2024-02-29 24:00:01", "2024-03-01 00:00:01.5", "1969-12-31 23:59:59.999", "1969-12-31 23:59:58.001", "2024-02-29T12:34:56", "2024-02-29 12:34:561", "",
	}
	for _, zulu := range []bool{false, true} {
		for precision := range 10 {
			m := Moments{Layout: Layout{Sep: ' ', Zulu: zulu}}
			for round := range 3 {
				for _, text := range times {
					if zulu && round < 2 {
						text += "Z"
					}
					ms, nano, err := m.Parse([]byte(text), precision)
					wantMs, wantNano, wantErr := m.Layout.Parse([]byte(text), precision)
					if (err == nil) != (wantErr == nil) || err == nil && (ms != wantMs || nano != wantNano) {
						t.Errorf("%q with precision %d: %d, %d, %v; want %d, %d, %v", text, precision, ms, nano, err, wantMs, wantNano, wantErr)
					}
				}
			}
		}
	}
}
