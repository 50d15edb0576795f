package change

import "github.com/weir-streams/weir/engine/data"

// leaf is where the values of an output lie: a vector, and the rows around it.
type leaf struct {
	v      *data.Vector
	around []*data.Vector
	base   uint64 // of its buffers in the output
}

func (d *decoder) leaf(column int, o output, dst *data.Vector) leaf {
	v := d.in.Cols[column]
	if d.form.Lists {
		v = v.Children[0]
	}
	x := leaf{v: v.Children[o.column]}
	for _, k := range o.fields {
		x.around = append(x.around, x.v)
		x.v = x.v.Children[k]
	}
	if x.v.Type.Phys() == data.PhysString {
		x.base = dst.ShareBuffers(x.v)
	}
	return x
}

// give appends the changes noted to b.
func (d *decoder) give(b *data.Batch) {
	n := len(d.changes)
	if n == 0 {
		return
	}
	for k, o := range d.outs {
		dst := b.Cols[k]
		dst.Resize(b.N + n)
		sides := [recordColumns]leaf{beforeColumn: d.leaf(beforeColumn, o, dst), afterColumn: d.leaf(afterColumn, o, dst)}
		for i, c := range d.changes {
			if c.rest >= 0 && !d.present[int(c.known)+o.column] {
				c.column, c.row = afterColumn, c.rest
			}
			sides[c.column].copy(dst, b.N+i, int(c.row))
		}
	}
	for len(b.Ops) < b.N {
		b.Ops = append(b.Ops, data.Insert)
	}
	for _, c := range d.changes {
		b.Ops = append(b.Ops, c.op)
	}
	b.N += n
}

// copy makes row at of dst what row r is here.
func (x *leaf) copy(dst *data.Vector, at, r int) {
	for _, v := range x.around {
		if v.IsNull(r) {
			data.SetNullRow(dst, at)
			return
		}
	}
	v := x.v
	if v.IsNull(r) {
		data.SetNullRow(dst, at)
		return
	}
	dst.ClearNull(at)
	switch v.Type.Phys() {
	case data.PhysBool:
		dst.Bool[at] = v.Bool[r]
	case data.PhysI32:
		dst.I32[at] = v.I32[r]
	case data.PhysI64:
		dst.I64[at] = v.I64[r]
	case data.PhysF32:
		dst.F32[at] = v.F32[r]
	case data.PhysF64:
		dst.F64[at] = v.F64[r]
	case data.PhysI128:
		dst.I128[at] = v.I128[r]
	case data.PhysTime:
		dst.I64[at], dst.Nano[at] = v.I64[r], v.Nano[r]
	case data.PhysString:
		dst.Views[at] = v.Views[r].Rebase(x.base)
	default:
		dst.SetValueAt(at, v.ValueAt(r))
	}
}
