//go:build wasip1

package guest

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"unsafe"
)

// Function is a function of the module.
type Function struct {
	Name     string   `json:"name"`
	Kind     string   `json:"kind"`
	Args     []string `json:"args"`
	Result   string   `json:"result"`
	Strict   bool     `json:"strict"`
	Volatile bool     `json:"volatile,omitempty"`
	Retract  bool     `json:"retract,omitempty"`
	Merge    bool     `json:"merge,omitempty"`
	State    string   `json:"state,omitempty"`

	plain []bool // arguments that cannot be NULL for the function
	eval  func(r request) answer
}

var functions []*Function

// Types says other SQL types than those of the Go types, arguments first, the
// result last: TIMESTAMP(3) and TIMESTAMP_LTZ(3) for int64 (milliseconds), DATE
// (days) and TIME (milliseconds) for int32, DECIMAL(p, s) for Decimal.
func (f *Function) Types(types ...string) *Function {
	f.Args = types[:len(types)-1]
	if last := types[len(types)-1]; strings.HasSuffix(f.Result, " NOT NULL") {
		f.Result = last + " NOT NULL"
	} else {
		f.Result = last
	}
	return f
}

// MayVary says that the function may answer differently for the same arguments.
func (f *Function) MayVary() *Function { f.Volatile = true; return f }

// Fail ends the call: the job's attempt fails with the message.
func Fail(format string, args ...any) { panic(failure(fmt.Sprintf(format, args...))) }

type failure string

type request struct {
	op   uint32
	rows int
	cols []column
	row  *int // being worked on
}

type answer struct {
	rows int
	ends []uint32 // of a table function
	cols []column
}

func register(name, kind string, strict bool) *Function {
	f := &Function{Name: name, Kind: kind, Strict: strict, Args: []string{}}
	functions = append(functions, f)
	return f
}

func argument[T any](f *Function) {
	name, null := typeOf[T](false)
	f.Args, f.plain = append(f.Args, name), append(f.plain, !null)
	f.Strict = f.Strict && !null
}

func result[T any](f *Function) {
	name, null := typeOf[T](true)
	if !null && f.Strict {
		name += " NOT NULL"
	}
	f.Result = name
}

// skip tells whether row i is not for the function, and marks it.
func (f *Function) skip(r request, i int, nulls *[]byte) bool {
	if f.Strict {
		return false
	}
	if !f.leftOut(r.cols, i) {
		return false
	}
	if *nulls == nil {
		*nulls = make([]byte, (r.rows+7)/8)
	}
	(*nulls)[i>>3] |= 1 << (i & 7)
	return true
}

// leftOut tells whether an argument is NULL that cannot be for the function.
func (f *Function) leftOut(args []column, i int) bool {
	for k, plain := range f.plain {
		if plain && args[k].isNull(i) {
			return true
		}
	}
	return false
}

func scalar[R any](f *Function, r request, value func(i int) R) answer {
	out := make([]R, r.rows)
	var nulls []byte
	for i := range out {
		if *r.row = i; !f.skip(r, i, &nulls) {
			out[i] = value(i)
		}
	}
	return answer{rows: r.rows, cols: []column{store(out, nulls)}}
}

// Scalar0 makes a function without arguments.
func Scalar0[R any](name string, f func() R) *Function {
	d := register(name, "scalar", true)
	result[R](d)
	d.eval = func(r request) answer { return scalar(d, r, func(int) R { return f() }) }
	return d
}

// Scalar1 makes a function of one argument.
func Scalar1[A, R any](name string, f func(A) R) *Function {
	d := register(name, "scalar", true)
	argument[A](d)
	result[R](d)
	d.eval = func(r request) answer {
		a := load[A](r.cols[0])
		return scalar(d, r, func(i int) R { return f(a[i]) })
	}
	return d
}

// Scalar2 makes a function of two arguments.
func Scalar2[A, B, R any](name string, f func(A, B) R) *Function {
	d := register(name, "scalar", true)
	argument[A](d)
	argument[B](d)
	result[R](d)
	d.eval = func(r request) answer {
		a, b := load[A](r.cols[0]), load[B](r.cols[1])
		return scalar(d, r, func(i int) R { return f(a[i], b[i]) })
	}
	return d
}

// Scalar3 makes a function of three arguments.
func Scalar3[A, B, C, R any](name string, f func(A, B, C) R) *Function {
	d := register(name, "scalar", true)
	argument[A](d)
	argument[B](d)
	argument[C](d)
	result[R](d)
	d.eval = func(r request) answer {
		a, b, c := load[A](r.cols[0]), load[B](r.cols[1]), load[C](r.cols[2])
		return scalar(d, r, func(i int) R { return f(a[i], b[i], c[i]) })
	}
	return d
}

//go:wasmexport weir_describe
func describe() int64 {
	text, err := json.Marshal(map[string]any{"abi": 1, "functions": functions})
	if err != nil {
		panic(err)
	}
	keep = append(keep, text)
	return int64(address(text))<<32 | int64(len(text))
}

var space []uint64 // the request

//go:wasmexport weir_room
func room(size uint32) uint32 {
	clear(keep)
	keep = keep[:0]
	runtime.Gosched() // the collector has no other time of its own
	if n := int(size)/8 + 1; n > len(space) {
		space = make([]uint64, n+n/4)
	}
	return address(space)
}

const headSize = 32

//go:wasmexport weir_call
func call(number, at uint32) (out uint32) {
	head := at8(at, headSize)
	r := request{op: head[0], rows: int(head[1]), row: new(int)}
	r.cols = unsafe.Slice((*column)(unsafe.Pointer(uintptr(at+headSize))), head[2])
	*r.row = -1
	defer func() {
		if why := recover(); why != nil {
			out = refuse(why, *r.row)
		}
	}()
	a := functions[number].eval(r)
	words := make([]uint32, headSize/4+4*len(a.cols))
	words[1], words[2] = uint32(a.rows), uint32(len(a.cols))
	if a.ends != nil {
		keep = append(keep, a.ends)
		words[3] = address(a.ends)
	}
	for i, c := range a.cols {
		copy(words[headSize/4+4*i:], []uint32{c.values, c.extra, c.nulls, c.n})
	}
	keep = append(keep, words)
	return address(words)
}

func at8(p uint32, bytes int) []uint32 { return at[uint32](p, bytes/4) }

func refuse(why any, row int) uint32 {
	text := fmt.Sprint(why)
	if f, ok := why.(failure); ok {
		text = string(f)
	}
	bytes := []byte(text)
	words := make([]uint32, headSize/4)
	words[0], words[4], words[5], words[6] = 1, address(bytes), uint32(len(bytes)), uint32(int32(row))
	keep = append(keep, bytes, words)
	return address(words)
}
