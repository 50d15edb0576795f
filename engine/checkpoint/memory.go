package checkpoint

import (
	"sort"

	"github.com/weir-streams/weir/engine/state"
)

// memory is a checkpoint held in memory. It does not outlive the process.
type memory struct {
	id             int64
	maxParallelism int
	bytes          int64
	parts          map[string][]Part // by UID, by former subtask
}

func newMemory(id int64, maxParallelism int) *memory {
	return &memory{id: id, maxParallelism: maxParallelism, parts: map[string][]Part{}}
}

func (m *memory) add(p Part) {
	m.parts[p.UID] = append(m.parts[p.UID], p)
	m.bytes += snapshotBytes(p.State)
}

// seal makes it readable by many.
func (m *memory) seal() {
	for _, parts := range m.parts {
		sort.Slice(parts, func(i, j int) bool { return parts[i].Subtask < parts[j].Subtask })
	}
}

func (m *memory) ID() int64           { return m.id }
func (m *memory) Savepoint() bool     { return false }
func (m *memory) Path() string        { return NotAddressable }
func (m *memory) MaxParallelism() int { return m.maxParallelism }
func (m *memory) Release()            {}
func (m *memory) size() int64         { return m.bytes }
func (m *memory) Verify() error       { return nil }

func (m *memory) Operators() []Operator {
	var ops []Operator
	for uid, parts := range m.parts {
		op := Operator{UID: uid, Name: parts[0].Name, Parallelism: parts[0].Parallelism, Layers: 1}
		for _, p := range parts {
			op.Bytes += snapshotBytes(p.State)
			for _, k := range p.State.Keyed {
				op.shape(k.Name, k.Keys, k.Schema, k.Rows)
			}
			for _, l := range p.State.Lists {
				op.Items += len(l.Items)
			}
		}
		ops = append(ops, op)
	}
	sort.Slice(ops, func(i, j int) bool { return ops[i].UID < ops[j].UID })
	return ops
}

func (m *memory) Reader(uid string, subtask, parallelism int) (*state.Reader, error) {
	parts, ok := m.parts[uid]
	if !ok {
		return nil, nil
	}
	r := &state.Reader{Checkpoint: m.id}
	d := newDealer(subtask, parallelism, m.maxParallelism)
	for _, p := range parts {
		var s state.Snapshot
		for _, k := range p.State.Keyed {
			mine := k
			mine.Groups, mine.Rows = map[int][]byte{}, 0
			for g, rows := range k.Groups {
				if d.owns(g) {
					mine.Groups[g] = rows
				}
			}
			s.Keyed = append(s.Keyed, mine)
		}
		for _, l := range p.State.Lists {
			s.Lists = append(s.Lists, state.List{Name: l.Name, Mode: l.Mode, Items: d.items(l.Name, l.Mode, l.Items)})
		}
		r.Parts = append(r.Parts, s)
	}
	return r, nil
}

func snapshotBytes(s state.Snapshot) int64 {
	var n int64
	for _, k := range s.Keyed {
		for _, rows := range k.Groups {
			n += int64(len(rows))
		}
	}
	for _, l := range s.Lists {
		for _, p := range l.Items {
			n += int64(len(p))
		}
	}
	return n
}
