package collection

import (
	"fmt"
	"math"
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// percentile is what PERCENTILE becomes over the values that were collected: a
// multiset of DOUBLE, and one or several shares.
var percentile = &function.Scalar{
	Name: "$PERCENTILE", Category: "collection", Syntax: "$PERCENTILE(multiset, share)",
	Doc: "The value below which a share of the values of a multiset lies, interpolated between the two nearest. PERCENTILE is bound to it.",
	Infer: func(args []function.Arg) (function.Signature, error) {
		s := function.Signature{Result: data.Of(data.Double)}
		for _, a := range args {
			s.Args = append(s.Args, a.Type)
		}
		if len(args) != 2 || args[0].Type.Kind != data.Multiset {
			return s, fmt.Errorf("takes a multiset and a share")
		}
		if args[1].Type.Kind == data.Array {
			s.Result = data.Type{Kind: data.Array, Nullable: true, Args: []data.Type{data.Of(data.Double)}}
		}
		return s, nil
	},
	Strict: true,
	Eval: func(c *function.Call) error {
		set, share := c.Args[0], c.Args[1]
		values, counts := set.Children[0], set.Children[1]
		var frequencies *data.Vector
		if values.Type.Kind == data.Row {
			values, frequencies = values.Children[0], values.Children[1]
		}
		many := share.Type.Kind == data.Array
		var w *data.ListWriter
		if many {
			w = data.NewListWriter(c.Out)
		}
		var list []weighed
		for _, i := range c.Rows() {
			list = list[:0]
			total := int64(0)
			for k := set.Offsets[i]; k < set.Offsets[i+1]; k++ {
				n := int64(counts.I32[k])
				if frequencies != nil {
					if frequencies.IsNull(int(k)) || frequencies.I64[k] <= 0 {
						continue
					}
					n *= frequencies.I64[k]
				}
				if n > 0 && !values.IsNull(int(k)) {
					list = append(list, weighed{values.F64[k], n})
					total += n
				}
			}
			slices.SortFunc(list, func(a, b weighed) int {
				switch {
				case a.value < b.value:
					return -1
				case a.value > b.value:
					return 1
				}
				return 0
			})
			if !many {
				if total == 0 {
					c.SetNull(i)
					continue
				}
				x, err := percentileOf(list, total, share.F64[i])
				if err != nil {
					return err
				}
				c.Out.F64[i] = x
				continue
			}
			from, to := share.Offsets[i], share.Offsets[i+1]
			if total == 0 {
				w.Row(int(i), 0)
				c.Out.SetNull(int(i))
				continue
			}
			at := w.Row(int(i), int(to-from))
			for k := from; k < to; k++ {
				if share.Children[0].IsNull(int(k)) {
					return fmt.Errorf("a share is NULL")
				}
				x, err := percentileOf(list, total, share.Children[0].F64[k])
				if err != nil {
					return err
				}
				c.Out.Children[0].F64[at+int(k-from)] = x
			}
		}
		if many {
			w.Finish()
		}
		return nil
	},
}

type weighed struct {
	value float64
	n     int64
}

// percentileOf interpolates in a sorted list.
func percentileOf(list []weighed, total int64, share float64) (float64, error) {
	if share < 0 || share > 1 || share != share {
		return 0, fmt.Errorf("the share %v is not between 0 and 1", share)
	}
	at := func(place float64) float64 { // counted from 1
		left := int64(place)
		for _, x := range list {
			if left -= x.n; left <= 0 {
				return x.value
			}
		}
		return list[len(list)-1].value
	}
	place := float64(total-1)*share + 1
	lower, upper := math.Floor(place), math.Ceil(place)
	a, b := at(lower), at(upper)
	if lower == upper || a == b {
		return a, nil
	}
	return (upper-place)*a + (place-lower)*b, nil
}
