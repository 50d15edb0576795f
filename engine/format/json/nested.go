package json

import (
	"errors"
	"fmt"
	"slices"

	"github.com/weir-streams/weir/engine/data"
)

// array reads an array as row r of a list.
func (d *decoder) array(i int, v *data.Vector, r int) (int, error) {
	p := d.p
	if p[i] != '[' {
		return 0, &unfitError{i, errors.New("an array expected")}
	}
	c, at := v.Children[0], int(v.Offsets[r])
	i = space(p, i+1)
	if i < len(p) && p[i] == ']' {
		v.Offsets[r+1] = int32(at)
		return i + 1, nil
	}
	var err error
	for {
		c.Resize(at + 1)
		if i, err = d.field(i, c, at, "element"); err != nil {
			return 0, err
		}
		at++
		i = space(p, i)
		switch {
		case i < len(p) && p[i] == ',':
			i = space(p, i+1)
		case i < len(p) && p[i] == ']':
			v.Offsets[r+1] = int32(at)
			return i + 1, nil
		default:
			return 0, unexpected(p, i, "',' or ']'")
		}
	}
}

// mapping reads an object as row r of a map or multiset.
func (d *decoder) mapping(i int, v *data.Vector, r int) (int, error) {
	p := d.p
	if p[i] != '{' {
		return 0, &unfitError{i, errors.New("an object expected")}
	}
	keys, values, at := v.Children[0], v.Children[1], int(v.Offsets[r])
	from := at
	i = space(p, i+1)
	if i < len(p) && p[i] == '}' {
		v.Offsets[r+1] = int32(at)
		return i + 1, nil
	}
	for {
		if i >= len(p) || p[i] != '"' {
			return 0, unexpected(p, i, "a member name in quotes")
		}
		name, next, err := d.name(i + 1)
		if err != nil {
			return 0, err
		}
		keys.Resize(at + 1)
		values.Resize(at + 1)
		keys.ClearNull(at)
		keys.SetBytes(at, name)
		if i, err = d.field(next, values, at, "value"); err != nil {
			return 0, err
		}
		at++
		i = space(p, i)
		switch {
		case i < len(p) && p[i] == ',':
			i = space(p, i+1)
		case i < len(p) && p[i] == '}':
			v.Offsets[r+1] = int32(at)
			at = once(v, r, from, at)
			hashed(v, r, from, at)
			return i + 1, nil
		default:
			return 0, unexpected(p, i, "',' or '}'")
		}
	}
}

// hashed puts the entries in the order of Java's HashMap, into which Flink's
// format reads an object; what is printed of a map, or made of its keys, shows it.
func hashed(v *data.Vector, r, from, to int) {
	n := to - from
	if n < 2 {
		return
	}
	size := uint32(16)
	for 4*n > 3*int(size) {
		size *= 2
	}
	keys := v.Children[0]
	bucket := func(i int) uint32 {
		h := data.HashText(keys.Bytes(i))
		return (h ^ h>>16) & (size - 1)
	}
	ordered := true
	for i := from + 1; i < to && ordered; i++ {
		ordered = bucket(i-1) <= bucket(i)
	}
	if ordered {
		return
	}
	x := v.ValueAt(r)
	entries := make([]int, n)
	for i := range entries {
		entries[i] = i
	}
	slices.SortStableFunc(entries, func(a, b int) int { return int(bucket(from+a)) - int(bucket(from+b)) })
	sorted := make([]data.Value, 0, 2*n)
	for _, i := range entries {
		sorted = append(sorted, x.Elems[2*i], x.Elems[2*i+1])
	}
	v.SetValueAt(r, data.Value{Elems: sorted})
}

// once drops entries whose key comes again: the last counts. It returns where
// those that are left end.
func once(v *data.Vector, r, from, to int) int {
	keys := v.Children[0]
	last := map[string]int{}
	twice := false
	if to-from <= 8 {
		for i := from; i < to && !twice; i++ {
			for j := i + 1; j < to; j++ {
				twice = twice || keys.Str(i) == keys.Str(j)
			}
		}
		if !twice {
			return to
		}
	}
	for i := from; i < to; i++ {
		last[keys.Str(i)] = i
	}
	if len(last) == to-from {
		return to
	}
	x := v.ValueAt(r)
	var kept []data.Value
	for i := from; i < to; i++ {
		if last[keys.Str(i)] == i {
			kept = append(kept, x.Elems[2*(i-from)], x.Elems[2*(i-from)+1])
		}
	}
	v.SetValueAt(r, data.Value{Elems: kept})
	return from + len(kept)/2
}

// whole reads an object as row r of a ROW.
func (d *decoder) whole(i int, v *data.Vector, r int) (int, error) {
	p := d.p
	if p[i] != '{' {
		return 0, &unfitError{i, errors.New("an object expected")}
	}
	var few [32]bool
	seen := few[:]
	if len(v.Children) > len(few) {
		seen = make([]bool, len(v.Children))
	}
	end := func(i int) (int, error) {
		for k, c := range v.Children {
			if seen[k] {
				continue
			}
			if d.strict {
				return 0, &unfitError{i - 1, fmt.Errorf("field %q is missing in the JSON data", v.Type.Names[k])}
			}
			data.SetNullRow(c, r)
		}
		return i, nil
	}
	i = space(p, i+1)
	if i < len(p) && p[i] == '}' {
		return end(i + 1)
	}
	expect := 0
	for {
		if i >= len(p) || p[i] != '"' {
			return 0, unexpected(p, i, "a member name in quotes")
		}
		name, next, err := d.name(i + 1)
		if err != nil {
			return 0, err
		}
		k := -1
		if expect < len(v.Type.Names) && v.Type.Names[expect] == string(name) {
			k = expect
		} else {
			for j, n := range v.Type.Names {
				if n == string(name) {
					k = j
				}
			}
		}
		if k < 0 {
			i, err = skip(p, next)
		} else {
			seen[k], expect = true, k+1
			i, err = d.field(next, v.Children[k], r, v.Type.Names[k])
		}
		if err != nil {
			return 0, err
		}
		i = space(p, i)
		switch {
		case i < len(p) && p[i] == ',':
			i = space(p, i+1)
		case i < len(p) && p[i] == '}':
			return end(i + 1)
		default:
			return 0, unexpected(p, i, "',' or '}'")
		}
	}
}
