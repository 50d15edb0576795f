package expr_test

import "testing"

// FuzzKernels compares kernels and rows for expressions made from a number.
func FuzzKernels(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { agree(t, seed) })
}
