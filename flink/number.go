package flink

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Millis is a moment in milliseconds since 1970, or a length of time in
// milliseconds; -1 stands for "not yet".
type Millis int64

// MillisOf is the moment t.
func MillisOf(t time.Time) Millis {
	if t.IsZero() {
		return 0
	}
	return Millis(t.UnixMilli())
}

// Time is the moment; zero when it has not come.
func (m Millis) Time() time.Time {
	if m <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m)).UTC()
}

// Duration is the length of time; zero when not known.
func (m Millis) Duration() time.Duration {
	if m <= 0 {
		return 0
	}
	return time.Duration(m) * time.Millisecond
}

// UnmarshalJSON reads whole and broken numbers, null, and numbers in quotes.
func (m *Millis) UnmarshalJSON(b []byte) error {
	var n Number
	if err := n.UnmarshalJSON(b); err != nil {
		return err
	}
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		*m = 0
		return nil
	}
	*m = Millis(n)
	return nil
}

// Number is a JSON number as Flink writes them: one that is not finite is
// quoted, as in "NaN".
type Number float64

// MarshalJSON quotes what JSON cannot say.
func (n Number) MarshalJSON() ([]byte, error) {
	f := float64(n)
	switch {
	case math.IsNaN(f):
		return []byte(`"NaN"`), nil
	case math.IsInf(f, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(f, -1):
		return []byte(`"-Infinity"`), nil
	}
	return json.Marshal(f)
}

// UnmarshalJSON reads numbers, null as 0, and numbers in quotes.
func (n *Number) UnmarshalJSON(b []byte) error {
	s := string(b)
	if s == "null" {
		*n = 0
		return nil
	}
	if len(s) >= 2 && s[0] == '"' {
		s = s[1 : len(s)-1]
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return fmt.Errorf("number %q: not a number", s)
	}
	*n = Number(f)
	return nil
}
