package process

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weir-streams/weir/cluster"
)

// watchEvery is how often Watch looks for clusters it does not know yet.
const watchEvery = 250 * time.Millisecond

// Watch calls ended for every cluster whose process ends, also of processes
// that another launcher started, until ctx ends. It is a hint that comes
// quickly; what it means is for Observe to prove.
func (l *Launcher) Watch(ctx context.Context, ended func(cluster.Ref)) error {
	w := watch{launcher: l, fds: map[cluster.Ref]int{}, gone: map[cluster.Ref]bool{}}
	defer w.close()
	for ctx.Err() == nil {
		if err := w.adopt(ctx); err != nil {
			l.config.Log.WarnContext(ctx, "clusters cannot be watched for now", "error", err)
		}
		refs, err := w.wait()
		if err != nil {
			return fmt.Errorf("watch cluster processes: %w", err)
		}
		for _, ref := range refs {
			l.reap()
			ended(ref)
		}
	}
	return nil
}

// watch is the processes that are watched, by descriptors that stand for one
// process and never for another of the same pid.
type watch struct {
	launcher *Launcher
	fds      map[cluster.Ref]int
	gone     map[cluster.Ref]bool // reported; their folders may still be there
	ended    []cluster.Ref        // found ended, to be reported
}

// adopt begins to watch what is alive and not watched, and forgets what has no
// folder any more.
func (w *watch) adopt(ctx context.Context) error {
	refs, err := w.launcher.List(ctx)
	if err != nil {
		return err
	}
	there := map[cluster.Ref]bool{}
	for _, ref := range refs {
		there[ref] = true
		if _, known := w.fds[ref]; known || w.gone[ref] {
			continue
		}
		id, err := directory(filepath.Join(w.launcher.config.Dir, ref.Incarnation())).identity()
		if err != nil {
			continue // it has not said who it is yet
		}
		fd, err := unix.PidfdOpen(id.pid, 0)
		if err != nil {
			w.ended = append(w.ended, ref) // before we looked
			w.gone[ref] = true
			continue
		}
		if same, err := id.same(); err != nil || !same {
			_ = unix.Close(fd) // opened for reading only
			w.ended = append(w.ended, ref)
			w.gone[ref] = true
			continue
		}
		w.fds[ref] = fd
	}
	for ref := range w.gone {
		if !there[ref] {
			delete(w.gone, ref)
		}
	}
	return nil
}

// wait waits for one of the processes to end, or a little while.
func (w *watch) wait() ([]cluster.Ref, error) {
	if ended := w.ended; len(ended) > 0 {
		w.ended = nil
		return ended, nil
	}
	var list []unix.PollFd
	var refs []cluster.Ref
	for ref, fd := range w.fds {
		list, refs = append(list, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}), append(refs, ref)
	}
	n, err := unix.Poll(list, int(watchEvery.Milliseconds()))
	if err == unix.EINTR || n == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var ended []cluster.Ref
	for i, p := range list {
		if p.Revents == 0 {
			continue
		}
		_ = unix.Close(w.fds[refs[i]]) // opened for reading only
		delete(w.fds, refs[i])
		w.gone[refs[i]] = true
		ended = append(ended, refs[i])
	}
	return ended, nil
}

func (w *watch) close() {
	for _, fd := range w.fds {
		_ = unix.Close(fd) // opened for reading only
	}
}
