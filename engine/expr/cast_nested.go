package expr

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
)

// castNested converts the elements of collections and the fields of rows. With
// TRY_CAST one bad element makes the whole value NULL.
func castNested(from, to data.Type) (castFn, error) {
	if len(from.Args) != len(to.Args) {
		return nil, fmt.Errorf("%s has %d parts, %s has %d", from, len(from.Args), to, len(to.Args))
	}
	parts := make([]castFn, len(from.Args))
	for i := range from.Args {
		parts[i] = copyValues
		if from.Args[i].Kind != data.Null && !passes(from.Args[i], to.Args[i]) {
			fn, err := castFor(from.Args[i], to.Args[i])
			if err != nil {
				return nil, err
			}
			parts[i] = fn
		}
	}
	one := func(k *caster, in, out *data.Vector, i int32, at int) error {
		n := 1
		if in.Type.Phys() == data.PhysList {
			n = int(in.Offsets[i+1] - in.Offsets[i])
		}
		for c, fn := range parts {
			if c >= len(in.Children) {
				break
			}
			src := in.Children[c]
			for j := range n {
				from, into := int(i), at
				if in.Type.Phys() == data.PhysList {
					from, into = int(in.Offsets[i])+j, at+j
				}
				if err := castElement(k, fn, src, out.Children[c], from, into); err != nil {
					return err
				}
			}
		}
		if to.Kind == data.Multiset {
			for j := range n {
				out.Children[1].SetValueAt(at+j, in.Children[1].ValueAt(int(in.Offsets[i])+j))
			}
		}
		return nil
	}
	return func(k *caster, in, out *data.Vector, rows []int32) error {
		strict := *k
		strict.try = false
		if to.Kind == data.Row {
			for _, i := range rows {
				if err := one(&strict, in, out, i, int(i)); err != nil {
					if err = k.fail(out, i, err); err != nil {
						return err
					}
				}
			}
			return nil
		}
		w := data.NewListWriter(out)
		for _, i := range rows {
			at := w.Row(int(i), int(in.Offsets[i+1]-in.Offsets[i]))
			if err := one(&strict, in, out, i, at); err != nil {
				if err = k.fail(out, i, err); err != nil {
					return err
				}
			}
		}
		w.Finish()
		return nil
	}, nil
}

func copyValues(_ *caster, in, out *data.Vector, rows []int32) error {
	for _, i := range rows {
		out.SetValueAt(int(i), in.ValueAt(int(i)))
	}
	return nil
}

// castElement converts one element, which may move to another place.
func castElement(k *caster, fn castFn, in, out *data.Vector, from, into int) error {
	if in.IsNull(from) {
		out.SetValueAt(into, data.NullValue())
		return nil
	}
	src := data.VectorOf(in.Type, in.ValueAt(from))
	dst := data.NewVector(out.Type, 1)
	err := fn(k, src, dst, []int32{0})
	if err == nil {
		out.SetValueAt(into, dst.ValueAt(0))
	}
	src.Release()
	dst.Release()
	return err
}
