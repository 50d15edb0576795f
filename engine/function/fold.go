package function

import "github.com/weir-streams/weir/engine/data"

// Fold computes an aggregate function of a user. What it keeps of a group is
// its state: bytes, which lie in the engine's state like everything else. Each
// function is called with a batch, and from several tasks at once.
type Fold struct {
	// Layout says what states are, for people and for machines: a state of
	// another layout is not read.
	Layout string
	// Update folds rows into states; with Before and After it also gives values.
	Update func(f *Folding) error
	// Merge folds Others into states; nil: states cannot be joined.
	Merge func(f *Folding) error
	// Value writes the values of states as rows of out, which grow.
	Value func(states [][]byte, out *data.Vector, rows []int32) error
	// Retracts tells that Update can take rows back.
	Retracts bool
	// Strict functions are not given rows in which an argument is NULL.
	Strict bool
}

// Folding is one batch for a Fold.
type Folding struct {
	// States are of the groups that rows belong to, nil of a group without rows
	// so far. A Fold puts others in their place, and does not change their bytes.
	States [][]byte
	// Groups are the states of the rows, in the order in which they count.
	Groups []int32
	// Rows are the rows of Args, and Back tells which of them are taken back; nil: none.
	Rows []int32
	Back []uint8
	Args []*data.Vector
	// Others are states in place of rows, for Merge.
	Others [][]byte
	// Before takes the value of each state as it was, After that of the state of
	// each row behind it. Both nil: not wanted.
	Before, After *data.Vector
}
