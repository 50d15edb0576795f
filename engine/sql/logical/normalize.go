package logical

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
)

// Normalize makes of a change log in which changes may come twice one in which
// they do not. Keys are the columns of the primary key.
type Normalize struct {
	Input Node
	Keys  []int
}

// Schema of a Normalize: the input's.
func (n *Normalize) Schema() []data.Column { return n.Input.Schema() }

// Inputs gives the one input.
func (n *Normalize) Inputs() []Node { return []Node{n.Input} }

// With replaces the input.
func (n *Normalize) With(in ...Node) Node { c := *n; c.Input = in[0]; return &c }

// Line of a Normalize.
func (n *Normalize) Line() string {
	names := graph.ColumnNames(n.Input.Schema())
	keys := make([]string, len(n.Keys))
	for i, k := range n.Keys {
		keys[i] = names[k]
	}
	return fmt.Sprintf("ChangelogNormalize key=%v", keys)
}
