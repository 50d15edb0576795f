package expr

type ordered interface {
	uint8 | int32 | int64 | float32 | float64
}

// compareV fills o with 1 where the comparison of a and b holds.
func compareV[T ordered](op comparison, o []uint8, a, b []T, rows []int32) {
	switch op {
	case gt:
		a, b, op = b, a, lt
	case ge:
		a, b, op = b, a, le
	}
	if rows != nil {
		for _, i := range rows {
			switch op {
			case eq:
				o[i] = b2i(a[i] == b[i])
			case ne:
				o[i] = b2i(a[i] != b[i])
			case lt:
				o[i] = b2i(a[i] < b[i])
			default:
				o[i] = b2i(a[i] <= b[i])
			}
		}
		return
	}
	a, b = a[:len(o)], b[:len(o)]
	switch op {
	case eq:
		for i := range o {
			o[i] = b2i(a[i] == b[i])
		}
	case ne:
		for i := range o {
			o[i] = b2i(a[i] != b[i])
		}
	case lt:
		for i := range o {
			o[i] = b2i(a[i] < b[i])
		}
	default:
		for i := range o {
			o[i] = b2i(a[i] <= b[i])
		}
	}
}

// compareC is compareV with a constant on the right.
func compareC[T ordered](op comparison, o []uint8, a []T, k T, rows []int32) {
	if rows != nil {
		for _, i := range rows {
			x := a[i]
			switch op {
			case eq:
				o[i] = b2i(x == k)
			case ne:
				o[i] = b2i(x != k)
			case lt:
				o[i] = b2i(x < k)
			case le:
				o[i] = b2i(x <= k)
			case gt:
				o[i] = b2i(x > k)
			default:
				o[i] = b2i(x >= k)
			}
		}
		return
	}
	a = a[:len(o)]
	switch op {
	case eq:
		for i := range o {
			o[i] = b2i(a[i] == k)
		}
	case ne:
		for i := range o {
			o[i] = b2i(a[i] != k)
		}
	case lt:
		for i := range o {
			o[i] = b2i(a[i] < k)
		}
	case le:
		for i := range o {
			o[i] = b2i(a[i] <= k)
		}
	case gt:
		for i := range o {
			o[i] = b2i(a[i] > k)
		}
	default:
		for i := range o {
			o[i] = b2i(a[i] >= k)
		}
	}
}
