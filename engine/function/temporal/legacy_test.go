package temporal

import (
	"testing"
	"time"

	"github.com/weir-streams/weir/engine/data"
)

func TestHistoricalDates(t *testing.T) {
	for _, x := range []struct{ day, julian data.Civil }{
		{data.Civil{Year: 1582, Month: 10, Day: 15}, data.Civil{Year: 1582, Month: 10, Day: 15}},
		{data.Civil{Year: 1582, Month: 10, Day: 14}, data.Civil{Year: 1582, Month: 10, Day: 4}},
		{data.Civil{Year: 1066, Month: 10, Day: 20}, data.Civil{Year: 1066, Month: 10, Day: 14}},
		{data.Civil{Year: 1, Month: 1, Day: 1}, data.Civil{Year: 1, Month: 1, Day: 3}},
	} {
		ms := x.day.Days()*data.DayMillis + 5
		got := historical(ms)
		if want := x.julian.Days()*data.DayMillis + 5; got != want {
			t.Errorf("%v is %v, want %v", x.day, data.CivilOf(data.FloorDiv(got, data.DayMillis)), x.julian)
		}
		if back := fromHistorical(got); back != ms {
			t.Errorf("%v comes back as %v", x.day, data.CivilOf(data.FloorDiv(back, data.DayMillis)))
		}
	}
}

func TestOldClock(t *testing.T) {
	loc, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	k := newOldClock(loc)
	at := func(s string) int64 {
		x, err := time.Parse("2006-01-02 15:04", s)
		if err != nil {
			t.Fatal(err)
		}
		return x.UnixMilli()
	}
	for local, instant := range map[string]string{
		"2024-07-01 12:00": "2024-07-01 16:00",
		"2024-11-03 01:30": "2024-11-03 06:30", // shown twice: the second
		"1850-01-01 00:00": "1850-01-01 05:00", // no local mean time
	} {
		if got := k.Instant(at(local)); got != at(instant) {
			t.Errorf("%s is %s, want %s", local, time.UnixMilli(got).UTC(), instant)
		}
		if got := k.Local(at(instant)); got != at(local) {
			t.Errorf("%s is shown as %s, want %s", instant, time.UnixMilli(got).UTC(), local)
		}
	}
	if oldZone("PST").String() != "America/Los_Angeles" || oldZone("Nope") != time.UTC {
		t.Error("abbreviations and unknown zones")
	}
}
