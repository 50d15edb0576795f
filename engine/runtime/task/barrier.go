package task

import (
	"encoding/json"
	"fmt"

	"github.com/weir-streams/weir/engine/checkpoint"
	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/state"
)

// alignment is the state of a barrier that has come on some channels.
type alignment struct {
	id       int64 // 0: none
	seen     []bool
	count    int
	last     int64 // newest passed
	released int64
}

// barrier holds a channel back until the barrier has come on all of them. A
// newer barrier ends the wait for an older one, which its coordinator gave up.
func (t *Task) barrier(channel int, m checkpoint.Barrier) error {
	a := &t.align
	if m.ID <= a.last || m.ID < a.id {
		return nil
	}
	if m.ID > a.id {
		t.Inbox.Unblock()
		a.id, a.count = m.ID, 0
		clear(a.seen)
	}
	if a.seen[channel] {
		return nil
	}
	a.seen[channel] = true
	if a.count++; a.count < len(a.seen) {
		t.Inbox.Block(channel)
		return nil
	}
	t.Inbox.Unblock()
	a.id = 0
	return t.pass(m)
}

func wrap(name, doing string, err error) error { return fmt.Errorf("%s: %s: %w", name, doing, err) }

// splitState is the name of the list that holds a source's splits.
const splitState = "splits"

func writeSplits(w *state.Writer, splits []connector.Split) error {
	items := make([][]byte, len(splits))
	for i, s := range splits {
		p, err := json.Marshal(s)
		if err != nil {
			return err
		}
		items[i] = p
	}
	w.List(splitState, state.Union, items)
	return nil
}

func readSplits(r *state.Reader) ([]connector.Split, error) {
	items := r.Items(splitState)
	splits := make([]connector.Split, len(items))
	for i, p := range items {
		if err := json.Unmarshal(p, &splits[i]); err != nil {
			return nil, fmt.Errorf("restore split %d: %w", i, err)
		}
	}
	return splits, nil
}
