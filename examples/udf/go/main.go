//go:build wasip1

// Command go is a module of functions for SQL. Build it with
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o functions.wasm .
//
// and declare its functions with CREATE FUNCTION … LANGUAGE WASM.
package main

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/weir-streams/weir/engine/udf/guest"
)

// The functions that the module has, by the names that AS '…' refers to.
var (
	_ = guest.Scalar2("levenshtein", levenshtein)
	_ = guest.Scalar1("initials", initials)
	_ = guest.Scalar2("or_else", orElse)
	_ = guest.Scalar1("discount", discount).Types("DECIMAL(10, 2)", "DECIMAL(10, 2)")
	_ = guest.Table1("words", words, guest.Col[string]("word"), guest.Col[int32]("position"))
	_ = guest.Scalar1("tally", tally)
	_ = guest.Scalar2("label", label)
	_ = guest.Aggregate2("weighted", guest.Fold2[float64, int64, mean, guest.Null[float64]]{
		Add: (*mean).add, Retract: (*mean).retract, Merge: (*mean).merge, Value: (*mean).value,
	})
	_ = guest.Aggregate1("longest", guest.Fold1[guest.Null[string], longest, guest.Null[string]]{Add: (*longest).add, Value: (*longest).value})
)

func main() {}

// levenshtein counts the edits that make b of a.
func levenshtein(a, b string) int64 {
	x, y := []rune(a), []rune(b)
	row := make([]int64, len(y)+1)
	for j := range row {
		row[j] = int64(j)
	}
	for i := range x {
		last := row[0]
		row[0] = int64(i + 1)
		for j := range y {
			cost := int64(1)
			if x[i] == y[j] {
				cost = 0
			}
			last, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, last+cost)
		}
	}
	return row[len(y)]
}

// initials gives the first letters; NULL for a text without letters.
func initials(text string) guest.Null[string] {
	var b strings.Builder
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) }) {
		for _, r := range w {
			b.WriteRune(unicode.ToUpper(r))
			break
		}
	}
	return guest.Null[string]{V: b.String(), Valid: b.Len() > 0}
}

// orElse is called with NULL too, because its arguments say they can be.
func orElse(a, b guest.Null[int64]) guest.Null[int64] {
	if a.Valid {
		return a
	}
	return b
}

// discount takes a tenth off a price in cents: the unscaled value of DECIMAL(10, 2).
func discount(price guest.Decimal) guest.Decimal {
	if price.Hi != 0 {
		guest.Fail("a price must not be negative")
	}
	return guest.Decimal{Lo: price.Lo - price.Lo/10}
}

// words gives a row for each word.
func words(text string, out *guest.Rows) {
	for i, w := range strings.Fields(text) {
		out.Add(w, int32(i+1))
	}
}

// summary is a ROW: what there is in a list.
type summary struct {
	Words  map[string]int64
	Longer [][]string    // each with those that are longer
	Price  guest.Decimal `sql:"DECIMAL(10, 2)"`
	First  guest.Null[string]
}

// tally takes a list apart. An element that is NULL is not counted.
func tally(words []guest.Null[string]) summary {
	out := summary{Words: map[string]int64{}, Price: guest.Decimal{Lo: uint64(len(words)) * 150}}
	for i, w := range words {
		if i == 0 {
			out.First = w
		}
		if !w.Valid {
			continue
		}
		out.Words[w.V]++
		var longer []string
		for _, v := range words {
			if v.Valid && len(v.V) > len(w.V) {
				longer = append(longer, v.V)
			}
		}
		out.Longer = append(out.Longer, longer)
	}
	return out
}

// point is a ROW that is taken.
type point struct {
	X, Y int64
	Name guest.Null[string]
}

// label is called with a ROW that can be NULL, and a MAP.
func label(p guest.Null[point], names map[string]string) guest.Null[string] {
	if !p.Valid {
		return guest.Null[string]{}
	}
	name := p.V.Name.V
	if known, ok := names[name]; ok {
		name = known
	}
	return guest.Some(name + "@" + strconv.FormatInt(p.V.X, 10) + "," + strconv.FormatInt(p.V.Y, 10))
}

// mean is what weighted keeps of a group. It has no pointers, so that its bytes
// are the state.
type mean struct {
	Sum    float64
	Weight int64
}

func (m *mean) add(x float64, weight int64)     { m.Sum += x * float64(weight); m.Weight += weight }
func (m *mean) retract(x float64, weight int64) { m.Sum -= x * float64(weight); m.Weight -= weight }
func (m *mean) merge(other *mean)               { m.Sum += other.Sum; m.Weight += other.Weight }

// value is NULL where there is no weight.
func (m *mean) value() guest.Null[float64] {
	if m.Weight == 0 {
		return guest.Null[float64]{}
	}
	return guest.Some(m.Sum / float64(m.Weight))
}

// longest keeps a text, as JSON; it takes no rows back and cannot be merged.
// It is called with NULL, and counts how often.
type longest struct {
	Text  string
	Any   bool
	Nulls int
}

func (l *longest) add(text guest.Null[string]) {
	switch {
	case !text.Valid:
		l.Nulls++
	case text.V == "boom":
		panic("it exploded")
	case text.V == "grow":
		var held [][]byte
		for l.Nulls >= 0 {
			held = append(held, make([]byte, 1<<20))
			held[0][0]++
		}
	case text.V == "for ever":
		for l.Nulls >= 0 {
			l.Nulls ^= 1
		}
	case !l.Any || len(text.V) > len(l.Text):
		l.Text, l.Any = strings.Clone(text.V), true
	}
}

func (l *longest) value() guest.Null[string] {
	return guest.Null[string]{V: l.Text + strings.Repeat("?", l.Nulls), Valid: l.Any || l.Nulls > 0}
}
