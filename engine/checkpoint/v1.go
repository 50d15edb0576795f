package checkpoint

import (
	"encoding/binary"
	"encoding/json"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
)

// Format version 1: whole snapshots, each with its blocks in one file, and all
// places in the manifest. It is read only.

type manifest1 struct {
	JobID          string      `json:"jobId"`
	JobName        string      `json:"jobName"`
	ID             int64       `json:"id"`
	Savepoint      bool        `json:"savepoint"`
	Created        int64       `json:"created"`
	MaxParallelism int         `json:"maxParallelism"`
	Bytes          int64       `json:"bytes"`
	Inline         bool        `json:"inline"`
	Operators      []operator1 `json:"operators"`
}

type operator1 struct {
	UID         string  `json:"uid"`
	Name        string  `json:"name"`
	Parallelism int     `json:"parallelism"`
	Parts       []part1 `json:"parts"`
}

type part1 struct {
	Subtask int      `json:"subtask"`
	Keyed   []keyed1 `json:"keyed"`
	Lists   []list1  `json:"lists"`
	Blocks  []block1 `json:"blocks"`
}

type keyed1 struct {
	Name   string        `json:"name"`
	Keys   int           `json:"keys"`
	Schema []data.Column `json:"schema"`
	Rows   int64         `json:"rows"`
	Pieces [][4]int      `json:"pieces"` // group, block, offset, length; of one group: in order, rows may be cut
}

type list1 struct {
	Name   string         `json:"name"`
	Mode   state.ListMode `json:"mode"`
	Items  int            `json:"items"`
	Pieces [][4]int       `json:"pieces"`
}

type block1 [5]int64 // offset, stored, raw, checksum, whether it is compressed

// dataFile1 holds the blocks of larger ones.
const dataFile1 = "state"

// decode1 turns a manifest of version 1 into one of today, with its sections.
func decode1(text []byte) (*manifest, []section, error) {
	var old manifest1
	if err := json.Unmarshal(text, &old); err != nil {
		return nil, nil, damaged("%s: %v", MetadataFile, err)
	}
	m := &manifest{JobID: old.JobID, JobName: old.JobName, ID: old.ID, Savepoint: old.Savepoint, Created: old.Created, MaxParallelism: old.MaxParallelism}
	file := fileRef{Name: dataFile1, Size: old.Bytes, Index: old.Bytes}
	if old.Inline {
		file.Name = ""
	}
	m.Files = []fileRef{file}
	var sections []section
	for _, op := range old.Operators {
		mo := manifestOperator{UID: op.UID, Name: op.Name, Parallelism: op.Parallelism}
		for _, p := range op.Parts {
			s := section{UID: op.UID, Subtask: p.Subtask, cut: true}
			ref := layerRef{Section: len(sections)}
			mp := manifestPart{Subtask: p.Subtask}
			for _, b := range p.Blocks {
				k := block{Offset: b[0], Stored: int(b[1]), Raw: int(b[2]), CRC: uint32(b[3])}
				if b[4] == 1 {
					k.Codec = zstandard
				}
				s.Blocks = append(s.Blocks, k)
				ref.Bytes += b[1]
			}
			for i, k := range p.Keyed {
				s.States = append(s.States, state.Declared{Name: k.Name, Schema: k.Schema, Keys: k.Keys, Whole: true, Rows: k.Rows})
				mp.Keyed = append(mp.Keyed, manifestKeyed{Name: k.Name, Keys: k.Keys, Schema: k.Schema, Rows: k.Rows})
				s.pieces1(i, k.Pieces)
			}
			for i, l := range p.Lists {
				s.Lists = append(s.Lists, listed{Name: l.Name, Mode: l.Mode, Items: l.Items})
				mp.Items += l.Items
				s.pieces1(len(p.Keyed)+i, l.Pieces)
			}
			if len(s.States) > 0 {
				mp.Layers = []layerRef{ref}
			}
			if len(s.Lists) > 0 {
				mp.Lists = &ref
			}
			mo.Parts = append(mo.Parts, mp)
			sections = append(sections, s)
		}
		m.Operators = append(m.Operators, mo)
	}
	return m, sections, nil
}

func (s *section) pieces1(number int, pieces [][4]int) {
	for _, p := range pieces {
		s.Pieces = append(s.Pieces, piece{State: number, Group: p[0], Block: p[1], Offset: p[2], Length: p[3]})
	}
}

// splitItems takes a list apart.
func splitItems(raw []byte, n int) ([][]byte, error) {
	var items [][]byte
	for len(raw) > 0 {
		size, w := binary.Uvarint(raw)
		if w <= 0 || size > uint64(len(raw)-w) {
			return nil, damaged("truncated item")
		}
		items = append(items, raw[w:w+int(size):w+int(size)])
		raw = raw[w+int(size):]
	}
	if len(items) != n {
		return nil, damaged("%d items instead of %d", len(items), n)
	}
	return items, nil
}
