package state

import "github.com/weir-streams/weir/engine/data"

// Snapshot is what one operator subtask wrote at one barrier: all of its state,
// or what changed since an earlier one, on which it then builds (see Merge).
type Snapshot struct {
	Keyed []Keyed
	Lists []List
}

// Declared is the form of a keyed state as a snapshot names it.
type Declared struct {
	Name string
	// Slice names a part of the state that vanishes whole; empty: all of it.
	Slice  string
	Schema []data.Column
	Keys   int // how many of Schema, from the first, are the key: it chooses the group
	// Unique is how many of Schema, from the first, tell one row from all others;
	// 0: that is not known, and the state is always written whole.
	Unique int
	// Whole says that all rows are there: what earlier snapshots have does not count.
	Whole bool
	// Packed says how rows that are put lie packed, see KeyedWriter.Pack; nil: they
	// are in the row codec.
	Packed []int `json:",omitempty"`
	// Logged says that rows that are put lie as in a log; nil: they do not.
	Logged *Logged `json:",omitempty"`
	// Runs says that rows that are put lie several at a time, see KeyedWriter.Runs.
	Runs bool `json:",omitempty"`
	// Rows and Gone count what was put, and what was deleted or cleared.
	Rows, Gone int64
}

// Keyed is one named keyed state, or a slice of one: rows in the row codec of
// package data (key columns first), concatenated by key group, each preceded by
// its length as a uvarint.
type Keyed struct {
	Declared
	Groups  map[int][]byte // rows by key group
	Deleted map[int][]byte // identities whose rows are gone
	Cleared map[int][]byte // keys all of whose earlier rows are gone
}

// List is one named state without keys: opaque items.
type List struct {
	Name  string
	Mode  ListMode
	Items [][]byte
}

// ListMode says how items are handed out when the parallelism changes.
type ListMode string

// List modes.
const (
	Split ListMode = "SPLIT" // each item to one subtask, in turn
	Union ListMode = "UNION" // all items to every subtask
)

// Kind is what a row of a snapshot says.
type Kind uint8

// The kinds.
const (
	Put    Kind = iota // this row is there
	Delete             // the row with this identity is not there any more
	Clear              // no earlier row with this key is there any more
	kinds
)

// part is where rows of a kind lie in a snapshot.
func (k *Keyed) part(kind Kind) map[int][]byte {
	switch kind {
	case Delete:
		return k.Deleted
	case Clear:
		return k.Cleared
	}
	return k.Groups
}
