// Package text has the SQL functions on strings and bytes.
//
// A string is its UTF-8 bytes; lengths and positions count code points. Results
// that are part of an argument share its bytes.
package text

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// Functions lists the functions of this package.
var Functions = join(caseFunctions, partFunctions, splitFunctions, buildFunctions, searchFunctions, hashFunctions, encodeFunctions, regexpFunctions, countFunctions)

func join(tables ...[]*function.Scalar) []*function.Scalar {
	var all []*function.Scalar
	for _, t := range tables {
		all = append(all, t...)
	}
	return all
}

// isASCII tells whether all bytes are one-byte characters.
func isASCII(p []byte) bool {
	for len(p) >= 8 {
		if (uint64(p[0])|uint64(p[1])|uint64(p[2])|uint64(p[3])|uint64(p[4])|uint64(p[5])|uint64(p[6])|uint64(p[7]))&0x80 != 0 {
			return false
		}
		p = p[8:]
	}
	for _, c := range p {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// each computes every row of a strict function from the bytes of its first argument.
func each(f func(c *function.Call, i int32, p []byte)) func(*function.Call) error {
	return func(c *function.Call) error {
		v := c.Args[0]
		for _, i := range c.Rows() {
			f(c, i, v.Bytes(int(i)))
		}
		return nil
	}
}

// build computes every row by appending to a buffer.
func build(f func(dst []byte, c *function.Call, i int32, p []byte) []byte) func(*function.Call) error {
	return func(c *function.Call) error {
		v, buf := c.Args[0], c.Scratch()
		for _, i := range c.Rows() {
			buf = f(buf[:0], c, i, v.Bytes(int(i)))
			c.Out.SetBytes(int(i), buf)
		}
		c.Keep(buf)
		return nil
	}
}

func str() data.Type { return data.String() }
