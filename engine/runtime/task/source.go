package task

import (
	"context"
	"fmt"
	"time"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
)

// How long a source that has nothing is left alone at most: a little at first,
// then an eighth of the time it has been silent, so that hundreds of quiet jobs
// leave the processor alone and a row after a silence comes hardly later.
const (
	idlePause     = 10 * time.Millisecond
	idlePauseMost = 50 * time.Millisecond
)

func (t *Task) longestPause() time.Duration {
	if t.arrivals != nil {
		return idlePauseMost // it is told
	}
	return min(max(time.Duration(t.clock-t.fed)*time.Millisecond/8, idlePause), idlePauseMost)
}

// look polls the source once, before anything flows, and keeps what it gave. So
// it is known from the first row on which sources hold event time back: which
// rows are late must not depend on who starts first.
func (t *Task) look(ctx context.Context) error {
	for _, c := range t.source.Context.Output {
		t.types = append(t.types, c.Type)
	}
	var err error
	if t.first, t.firstStatus, err = t.poll(ctx); err != nil {
		return err
	}
	t.idle = t.first == nil && (t.firstStatus == connector.Ended || t.firstStatus == connector.Idle && t.nothingUnread())
	t.tail.idle = t.idle
	return nil
}

// poll returns the next rows, nil for none.
func (t *Task) poll(ctx context.Context) (*data.Batch, connector.Status, error) {
	b := data.MakeBatch(t.types, 0)
	b.IngestedAt = t.clock
	status, err := t.source.Source.Poll(ctx, b)
	if err != nil {
		return nil, status, fmt.Errorf("%s: %w", t.source.Name, err)
	}
	if b.Len() == 0 {
		b.Release()
		b = nil
	}
	return b, status, nil
}

// Vacant tells whether a source that has looked holds no event time back.
func (t *Task) Vacant() bool { return t.idle }

// StartIdle says before the start that a channel holds no event time back, and
// returns whether none of the task's channels does.
func (t *Task) StartIdle(channel int) bool {
	t.tail.idle = t.merge.startIdle(channel)
	return t.tail.idle
}

// runSource is the life of a task that reads. Barriers go between polls.
func (t *Task) runSource(ctx context.Context) error {
	// What look found comes before any barrier: the source's position is behind it.
	b, status := t.first, t.firstStatus
	t.first = nil
	pause := time.Millisecond
	t.fed = t.clock
	if err := t.took(ctx, b, status, &pause); err != nil {
		return err
	}
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
		if t.slicing() {
			t.slice(t.ended || t.quiet != 0)
		}
		if t.ended || t.quiet != 0 {
			if t.slicing() {
				continue
			}
			if err := t.wait(ctx, t.Control.wake, 0); err != nil {
				return err
			}
			continue
		}
		b, status, err := t.poll(ctx)
		if err != nil {
			return err
		}
		if err := t.took(ctx, b, status, &pause); err != nil {
			return err
		}
	}
}

// took handles what a poll gave.
func (t *Task) took(ctx context.Context, b *data.Batch, status connector.Status, pause *time.Duration) error {
	if b != nil {
		t.tick0() // rows pass at the time they came
		t.fed = t.clock
		*pause = time.Millisecond
		if err := t.give(b); err != nil {
			return err
		}
	}
	switch status {
	case connector.Idle:
		if !t.idle && t.clock >= t.askAgain && t.nothingUnread() {
			t.idle = true
			if err := idle(t.head, true); err != nil {
				return err
			}
		}
		if t.slicing() {
			t.slice(true)
			return nil
		}
		if err := t.wait(ctx, t.Control.wake, *pause); err != nil {
			return err
		}
		*pause = min(2**pause, t.longestPause())
	case connector.Ended:
		return t.endSource()
	}
	return nil
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

// endSource closes all windows after the last row and ends the stream. The last
// watermark of an idle source makes it active and reaches the end in one step.
func (t *Task) endSource() error {
	t.idle = false
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
