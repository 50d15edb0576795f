package expr

// The inner loops of arithmetic: over all elements when rows is nil, else over
// the rows listed. Operands may be longer than the result.

func addV[T number](o, a, b []T, rows []int32) {
	if rows == nil {
		a, b = a[:len(o)], b[:len(o)]
		for i := range o {
			o[i] = a[i] + b[i]
		}
		return
	}
	for _, i := range rows {
		o[i] = a[i] + b[i]
	}
}

func subV[T number](o, a, b []T, rows []int32) {
	if rows == nil {
		a, b = a[:len(o)], b[:len(o)]
		for i := range o {
			o[i] = a[i] - b[i]
		}
		return
	}
	for _, i := range rows {
		o[i] = a[i] - b[i]
	}
}

func mulV[T number](o, a, b []T, rows []int32) {
	if rows == nil {
		a, b = a[:len(o)], b[:len(o)]
		for i := range o {
			o[i] = a[i] * b[i]
		}
		return
	}
	for _, i := range rows {
		o[i] = a[i] * b[i]
	}
}

func divV[T ~float32 | ~float64](o, a, b []T, rows []int32) {
	if rows == nil {
		a, b = a[:len(o)], b[:len(o)]
		for i := range o {
			o[i] = a[i] / b[i]
		}
		return
	}
	for _, i := range rows {
		o[i] = a[i] / b[i]
	}
}

func addC[T number](o, a []T, k T, rows []int32) {
	if rows == nil {
		a = a[:len(o)]
		for i := range o {
			o[i] = a[i] + k
		}
		return
	}
	for _, i := range rows {
		o[i] = a[i] + k
	}
}

func mulC[T number](o, a []T, k T, rows []int32) {
	if rows == nil {
		a = a[:len(o)]
		for i := range o {
			o[i] = a[i] * k
		}
		return
	}
	for _, i := range rows {
		o[i] = a[i] * k
	}
}

func subCV[T number](o []T, k T, b []T, rows []int32) {
	if rows == nil {
		b = b[:len(o)]
		for i := range o {
			o[i] = k - b[i]
		}
		return
	}
	for _, i := range rows {
		o[i] = k - b[i]
	}
}
