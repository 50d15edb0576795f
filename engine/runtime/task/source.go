package task

import (
	"context"
	"fmt"
	"time"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
)

// idlePause is how long a source that has nothing is left alone at most.
const idlePause = 10 * time.Millisecond

// runSource is the life of a task that reads. Barriers go between polls.
func (t *Task) runSource(ctx context.Context) error {
	types := make([]data.Type, len(t.source.Context.Output))
	for i, c := range t.source.Context.Output {
		types[i] = c.Type
	}
	pause := time.Millisecond
	for {
		if t.Control.set.Load() {
			if err := t.obey(); err != nil {
				return err
			}
		}
		t.tick0()
		if t.wakeAt != 0 && t.wakeAt <= t.clock && t.quiet == 0 {
			if err := t.tick(); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if t.ended || t.quiet != 0 {
			if err := t.wait(ctx, t.Control.wake, 0); err != nil {
				return err
			}
			continue
		}
		b := data.MakeBatch(types, 0)
		b.IngestedAt = t.clock
		status, err := t.source.Source.Poll(ctx, b)
		if err != nil {
			return fmt.Errorf("%s: %w", t.source.Name, err)
		}
		if b.Len() > 0 {
			t.tick0() // rows pass at the time they came
			pause = time.Millisecond
			if err := t.give(b); err != nil {
				return err
			}
		} else {
			b.Release()
		}
		switch status {
		case connector.Idle:
			if !t.idle && t.clock >= t.askAgain && t.nothingUnread() {
				t.idle = true
				if err := idle(t.head, true); err != nil {
					return err
				}
			}
			if err := t.wait(ctx, t.Control.wake, pause); err != nil {
				return err
			}
			pause = min(2*pause, idlePause)
		case connector.Ended:
			if err := t.endSource(); err != nil {
				return err
			}
		}
	}
}

// idleCheck is how often, in milliseconds, a source that has nothing is asked
// for its splits, which may be many.
const idleCheck = 100

func (t *Task) give(b *data.Batch) error {
	t.askAgain = 0
	if t.idle {
		t.idle = false
		if err := idle(t.head, false); err != nil {
			return err
		}
	}
	return t.head.Emit(b)
}

// endSource closes all windows after the last row and ends the stream.
func (t *Task) endSource() error {
	if t.idle {
		t.idle = false
		if err := idle(t.head, false); err != nil {
			return err
		}
	}
	if err := t.head.Watermark(data.MaxWatermark); err != nil {
		return err
	}
	return t.finish()
}

// nothingUnread tells whether all splits this subtask owns are read to the end.
func (t *Task) nothingUnread() bool {
	t.askAgain = t.clock + idleCheck
	for _, s := range t.source.Source.Splits() {
		if !s.Done {
			return false
		}
	}
	return true
}
