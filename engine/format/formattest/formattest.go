// Package formattest is the suite every format passes, and what tests of
// formats share.
//
// It knows formats by their contract alone.
package formattest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/option"
)

// Options checks options given as key, value, key, value.
func Options(t testing.TB, f *format.Format, given ...string) option.Values {
	t.Helper()
	m := map[string]string{}
	for i := 0; i < len(given); i += 2 {
		m[given[i]] = given[i+1]
	}
	v, err := option.CheckOf("format "+f.Name, f.Options, m)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// All are the paths and types that read every column whole.
func All(cols []data.Column) (paths [][]int, types []data.Type) {
	for i, c := range cols {
		paths = append(paths, []int{i})
		types = append(types, c.Type)
	}
	return paths, types
}

// Decode decodes text that comes in pieces of a size (0: whole) and returns the
// rows as the client prints them, fields separated by |.
func Decode(f *format.Format, s format.DecoderSpec, text string, piece int) (rows []string, skipped int64, err error) {
	d, err := f.Decoder(s)
	if err != nil {
		return nil, 0, err
	}
	return Run(d, s.Types, text, piece)
}

// Run is Decode with a decoder.
func Run(d format.Decoder, types []data.Type, text string, piece int) (rows []string, skipped int64, err error) {
	b := data.MakeBatch(types, 0)
	take := func() {
		rows = append(rows, Rows(b)...)
		b.Release()
		b = data.MakeBatch(types, 0)
	}
	at, end := 0, 0
	for stuck := 0; at < len(text) || end == 0; {
		end = len(text)
		if piece > 0 {
			end = min(at+piece*(stuck+1), len(text))
		}
		buf := data.WrapBuffer([]byte("##" + text[at:end]))
		before := b.N
		n, err := d.Decode(buf.B[2:], buf, end == len(text), b)
		buf.Release()
		if err != nil {
			return rows, d.Skipped(), err
		}
		if at += n; n > 0 {
			stuck = 0
		} else if stuck++; end == len(text) {
			if at < len(text) && b.N == before {
				return rows, 0, fmt.Errorf("decoder leaves %q", text[at:])
			}
			break
		}
		if b.N >= data.BatchSize-1 {
			take()
		}
	}
	take()
	return rows, d.Skipped(), nil
}

// Rows are the rows of a batch as text; before those that are no inserts stands
// what they are.
func Rows(b *data.Batch) []string {
	var out []string
	for i := range b.Len() {
		r := b.Row(i)
		parts := make([]string, len(b.Cols))
		for k, v := range b.Cols {
			if v.IsNull(r) {
				parts[k] = `\N`
			} else {
				parts[k] = string(data.AppendDisplay(nil, v, r, nil))
			}
		}
		text := strings.Join(parts, "|")
		if op := b.Op(r); op != data.Insert {
			text = op.String() + " " + text
		}
		out = append(out, text)
	}
	return out
}

// Encode writes rows and returns the text.
func Encode(f *format.Format, o option.Values, cols []data.Column, rows ...[]data.Value) (string, error) {
	e, err := f.Encoder(format.EncoderSpec{Columns: cols, Options: o})
	if err != nil {
		return "", err
	}
	b := Batch(cols, rows...)
	out := append([]byte(nil), e.Header()...)
	for r := range b.N {
		if out, err = e.Encode(out, b, r); err != nil {
			return string(out), err
		}
	}
	return string(append(out, e.Footer()...)), nil
}

// Batch makes a batch of rows.
func Batch(cols []data.Column, rows ...[]data.Value) *data.Batch {
	b := data.NewBatch(len(cols))
	for k, c := range cols {
		col := make([]data.Value, len(rows))
		for i, row := range rows {
			col[i] = row[k]
		}
		b.Cols = append(b.Cols, data.VectorOf(c.Type, col...))
	}
	b.N = len(rows)
	return b
}

// Suite is what a format has to show.
type Suite struct {
	Format  *format.Format
	Options option.Values
	// Columns and Rows can be written and read back unchanged.
	Columns []data.Column
	Rows    [][]data.Value
	// Broken is a record that does not decode; empty: there is none.
	Broken string
	// Ignore are options that skip broken records.
	Ignore option.Values
}

// RunSuite holds a format to the contract.
func RunSuite(t *testing.T, s Suite) {
	paths, types := All(s.Columns)
	spec := format.DecoderSpec{Columns: s.Columns, Output: paths, Types: types, Options: s.Options}
	want := Rows(Batch(s.Columns, s.Rows...))
	text, err := Encode(s.Format, s.Options, s.Columns, s.Rows...)
	if err != nil {
		t.Fatal(err)
	}
	check := func(t *testing.T, got []string, err error, want []string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	t.Run("what is written is read back", func(t *testing.T) {
		got, _, err := Decode(s.Format, spec, text, 0)
		check(t, got, err, want)
	})
	t.Run("cut anywhere", func(t *testing.T) {
		for _, piece := range []int{1, 2, 3, 7, 64} {
			got, _, err := Decode(s.Format, spec, text, piece)
			check(t, got, err, want)
		}
	})
	t.Run("without the last line end", func(t *testing.T) {
		got, _, err := Decode(s.Format, spec, strings.TrimSuffix(text, "\n"), 0)
		check(t, got, err, want)
	})
	t.Run("each column alone", func(t *testing.T) {
		for k := range s.Columns {
			one := spec
			one.Output, one.Types = [][]int{{k}}, types[k:k+1]
			var col []string
			for _, row := range s.Rows {
				col = append(col, Rows(Batch(s.Columns[k:k+1], row[k:k+1]))...)
			}
			got, _, err := Decode(s.Format, one, text, 0)
			check(t, got, err, col)
		}
	})
	t.Run("more than a batch", func(t *testing.T) {
		n := 2*data.BatchSize/len(s.Rows) + 3
		var all []string
		for range n {
			all = append(all, want...)
		}
		got, _, err := Decode(s.Format, spec, strings.Repeat(text, n), 5000)
		check(t, got, err, all)
	})
	t.Run("no columns", func(t *testing.T) {
		none := spec
		none.Output, none.Types = nil, nil
		got, _, err := Decode(s.Format, none, text, 0)
		check(t, got, err, make([]string, len(s.Rows)))
	})
	if s.Broken == "" {
		return
	}
	t.Run("a broken record", func(t *testing.T) {
		_, _, err := Decode(s.Format, spec, text+s.Broken+"\n"+text, 0)
		if err == nil {
			t.Fatal("no error")
		}
		line := fmt.Sprintf("line %d,", strings.Count(text, "\n")+1)
		if !strings.Contains(err.Error(), line) {
			t.Errorf("error does not say %q: %v", line, err)
		}
		ignoring := spec
		ignoring.Options = s.Ignore
		got, skipped, err := Decode(s.Format, ignoring, text+s.Broken+"\n"+text, 0)
		check(t, got, err, append(append([]string{}, want...), want...))
		if skipped != 1 {
			t.Errorf("%d records skipped, want 1", skipped)
		}
	})
}
