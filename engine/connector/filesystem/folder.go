package filesystem

import (
	"bytes"

	"github.com/weir-streams/weir/engine/data"
)

// folder appends the folder of a row's partition: day=2024-01-01/region=eu.
func (s *sink) folder(dst []byte, b *data.Batch, r int) []byte {
	for k, p := range s.inPath {
		if k > 0 {
			dst = append(dst, '/')
		}
		dst = appendEscaped(dst, []byte(p.name))
		dst = append(dst, '=')
		switch {
		case p.at < 0 && p.static != "":
			dst = appendEscaped(dst, []byte(p.static))
		case p.at < 0 || b.Cols[p.at].IsNull(r):
			dst = append(dst, s.policy.null...)
		default:
			text := partText(b.Cols[p.at], r)
			if len(text) == 0 {
				dst = append(dst, s.policy.null...)
			}
			dst = appendEscaped(dst, text)
		}
	}
	return dst
}

func partText(v *data.Vector, r int) []byte {
	if v.Type.Kind == data.Boolean {
		if v.Bool[r] != 0 {
			return []byte("true")
		}
		return []byte("false")
	}
	return data.AppendText(nil, v, r, nil)
}

// appendEscaped writes %XX for what cannot stand in a folder's name.
func appendEscaped(dst, text []byte) []byte {
	for _, c := range text {
		if c < ' ' || c == 0x7f || bytes.IndexByte([]byte(`"#%'*/:=?\{[]^`), c) >= 0 {
			dst = append(dst, '%', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
			continue
		}
		dst = append(dst, c)
	}
	return dst
}
