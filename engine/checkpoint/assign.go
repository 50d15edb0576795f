package checkpoint

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
)

// dealer cuts the parts of former subtasks down to what one new subtask gets.
type dealer struct {
	subtask, parallelism int
	from, to             int            // key groups
	next                 map[string]int // running number of items of split lists
}

func newDealer(subtask, parallelism, maxParallelism int) *dealer {
	from, to := data.GroupRange(subtask, parallelism, maxParallelism)
	return &dealer{subtask: subtask, parallelism: parallelism, from: from, to: to, next: map[string]int{}}
}

// owns tells whether the subtask gets a key group.
func (d *dealer) owns(group int) bool { return d.from <= group && group < d.to }

// items picks from a list. It must see the lists of all parts in order.
func (d *dealer) items(name string, mode state.ListMode, items [][]byte) [][]byte {
	if mode == state.Union {
		return items
	}
	var mine [][]byte
	for _, p := range items {
		if d.next[name]%d.parallelism == d.subtask {
			mine = append(mine, p)
		}
		d.next[name]++
	}
	return mine
}
