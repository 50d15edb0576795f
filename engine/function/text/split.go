package text

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

func splitIndex(c *function.Call) error {
	v := c.Args[0]
	base := c.Out.ShareBuffers(v)
	byCode := c.Args[1].Type.Phys() == data.PhysI32
	var code [utf8.UTFMax]byte
	for _, i := range c.Rows() {
		p, index := v.Bytes(int(i)), int(c.Args[2].I32[i])
		var sep []byte
		if byCode {
			if r := c.Args[1].I32[i]; r < 1 || r > 255 {
				c.SetNull(i)
				continue
			}
			sep = utf8.AppendRune(code[:0], rune(c.Args[1].I32[i]))
		} else {
			sep = c.Args[1].Bytes(int(i))
		}
		from, to := field(p, sep, index)
		if from < 0 {
			c.SetNull(i)
			continue
		}
		c.Out.SetSub(int(i), v, base, int(i), from, to-from)
	}
	return nil
}

// field finds part number index of p, or -1.
func field(p, sep []byte, index int) (from, to int) {
	if index < 0 || len(p) == 0 {
		return -1, 0
	}
	if len(sep) == 1 {
		b := sep[0]
		for ; index > 0; index-- {
			k := bytes.IndexByte(p[from:], b)
			if k < 0 {
				return -1, 0
			}
			from += k + 1
		}
		if k := bytes.IndexByte(p[from:], b); k >= 0 {
			return from, from + k
		}
		return from, len(p)
	}
	next := func(q []byte) (int, int) { return bytes.Index(q, sep), len(sep) }
	if len(sep) == 0 { // as in Flink: any blank parts
		next = func(q []byte) (int, int) {
			k := bytes.IndexFunc(q, unicode.IsSpace)
			if k < 0 {
				return k, 0
			}
			_, w := utf8.DecodeRune(q[k:])
			return k, w
		}
	}
	for {
		k, w := next(p[from:])
		switch {
		case index == 0 && k < 0:
			return from, len(p)
		case index == 0:
			return from, from + k
		case k < 0:
			return -1, 0
		}
		from += k + w
		index--
	}
}

var splitFunctions = []*function.Scalar{
	{
		Name: "SPLIT", Category: "text", Syntax: "SPLIT(string, delimiter)", Strict: true,
		Doc:      "The parts of the string between delimiters, as an array; every character if the delimiter is empty. The empty string has no parts.",
		Examples: []function.Example{{SQL: "SPLIT('a,b,,c', ',')", Want: "[a, b, , c]"}},
		Infer: function.Args(func(args []data.Type) data.Type {
			return data.Type{Kind: data.Array, Args: []data.Type{str()}, Nullable: function.AnyNull(args)}
		}, function.Text, function.Text),
		Eval: func(c *function.Call) error {
			w := data.NewListWriter(c.Out)
			elems := c.Out.Children[0]
			base := elems.ShareBuffers(c.Args[0])
			var ends []int
			for _, i := range c.Rows() {
				p, sep := c.Args[0].Bytes(int(i)), c.Args[1].Bytes(int(i))
				ends = ends[:0]
				for from := 0; len(p) > 0; {
					k := bytes.Index(p[from:], sep)
					if len(sep) == 0 {
						if from == len(p) {
							break
						}
						_, k = utf8.DecodeRune(p[from:])
					}
					if k < 0 {
						ends = append(ends, from, len(p))
						break
					}
					ends = append(ends, from, from+k)
					from += k + len(sep)
				}
				at := w.Row(int(i), len(ends)/2)
				for k := 0; k < len(ends); k += 2 {
					elems.SetSub(at+k/2, c.Args[0], base, int(i), ends[k], ends[k+1]-ends[k])
				}
			}
			w.Finish()
			return nil
		},
	},
	{
		Name: "STR_TO_MAP", Category: "text", Syntax: "STR_TO_MAP(string[, entry delimiter, value delimiter])", Strict: true,
		Doc:      "A map of the entries of the string; the delimiters are regular expressions, by default ',' and '='.",
		Examples: []function.Example{{SQL: "STR_TO_MAP('a=1')", Want: "{a=1}"}},
		Infer: func(args []function.Arg) (function.Signature, error) {
			t := data.Type{Kind: data.Map, Nullable: true, Args: []data.Type{str(), str()}}
			if len(args) == 1 {
				return function.Args(function.Always(t), function.Text)(args)
			}
			return function.Args(function.Always(t), function.Text, function.Text, function.Text)(args)
		},
		Eval: strToMap,
	},
}

func strToMap(c *function.Call) error {
	w := data.NewListWriter(c.Out)
	keys, values := c.Out.Children[0], c.Out.Children[1]
	entrySep, valueSep := ",", "="
	for _, i := range c.Rows() {
		s := c.Args[0].Str(int(i))
		if len(c.Args) > 1 {
			entrySep, valueSep = c.Args[1].Str(int(i)), c.Args[2].Str(int(i))
		}
		entries, err := function.CompilePattern(entrySep)
		if err != nil {
			return err
		}
		pairs, err := function.CompilePattern(valueSep)
		if err != nil {
			return err
		}
		type entry struct {
			key, value string
			null       bool
		}
		var list []entry
		place := map[string]int{}
		if s != "" {
			texts := entries.Split(s)
			for len(texts) > 0 && texts[len(texts)-1] == "" {
				texts = texts[:len(texts)-1]
			}
			for _, text := range texts {
				e := entry{key: text, null: true}
				if valueSep == "" { // between the first two characters
					if _, n := utf8.DecodeRuneInString(text); n < len(text) {
						e = entry{key: text[:n], value: text[n:]}
					}
				} else if at := pairs.Find([]byte(text), nil); at != nil {
					e = entry{key: text[:at[0]], value: text[at[1]:]}
				}
				if k, twice := place[e.key]; twice {
					list[k] = e
					continue
				}
				place[e.key] = len(list)
				list = append(list, e)
			}
		}
		at := w.Row(int(i), len(list))
		for k, e := range list {
			keys.SetString(at+k, e.key)
			if e.null {
				values.SetValueAt(at+k, data.NullValue())
			} else {
				values.SetString(at+k, e.value)
			}
		}
	}
	w.Finish()
	return nil
}
