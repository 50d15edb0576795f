package datagen

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/option"
)

// fields are the options fields.NAME.WHAT; each must be asked for once.
type fields struct {
	given map[string]string
	asked map[string]bool
}

func newFields(given map[string]string) *fields {
	return &fields{given: given, asked: map[string]bool{}}
}

func (f *fields) get(name, what string) (string, bool) {
	key := name + "." + what
	f.asked[key] = true
	v, ok := f.given[key]
	return v, ok
}

// unused is an error if an option names no column, or says what means nothing
// for its type.
func (f *fields) unused() error {
	var names, known []string
	for k := range f.given {
		if !f.asked[k] {
			names = append(names, k)
		}
	}
	if len(names) == 0 {
		return nil
	}
	for k := range f.asked {
		known = append(known, k)
	}
	slices.Sort(names)
	slices.Sort(known)
	hint := ""
	if near := option.Nearest(names[0], known); near != "" {
		hint = fmt.Sprintf("; did you mean 'fields.%s'?", near)
	}
	return fmt.Errorf("option 'fields.%s' is for no column of the table, or not for one of its type%s", names[0], hint)
}

// gen makes the values of one column or part of one.
type gen struct {
	typ      data.Type
	seed     uint64
	sequence bool
	start    int64
	end      int64
	nullRate float64
	min, max int64   // integers, unscaled decimals
	low, top float64 // floats
	size     int     // of strings, bytes, arrays, maps
	varSize  bool
	maxPast  int64 // milliseconds
	parts    []*gen
}

const golden = 0x9e3779b97f4a7c15

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func seedOf(seed int64, name string) uint64 {
	return mix(uint64(seed)*golden ^ data.HashBytes([]byte(name)))
}

func newGen(f *fields, name string, t data.Type, seed uint64) (*gen, error) {
	g := &gen{typ: t, seed: mix(seed ^ data.HashBytes([]byte(name))), size: 100}
	bad := func(what, value, want string) error {
		return fmt.Errorf("option 'fields.%s.%s': %s expected, got %q", name, what, want, value)
	}
	kind, _ := f.get(name, "kind")
	switch kind {
	case "", "random":
	case "sequence":
		return g, g.asSequence(f, name)
	default:
		return nil, bad("kind", kind, "'random' or 'sequence'")
	}
	if x, ok := f.get(name, "null-rate"); ok {
		var err error
		if g.nullRate, err = strconv.ParseFloat(x, 64); err != nil || !(g.nullRate >= 0 && g.nullRate <= 1) {
			return nil, bad("null-rate", x, "a number from 0 to 1")
		}
		if g.nullRate > 0 && !t.Nullable {
			return nil, fmt.Errorf("option 'fields.%s.null-rate': the column is %s", name, t)
		}
	}
	part := func(sub string, t data.Type) error {
		p, err := newGen(f, name+"."+sub, t, seed)
		if err == nil && p.sequence {
			err = fmt.Errorf("option 'fields.%s.%s.kind': sequences are for columns, not within them", name, sub)
		}
		g.parts = append(g.parts, p)
		return err
	}
	switch t.Kind {
	case data.TinyInt, data.SmallInt, data.Int, data.BigInt:
		width := map[data.Kind]int{data.TinyInt: 8, data.SmallInt: 16, data.Int: 32, data.BigInt: 64}[t.Kind]
		g.min, g.max = -1<<(width-1), 1<<(width-1)-1
		return g, g.span(f, name, func(x string) (int64, error) { return strconv.ParseInt(x, 10, width) })
	case data.Decimal:
		p := min(t.Precision, 18)
		g.max = data.Pow10(p).Int64() - 1
		return g, g.span(f, name, func(x string) (int64, error) {
			v, err := data.ParseDecimal(x, p, t.Scale)
			return v.Int64(), err
		})
	case data.Float, data.Double:
		g.top = math.MaxFloat32
		if t.Kind == data.Double {
			g.top = math.MaxFloat64
		}
		for _, x := range []struct {
			what string
			to   *float64
		}{{"min", &g.low}, {"max", &g.top}} {
			if s, ok := f.get(name, x.what); ok {
				v, err := strconv.ParseFloat(s, 64)
				if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
					return nil, bad(x.what, s, "a number")
				}
				*x.to = v
			}
		}
		if g.low > g.top {
			return nil, fmt.Errorf("option 'fields.%s.min' (%v) is more than 'fields.%s.max' (%v)", name, g.low, name, g.top)
		}
		return g, nil
	case data.Char, data.VarChar, data.Binary, data.VarBinary:
		if t.Precision < data.MaxLength {
			g.size = t.Precision
		}
		return g, g.sizes(f, name, t.Precision)
	case data.Timestamp, data.TimestampLTZ:
		if s, ok := f.get(name, "max-past"); ok {
			d, err := option.ParseDuration(s)
			if err != nil {
				return nil, fmt.Errorf("option 'fields.%s.max-past': %w", name, err)
			}
			g.maxPast = d.Milliseconds()
		}
		return g, nil
	case data.Boolean, data.Date, data.Time, data.IntervalDayTime, data.IntervalYearMonth:
		return g, nil
	case data.Row:
		for i, sub := range t.Names {
			if err := part(sub, t.Args[i]); err != nil {
				return nil, err
			}
		}
		return g, nil
	case data.Array, data.Multiset:
		g.size = 3
		if err := part("element", t.Args[0]); err != nil {
			return nil, err
		}
		return g, g.sizes(f, name, 1000)
	case data.Map:
		g.size = 3
		if err := part("key", t.Args[0]); err != nil {
			return nil, err
		}
		if err := part("value", t.Args[1]); err != nil {
			return nil, err
		}
		return g, g.sizes(f, name, 1000)
	}
	return nil, fmt.Errorf("column %q: datagen cannot make values of type %s", name, t)
}

func (g *gen) asSequence(f *fields, name string) error {
	g.sequence = true
	switch g.typ.Kind {
	case data.TinyInt, data.SmallInt, data.Int, data.BigInt, data.Float, data.Double, data.Decimal, data.Char, data.VarChar:
	default:
		return fmt.Errorf("option 'fields.%s.kind': values of type %s have no sequence", name, g.typ)
	}
	for _, x := range []struct {
		what string
		to   *int64
	}{{"start", &g.start}, {"end", &g.end}} {
		s, ok := f.get(name, x.what)
		if !ok {
			return fmt.Errorf("required option 'fields.%s.%s' is missing: a sequence needs it", name, x.what)
		}
		var err error
		if *x.to, err = strconv.ParseInt(strings.TrimSpace(s), 10, 64); err != nil {
			return fmt.Errorf("option 'fields.%s.%s': a whole number expected, got %q", name, x.what, s)
		}
	}
	if g.start > g.end || g.end-g.start < 0 {
		return fmt.Errorf("option 'fields.%s.end' must not be less than 'fields.%s.start', nor further from it than 2^63", name, name)
	}
	width := map[data.Kind]int{data.TinyInt: 8, data.SmallInt: 16, data.Int: 32}[g.typ.Kind]
	if width > 0 && (g.start < -1<<(width-1) || g.end > 1<<(width-1)-1) {
		return fmt.Errorf("options 'fields.%s.start' and 'fields.%s.end' go beyond the range of %s", name, name, g.typ)
	}
	return nil
}

func (g *gen) length() int64 { return min(g.end-g.start, math.MaxInt64-1) + 1 }

func (g *gen) span(f *fields, name string, parse func(string) (int64, error)) error {
	for _, x := range []struct {
		what string
		to   *int64
	}{{"min", &g.min}, {"max", &g.max}} {
		if s, ok := f.get(name, x.what); ok {
			var err error
			if *x.to, err = parse(strings.TrimSpace(s)); err != nil {
				return fmt.Errorf("option 'fields.%s.%s': a value of %s expected, got %q", name, x.what, g.typ, s)
			}
		}
	}
	if g.min > g.max {
		return fmt.Errorf("option 'fields.%s.min' is more than 'fields.%s.max'", name, name)
	}
	return nil
}

func (g *gen) sizes(f *fields, name string, most int) error {
	if s, ok := f.get(name, "length"); ok {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if most = min(most, 10<<20); err != nil || n < 1 || n > most {
			return fmt.Errorf("option 'fields.%s.length': a whole number from 1 to %d expected, got %q", name, most, s)
		}
		g.size = n
	}
	if s, ok := f.get(name, "var-len"); ok {
		if s != "true" && s != "false" {
			return fmt.Errorf("option 'fields.%s.var-len': 'true' or 'false' expected, got %q", name, s)
		}
		g.varSize = s == "true"
	}
	return nil
}
