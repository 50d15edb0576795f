package kafka

import (
	"context"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// finder looks for new partitions beside the task.
type finder struct {
	found  chan []partition
	cancel context.CancelFunc
	done   chan struct{}
}

func startFinder(every time.Duration, list func(context.Context) ([]partition, error)) *finder {
	ctx, cancel := context.WithCancel(context.Background())
	f := &finder{found: make(chan []partition), cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(f.done)
		timer := time.NewTimer(every)
		defer timer.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
			}
			asking, end := context.WithTimeout(ctx, askTimeout)
			found, err := list(asking)
			end()
			if err != nil { // the fetches say what is wrong, if it lasts
				timer.Reset(max(every, retryPause))
				continue
			}
			select {
			case f.found <- found:
			case <-ctx.Done():
				return
			}
			timer.Reset(every)
		}
	}()
	return f
}

func (f *finder) stop() {
	f.cancel()
	<-f.done
}

// positions are offsets by topic and partition, those of one checkpoint.
type positions struct {
	checkpoint int64
	offsets    kadm.Offsets
}

// Checkpointed remembers how far the partitions were read at a checkpoint.
func (s *source) Checkpointed(id int64) {
	if s.commits == nil {
		return
	}
	at := positions{checkpoint: id, offsets: kadm.Offsets{}}
	for _, p := range s.parts {
		at.offsets.Add(kadm.Offset{Topic: p.topic, Partition: p.index, At: p.next, LeaderEpoch: -1})
	}
	const kept = 64 // checkpoints that may be under way together, by far
	if s.checkpoints = append(s.checkpoints, at); len(s.checkpoints) > kept {
		s.checkpoints = s.checkpoints[1:]
	}
}

// Completed tells the group the offsets of a completed checkpoint.
func (s *source) Completed(id int64) {
	var at *positions
	for len(s.checkpoints) > 0 && s.checkpoints[0].checkpoint <= id {
		at = &s.checkpoints[0]
		s.checkpoints = s.checkpoints[1:]
	}
	if at != nil && s.commits != nil {
		s.commits.put(at.offsets)
	}
}

// commits writes the offsets of a group beside the task; of several that wait
// only the newest counts. The job does not depend on them.
type commits struct {
	next   chan kadm.Offsets // of length 1
	cancel context.CancelFunc
	done   chan struct{}
}

func startCommits(admin *kadm.Client, group string, log *slog.Logger) *commits {
	ctx, cancel := context.WithCancel(context.Background())
	c := &commits{next: make(chan kadm.Offsets, 1), cancel: cancel, done: make(chan struct{})}
	write := func(o kadm.Offsets) {
		asking, end := context.WithTimeout(context.WithoutCancel(ctx), commitWait)
		defer end()
		if err := admin.CommitAllOffsets(asking, group, o); err != nil && log != nil {
			log.Warn("offsets of a completed checkpoint are not committed to the group; the job itself does not need them", "group", group, "error", err)
		}
	}
	go func() {
		defer close(c.done)
		for {
			select {
			case o := <-c.next:
				write(o)
			case <-ctx.Done():
				select {
				case o := <-c.next: // of the savepoint that ended the job
					write(o)
				default:
				}
				return
			}
		}
	}()
	return c
}

func (c *commits) put(o kadm.Offsets) {
	for {
		select {
		case c.next <- o:
			return
		default:
		}
		select {
		case <-c.next:
		default:
		}
	}
}

func (c *commits) stop() {
	c.cancel()
	<-c.done
}
