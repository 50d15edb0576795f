package text

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

func bytesType() data.Type {
	return data.Type{Kind: data.VarBinary, Nullable: true, Precision: data.MaxLength}
}

var encodeFunctions = []*function.Scalar{
	{
		Name: "TO_BASE64", Category: "text", Syntax: "TO_BASE64(value)", Strict: true,
		Doc:      "The bytes of a string or binary value in base 64.",
		Examples: []function.Example{{SQL: "TO_BASE64('hello')", Want: "aGVsbG8="}},
		Infer:    function.Args(function.IfNull(str()), function.TextOrBin),
		Eval: build(func(dst []byte, _ *function.Call, _ int32, p []byte) []byte {
			return base64.StdEncoding.AppendEncode(dst, p)
		}),
	},
	{
		Name: "FROM_BASE64", Category: "text", Syntax: "FROM_BASE64(string)", Strict: true,
		Doc:      "The string that TO_BASE64 encoded. Fails for anything else.",
		Examples: []function.Example{{SQL: "FROM_BASE64('aGVsbG8=')", Want: "hello"}},
		Infer:    function.Args(function.IfNull(str()), function.Text),
		Eval: func(c *function.Call) error {
			buf := c.Scratch()
			for _, i := range c.Rows() {
				p := c.Args[0].Bytes(int(i))
				enc := base64.StdEncoding
				if len(p)%4 != 0 && (len(p) == 0 || p[len(p)-1] != '=') {
					enc = base64.RawStdEncoding
				}
				raw, err := enc.AppendDecode(buf[:0], p)
				if err != nil {
					return fmt.Errorf("%q is not base 64: %w", p, err)
				}
				text := data.AppendUTF8(nil, raw)
				c.Out.SetBytes(int(i), text)
				buf = raw
			}
			c.Keep(buf)
			return nil
		},
	},
	{
		Name: "ENCODE", Category: "text", Syntax: "ENCODE(string, charset)", Strict: true,
		Doc:      "The string as bytes of a character set: US-ASCII, ISO-8859-1, UTF-8, UTF-16BE, UTF-16LE, UTF-16.",
		Examples: []function.Example{{SQL: "ENCODE('é', 'ISO-8859-1')", Want: "x'e9'"}},
		Infer:    function.Args(function.IfNull(bytesType()), function.Text, function.Text),
		Eval: func(c *function.Call) error {
			for _, i := range c.Rows() {
				p, err := encode(c.Args[0].Str(int(i)), c.Args[1].Str(int(i)))
				if err != nil {
					return err
				}
				c.Out.SetBytes(int(i), p)
			}
			return nil
		},
	},
	{
		Name: "DECODE", Category: "text", Syntax: "DECODE(binary, charset)", Strict: true,
		Doc:      "The text of bytes of a character set: US-ASCII, ISO-8859-1, UTF-8, UTF-16BE, UTF-16LE, UTF-16.",
		Examples: []function.Example{{SQL: "DECODE(X'E9', 'ISO-8859-1')", Want: "é"}},
		Infer:    function.Args(function.IfNull(str()), function.Binary, function.Text),
		Eval: func(c *function.Call) error {
			for _, i := range c.Rows() {
				p, err := decode(c.Args[0].Bytes(int(i)), c.Args[1].Str(int(i)))
				if err != nil {
					return err
				}
				c.Out.SetBytes(int(i), p)
			}
			return nil
		},
	},
	{
		Name: "HEX", Category: "text", Syntax: "HEX(value)", Strict: true,
		Doc:      "An integer, or the bytes of a string, in hexadecimal.",
		Examples: []function.Example{{SQL: "HEX(255)", Want: "FF"}, {SQL: "HEX('abc')", Want: "616263"}},
		Infer: function.Overload(
			function.Args(function.IfNull(str()), function.TextOrBin),
			function.Args(function.IfNull(str()), function.BigInt)),
		Eval: func(c *function.Call) error {
			v := c.Args[0]
			for _, i := range c.Rows() {
				if v.Type.Phys() == data.PhysI64 {
					c.Out.SetString(int(i), fmt.Sprintf("%X", uint64(v.I64[i])))
					continue
				}
				buf := fmt.Appendf(c.Scratch(), "%X", v.Bytes(int(i)))
				c.Out.SetBytes(int(i), buf)
				c.Keep(buf)
			}
			return nil
		},
	},
	{
		Name: "UNHEX", Category: "text", Syntax: "UNHEX(string)", Strict: true,
		Doc:      "The bytes that hexadecimal text stands for; NULL for other text. Of an odd number of digits the first becomes a byte of zero.",
		Examples: []function.Example{{SQL: "UNHEX('68656C6C6F')", Want: "x'68656c6c6f'"}},
		Infer:    function.Args(function.Always(bytesType()), function.Text),
		Eval: each(func(c *function.Call, i int32, p []byte) {
			buf := c.Scratch()
			if len(p)%2 == 1 { // an odd first digit must be one, but counts as nothing, as in Flink
				if _, err := hex.Decode(make([]byte, 1), []byte{'0', p[0]}); err != nil {
					c.SetNull(i)
					return
				}
				buf, p = append(buf, 0), p[1:]
			}
			raw, err := hex.AppendDecode(buf, p)
			if err != nil {
				c.SetNull(i)
				return
			}
			c.Out.SetBytes(int(i), raw)
			c.Keep(raw)
		}),
	},
	{
		Name: "URL_ENCODE", Category: "text", Syntax: "URL_ENCODE(string)", Strict: true,
		Doc:      "The string in the encoding of HTML forms.",
		Examples: []function.Example{{SQL: "URL_ENCODE('a b&c')", Want: "a+b%26c"}},
		Infer:    function.Args(function.Always(str()), function.Text),
		Eval: build(func(dst []byte, _ *function.Call, _ int32, p []byte) []byte {
			for _, b := range p {
				switch {
				case b == ' ':
					dst = append(dst, '+')
				case b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || strings.IndexByte("-_.*", b) >= 0:
					dst = append(dst, b)
				default:
					dst = fmt.Appendf(dst, "%%%02X", b)
				}
			}
			return dst
		}),
	},
	{
		Name: "URL_DECODE", Category: "text", Syntax: "URL_DECODE(string)", Strict: true,
		Doc:      "The string that URL_ENCODE encoded; NULL if it is none.",
		Examples: []function.Example{{SQL: "URL_DECODE('a+b%26c')", Want: "a b&c"}},
		Infer:    function.Args(function.Always(str()), function.Text),
		Eval: each(func(c *function.Call, i int32, p []byte) {
			s, err := url.QueryUnescape(string(p))
			if err != nil {
				c.SetNull(i)
				return
			}
			c.Out.SetBytes(int(i), data.AppendUTF8(nil, []byte(s)))
		}),
	},
	{
		Name: "PARSE_URL", Category: "text", Syntax: "PARSE_URL(url, part[, key])", Strict: true,
		Doc:      "A part of a URL: HOST, PATH, QUERY, REF, PROTOCOL, FILE, AUTHORITY or USERINFO; with a key, the value of that parameter of the QUERY.",
		Examples: []function.Example{{SQL: "PARSE_URL('http://host/p?q=1', 'QUERY', 'q')", Want: "1"}},
		Infer:    function.Between(2, function.Always(str()), function.Text, function.Text, function.Text),
		Eval: each(func(c *function.Call, i int32, p []byte) {
			key := ""
			if len(c.Args) > 2 {
				key = c.Args[2].Str(int(i))
			}
			part, ok := urlPart(string(p), c.Args[1].Str(int(i)), len(c.Args) > 2, key)
			if !ok {
				c.SetNull(i)
				return
			}
			c.Out.SetString(int(i), part)
		}),
	},
}

func encode(s, charset string) ([]byte, error) {
	var out []byte
	switch strings.ToUpper(charset) {
	case "UTF-8":
		return []byte(s), nil
	case "US-ASCII", "ISO-8859-1":
		limit := rune(0x100)
		if strings.EqualFold(charset, "US-ASCII") {
			limit = 0x80
		}
		for _, r := range s {
			if r >= limit {
				r = '?'
			}
			out = append(out, byte(r))
		}
		return out, nil
	case "UTF-16LE":
		for _, u := range utf16.Encode([]rune(s)) {
			out = binary.LittleEndian.AppendUint16(out, u)
		}
		return out, nil
	case "UTF-16", "UTF-16BE":
		if strings.EqualFold(charset, "UTF-16") {
			out = append(out, 0xFE, 0xFF)
		}
		for _, u := range utf16.Encode([]rune(s)) {
			out = binary.BigEndian.AppendUint16(out, u)
		}
		return out, nil
	}
	return nil, fmt.Errorf("unknown character set %q", charset)
}

func decode(p []byte, charset string) ([]byte, error) {
	var out []byte
	switch set := strings.ToUpper(charset); set {
	case "UTF-8":
		return data.AppendUTF8(nil, p), nil
	case "US-ASCII", "ISO-8859-1":
		for _, b := range p {
			if b >= 0x80 && set == "US-ASCII" {
				out = utf8.AppendRune(out, utf8.RuneError)
				continue
			}
			out = utf8.AppendRune(out, rune(b))
		}
		return out, nil
	case "UTF-16", "UTF-16BE", "UTF-16LE":
		order := binary.ByteOrder(binary.BigEndian)
		if set == "UTF-16LE" {
			order = binary.LittleEndian
		}
		if set == "UTF-16" && len(p) >= 2 && (p[0] == 0xFE && p[1] == 0xFF || p[0] == 0xFF && p[1] == 0xFE) {
			if p[0] == 0xFF {
				order = binary.LittleEndian
			}
			p = p[2:]
		}
		var units []uint16
		for ; len(p) >= 2; p = p[2:] {
			units = append(units, order.Uint16(p))
		}
		for _, r := range utf16.Decode(units) {
			out = utf8.AppendRune(out, r)
		}
		if len(p) > 0 {
			out = utf8.AppendRune(out, utf8.RuneError)
		}
		return out, nil
	}
	return nil, fmt.Errorf("unknown character set %q", charset)
}

func urlPart(s, part string, hasKey bool, key string) (string, bool) {
	s = strings.TrimFunc(s, func(r rune) bool { return r <= ' ' })
	protocol, rest, ok := strings.Cut(s, "://")
	if !ok || protocol == "" || strings.ContainsAny(protocol, "/?#") {
		return "", false
	}
	rest, ref, hasRef := strings.Cut(rest, "#")
	at := strings.IndexAny(rest, "/?")
	if at < 0 {
		at = len(rest)
	}
	authority, file := rest[:at], rest[at:]
	path, query, hasQuery := strings.Cut(file, "?")
	user, host, hasUser := strings.Cut(authority, "@")
	if !hasUser {
		host = authority
	}
	if hasKey {
		if part != "QUERY" || !hasQuery {
			return "", false
		}
		for _, p := range strings.Split(query, "&") {
			if k, v, ok := strings.Cut(p, "="); ok && k == key {
				return v, true
			}
		}
		return "", false
	}
	switch part {
	case "PROTOCOL":
		return protocol, true
	case "HOST":
		if k := strings.LastIndexByte(host, ':'); k >= 0 && !strings.HasSuffix(host, "]") {
			host = host[:k]
		}
		return host, true
	case "PATH":
		return path, true
	case "QUERY":
		return query, hasQuery
	case "REF":
		return ref, hasRef
	case "FILE":
		return file, true
	case "AUTHORITY":
		return authority, true
	case "USERINFO":
		return user, hasUser
	}
	return "", false
}
