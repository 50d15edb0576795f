package wire

import "fmt"

// Lenient makes JSON with raw control characters inside strings (line breaks
// in SQL pasted into a curl command) into strict JSON, by escaping them. Other
// faults are left for the decoder to report.
func Lenient(src []byte) []byte {
	first, inString := -1, false
	for i := 0; i < len(src); i++ {
		c := src[i]
		switch {
		case !inString:
			inString = c == '"'
		case c == '\\':
			i++
		case c == '"':
			inString = false
		case c < 0x20:
			first = i
		}
		if first >= 0 {
			break
		}
	}
	if first < 0 {
		return src
	}
	out := make([]byte, first, len(src)+64)
	copy(out, src[:first])
	inString = true
	for i := first; i < len(src); i++ {
		c := src[i]
		switch {
		case !inString:
			inString = c == '"'
			out = append(out, c)
		case c == '\\' && i+1 < len(src):
			out = append(out, c, src[i+1])
			i++
		case c == '"':
			inString = false
			out = append(out, c)
		case c < 0x20:
			out = append(out, escape(c)...)
		default:
			out = append(out, c)
		}
	}
	return out
}

func escape(c byte) string {
	switch c {
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	}
	return fmt.Sprintf(`\u%04x`, c)
}
