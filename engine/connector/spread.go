package connector

import (
	"strconv"

	"github.com/weir-streams/weir/engine/data"
)

// SpreadID makes the id of split i of n (at most 1024) so that the splits are
// spread evenly over any number of subtasks: it ends in a number chosen for
// where its hash falls.
func SpreadID(name string, i, n int) string {
	const groups = 1 << 15
	for k := 0; ; k++ {
		id := name + "." + strconv.Itoa(k)
		if data.KeyGroup(data.HashBytes([]byte(id)), groups)*n/groups == i {
			return id
		}
	}
}
