package text

import (
	"encoding/binary"
	"math/bits"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// countFunctions are those that benchmarks and examples of Flink declare by a
// Java class: scripts that use them run as they are.
var countFunctions = []*function.Scalar{
	{
		Name: "COUNT_CHAR", Category: "text", Syntax: "COUNT_CHAR(string, character)",
		Doc:      "How many bytes of the string are the first byte of the character; 0 for NULL. It is the function that the Nexmark benchmark declares as com.github.nexmark.flink.udf.CountChar.",
		Examples: []function.Example{{SQL: "COUNT_CHAR('concrete', 'c')", Want: "2"}},
		Infer:    function.Args(function.Always(data.Of(data.BigInt)), function.Text, function.Text),
		Total:    true,
		Eval: func(c *function.Call) error {
			v, which, out := c.Args[0], c.Args[1], c.Out
			for _, i := range c.Rows() {
				if which.IsNull(int(i)) {
					c.SetNull(i)
					continue
				}
				out.I64[i] = 0
				if b := which.Bytes(int(i)); len(b) > 0 && !v.IsNull(int(i)) {
					out.I64[i] = int64(countByte(v.Bytes(int(i)), b[0]))
				}
			}
			return nil
		},
	},
}

// countByte counts a byte, eight at a time: strings are too short for more.
func countByte(p []byte, b byte) (n int) {
	const low7, ones = 0x7F7F7F7F7F7F7F7F, 0x0101010101010101
	pattern := uint64(b) * ones
	for len(p) >= 8 {
		x := binary.LittleEndian.Uint64(p) ^ pattern
		n += bits.OnesCount64(^((x&low7 + low7) | x | low7))
		p = p[8:]
	}
	for _, c := range p {
		if c == b {
			n++
		}
	}
	return n
}
