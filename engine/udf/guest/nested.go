//go:build wasip1

package guest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Values that hold others are read and written by their Go types: a slice is an
// ARRAY, a map a MAP, a struct a ROW of its exported fields. A field's tag says
// another SQL type than that of its Go type: `sql:"DECIMAL(10, 2)"`.

var (
	decimalType = reflect.TypeFor[Decimal]()
	bytesType   = reflect.TypeFor[[]byte]()
)

var named = map[reflect.Type]string{
	reflect.TypeFor[bool](): "BOOLEAN", reflect.TypeFor[int32](): "INT", reflect.TypeFor[int64](): "BIGINT",
	reflect.TypeFor[float32](): "FLOAT", reflect.TypeFor[float64](): "DOUBLE", reflect.TypeFor[string](): "STRING",
	bytesType: "BYTES", decimalType: "DECIMAL(38, 18)",
}

// isNullable tells whether t is Null of something.
func isNullable(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.PkgPath() == decimalType.PkgPath() && strings.HasPrefix(t.Name(), "Null[")
}

// nestedType is the SQL type of a Go type; whole: with NOT NULL inside it.
func nestedType(t reflect.Type, whole bool) (name string, null bool) {
	if isNullable(t) {
		name, _ = nestedType(t.Field(0).Type, whole)
		return name, true
	}
	within := func(t reflect.Type) string {
		name, null := nestedType(t, whole)
		if !null && whole {
			name += " NOT NULL"
		}
		return name
	}
	if name := named[t]; name != "" {
		return name, false
	}
	switch t.Kind() {
	case reflect.Slice:
		return "ARRAY<" + within(t.Elem()) + ">", false
	case reflect.Map:
		return "MAP<" + within(t.Key()) + ", " + within(t.Elem()) + ">", false
	case reflect.Struct:
		var parts []string
		for _, f := range fieldsOf(t) {
			typ := within(f.Type)
			if said := f.Tag.Get("sql"); said != "" {
				if typ = said; whole && !isNullable(f.Type) {
					typ += " NOT NULL"
				}
			}
			parts = append(parts, fmt.Sprintf("`%s` %s", columnName(f.Name), typ))
		}
		if len(parts) > 0 {
			return "ROW<" + strings.Join(parts, ", ") + ">", false
		}
	}
	panic(fmt.Sprintf("a function cannot have a value of type %v", t))
}

func columnName(field string) string {
	r, n := utf8.DecodeRuneInString(field)
	return string(unicode.ToLower(r)) + field[n:]
}

// fieldsOf are the exported fields of a struct.
func fieldsOf(t reflect.Type) []reflect.StructField {
	var out []reflect.StructField
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() {
			out = append(out, f)
		}
	}
	return out
}

// fill reads a column into the elements of a slice. Rows that skip marks do not
// count, whatever is there; nil: all count.
func fill(c column, into reflect.Value, skip []bool) {
	t, n := into.Type().Elem(), int(c.n)
	if isNullable(t) {
		inner := reflect.MakeSlice(reflect.SliceOf(t.Field(0).Type), n, n)
		fillPlain(c, inner, c.skipping(skip))
		for i := range n {
			if !c.isNull(i) {
				into.Index(i).Field(0).Set(inner.Index(i))
				into.Index(i).Field(1).SetBool(true)
			}
		}
		return
	}
	for i := range n {
		if c.isNull(i) && (skip == nil || !skip[i]) {
			Fail("a NULL within an argument where the function takes %v: Null[%v] would take it", t, t)
		}
	}
	fillPlain(c, into, skip)
}

// skipping marks the rows that are NULL besides those of skip.
func (c column) skipping(skip []bool) []bool {
	if c.nulls == 0 {
		return skip
	}
	out := make([]bool, c.n)
	for i := range out {
		out[i] = c.isNull(i) || skip != nil && skip[i]
	}
	return out
}

// fillPlain reads the values of a column, without its NULLs.
func fillPlain(c column, into reflect.Value, skip []bool) {
	t, n := into.Type().Elem(), int(c.n)
	part := func(k int) column { return at[column](c.extra, k+1)[k] }
	// what is in the lists, and what of it does not count
	var ends []uint32
	var within []bool
	elements := func(k int, t reflect.Type) reflect.Value {
		s := reflect.MakeSlice(reflect.SliceOf(t), int(ends[n]), int(ends[n]))
		fill(part(k), s, within)
		return s
	}
	if k := t.Kind(); k == reflect.Map || k == reflect.Slice && t != bytesType {
		ends = at[uint32](c.values, n+1)
		for i, no := range skip {
			for e := ends[i]; no && e < ends[i+1]; e++ {
				if within == nil {
					within = make([]bool, ends[n])
				}
				within[e] = true
			}
		}
	}
	switch {
	case t == bytesType:
		reflect.Copy(into, reflect.ValueOf(load[[]byte](c)))
	case t == decimalType:
		reflect.Copy(into, reflect.ValueOf(at[Decimal](c.values, n)))
	case t.Kind() == reflect.String:
		reflect.Copy(into, reflect.ValueOf(texts(c)))
	case t.Kind() == reflect.Slice:
		all := elements(0, t.Elem())
		for i := range n {
			into.Index(i).Set(all.Slice3(int(ends[i]), int(ends[i+1]), int(ends[i+1])))
		}
	case t.Kind() == reflect.Map:
		keys, values := elements(0, t.Key()), elements(1, t.Elem())
		for i := range n {
			m := reflect.MakeMapWithSize(t, int(ends[i+1]-ends[i]))
			for k := int(ends[i]); k < int(ends[i+1]); k++ {
				m.SetMapIndex(keys.Index(k), values.Index(k))
			}
			into.Index(i).Set(m)
		}
	case t.Kind() == reflect.Struct:
		for k, f := range fieldsOf(t) {
			s := reflect.MakeSlice(reflect.SliceOf(f.Type), n, n)
			fill(part(k), s, skip)
			for i := range n {
				into.Index(i).FieldByIndex(f.Index).Set(s.Index(i))
			}
		}
	case t.Kind() == reflect.Bool:
		reflect.Copy(into, reflect.ValueOf(at[bool](c.values, n)))
	case t.Kind() == reflect.Int32:
		reflect.Copy(into, reflect.ValueOf(at[int32](c.values, n)))
	case t.Kind() == reflect.Int64:
		reflect.Copy(into, reflect.ValueOf(at[int64](c.values, n)))
	case t.Kind() == reflect.Float32:
		reflect.Copy(into, reflect.ValueOf(at[float32](c.values, n)))
	default:
		reflect.Copy(into, reflect.ValueOf(at[float64](c.values, n)))
	}
}

// written makes a column of the elements of a slice.
func written(values reflect.Value) column {
	t, n := values.Type().Elem(), values.Len()
	c := column{n: uint32(n)}
	describe := func(parts ...column) {
		keep = append(keep, parts)
		c.extra = address(parts)
	}
	switch {
	case isNullable(t):
		inner := reflect.MakeSlice(reflect.SliceOf(t.Field(0).Type), n, n)
		nulls := make([]byte, (n+7)/8+1)
		for i := range n {
			inner.Index(i).Set(values.Index(i).Field(0))
			if !values.Index(i).Field(1).Bool() {
				nulls[i>>3] |= 1 << (i & 7)
			}
		}
		c = written(inner)
		keep = append(keep, nulls)
		c.nulls = address(nulls)
	case t == bytesType || t == decimalType:
		return scalars(values.Interface())
	case t.Kind() == reflect.Slice:
		ends := make([]uint32, n+1)
		all := reflect.MakeSlice(t, 0, n)
		for i := range n {
			all = reflect.AppendSlice(all, values.Index(i))
			ends[i+1] = uint32(all.Len())
		}
		keep = append(keep, ends)
		c.values = address(ends)
		describe(written(all))
	case t.Kind() == reflect.Map:
		ends := make([]uint32, n+1)
		keys, items := reflect.MakeSlice(reflect.SliceOf(t.Key()), 0, n), reflect.MakeSlice(reflect.SliceOf(t.Elem()), 0, n)
		for i := range n {
			for _, k := range sortedKeys(values.Index(i)) {
				keys, items = reflect.Append(keys, k), reflect.Append(items, values.Index(i).MapIndex(k))
			}
			ends[i+1] = uint32(keys.Len())
		}
		keep = append(keep, ends)
		c.values = address(ends)
		describe(written(keys), written(items))
	case t.Kind() == reflect.Struct:
		var parts []column
		for _, f := range fieldsOf(t) {
			s := reflect.MakeSlice(reflect.SliceOf(f.Type), n, n)
			for i := range n {
				s.Index(i).Set(values.Index(i).FieldByIndex(f.Index))
			}
			parts = append(parts, written(s))
		}
		describe(parts...)
	default:
		return scalars(values.Interface())
	}
	return c
}

// scalars makes a column of a slice of values that hold no others.
func scalars(values any) column {
	switch v := values.(type) {
	case []bool:
		return store(v, nil)
	case []int32:
		return store(v, nil)
	case []int64:
		return store(v, nil)
	case []float32:
		return store(v, nil)
	case []float64:
		return store(v, nil)
	case []Decimal:
		return store(v, nil)
	case []string:
		return store(v, nil)
	}
	return store(values.([][]byte), nil)
}

// sortedKeys are the keys of a map in an order that is the same always.
func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		return strings.Compare(fmt.Sprint(a.Interface()), fmt.Sprint(b.Interface()))
	})
	return keys
}
