// Package guest is what a module of functions written in Go is made with: it
// speaks the calling convention of the engine, so that a function is an
// ordinary Go function of ordinary values.
//
//	package main
//
//	import "github.com/weir-streams/weir/engine/udf/guest"
//
//	var _ = guest.Scalar1("shout", func(s string) string { return strings.ToUpper(s) + "!" })
//
//	func main() {}
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o functions.wasm .
//
// Arguments and results are bool, int32, int64, float32, float64, string,
// []byte, Decimal, slices, maps and structs of those, or Null of one of them. A function is not called where an
// argument that is not Null is NULL: its result is NULL there. Strings and
// bytes lie in a buffer that is used again: what is kept must be cloned. A
// panic, and Fail, end the job's attempt with the message and the arguments.
//
// It is built for wasip1 only; the rule: nothing of the engine is imported, so
// that modules stay small.
package guest
