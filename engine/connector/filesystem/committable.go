package filesystem

import (
	"encoding/binary"
	"errors"
	"strings"
)

// committable is a closed, hidden file.
type committable struct {
	folder, name string
	size         int64
}

func (c committable) encode() []byte {
	b := binary.AppendUvarint([]byte{1}, uint64(len(c.folder)))
	b = append(b, c.folder...)
	b = binary.AppendUvarint(b, uint64(len(c.name)))
	b = append(b, c.name...)
	return binary.AppendUvarint(b, uint64(c.size))
}

func decodeCommittable(b []byte) (c committable, err error) {
	damaged := errors.New("record of a file to publish is damaged")
	if len(b) == 0 || b[0] != 1 {
		return c, damaged
	}
	b = b[1:]
	for _, s := range []*string{&c.folder, &c.name} {
		n, w := binary.Uvarint(b)
		if w <= 0 || n > uint64(len(b)-w) {
			return c, damaged
		}
		*s, b = string(b[w:w+int(n)]), b[w+int(n):]
	}
	size, w := binary.Uvarint(b)
	if w <= 0 || c.name == "" || strings.ContainsAny(c.name, "/\\") {
		return c, damaged
	}
	c.size = int64(size)
	return c, nil
}
