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
			s.text = appendPartText(s.text[:0], b.Cols[p.at], r)
			if len(s.text) == 0 {
				dst = append(dst, s.policy.null...)
			}
			dst = appendEscaped(dst, s.text)
		}
	}
	return dst
}

// alike tells that rows q and r surely have the same folder. Values of some types
// are not compared: those are never alike.
func (s *sink) alike(b *data.Batch, q, r int) bool {
	for _, p := range s.inPath {
		if p.at < 0 {
			continue
		}
		v := b.Cols[p.at]
		if null := v.IsNull(q); null || v.IsNull(r) {
			if null != v.IsNull(r) {
				return false
			}
			continue
		}
		switch v.Type.Phys() {
		case data.PhysString:
			if !bytes.Equal(v.Bytes(q), v.Bytes(r)) {
				return false
			}
		case data.PhysI32:
			if v.I32[q] != v.I32[r] {
				return false
			}
		case data.PhysI64:
			if v.I64[q] != v.I64[r] {
				return false
			}
		default:
			return false
		}
	}
	return true
}

func appendPartText(dst []byte, v *data.Vector, r int) []byte {
	if v.Type.Kind == data.Boolean {
		if v.Bool[r] != 0 {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	}
	return data.AppendText(dst, v, r, nil)
}

// unfit are the characters that cannot stand in a folder's name.
var unfit = func() (set [256]bool) {
	for c := range ' ' {
		set[c] = true
	}
	for _, c := range []byte("\x7f\"#%'*/:=?\\{[]^") {
		set[c] = true
	}
	return set
}()

// appendEscaped writes %XX for what cannot stand in a folder's name.
func appendEscaped(dst, text []byte) []byte {
	for _, c := range text {
		if unfit[c] {
			dst = append(dst, '%', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
			continue
		}
		dst = append(dst, c)
	}
	return dst
}
