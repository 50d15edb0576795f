package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weir-streams/weir/cluster"
)

// Terminate ends the process and removes its directory; the log is kept.
func (l *Launcher) Terminate(ctx context.Context, ref cluster.Ref) error {
	terminate := l.terminate
	if ref.OnSession() {
		terminate = func(ctx context.Context, ref cluster.Ref) error { return cluster.TerminateOn(ctx, l, ref) }
	}
	if err := terminate(ctx, ref); err != nil {
		return fmt.Errorf("terminate %s: %w", ref, err)
	}
	return nil
}

func (l *Launcher) terminate(ctx context.Context, ref cluster.Ref) error {
	dir, err := l.directoryOf(ref)
	if err != nil {
		return err
	}
	defer l.disconnect(ref)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		exists, err := dir.exists()
		if err != nil || !exists {
			return err
		}
		if err := l.end(ctx, dir); err != nil {
			return err
		}
		if removed, err := l.removeDead(ctx, dir); removed || err != nil {
			return err
		}
	}
}

// end makes sure that the process does not live any more.
func (l *Launcher) end(ctx context.Context, dir directory) error {
	began := time.Now()
	var asked, killed bool
	for pause := time.Millisecond; ; pause = min(2*pause, 20*time.Millisecond) {
		alive, err := dir.alive()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile
		}
		if err != nil || !alive {
			return err
		}
		id, err := dir.identity()
		late := time.Since(began) > l.config.Grace
		switch {
		case errors.Is(err, fs.ErrNotExist): // just born, it will say who it is
			if late {
				return fmt.Errorf("a process that has not said its pid holds %s: end it by hand", dir.file(aliveName))
			}
		case err != nil:
			return err
		case !asked:
			if asked, err = signal(id, unix.SIGTERM, false); err != nil {
				return err
			}
			if !asked && late {
				return fmt.Errorf("process %d has ended, but another one holds %s: end it by hand", id.pid, dir.file(aliveName))
			}
		case !late:
		case !killed:
			l.config.Log.Warn("cluster process does not end by itself: killing it", "cluster", filepath.Base(string(dir)), "pid", id.pid)
			if killed, err = signal(id, unix.SIGKILL, true); err != nil {
				return err
			}
		case time.Since(began) > 2*l.config.Grace+10*time.Second:
			return fmt.Errorf("process %d lives on after SIGKILL", id.pid)
		}
		if err := wait(ctx, pause); err != nil {
			return err
		}
	}
}

// signal reaches this very process, and nobody who got its pid later: the
// handle is taken first and the start time compared after. False when the
// process is no more.
func signal(id identity, s unix.Signal, group bool) (bool, error) {
	handle, err := unix.PidfdOpen(id.pid, 0)
	switch {
	case errors.Is(err, unix.ESRCH):
		return false, nil
	case err == nil:
		defer unix.Close(handle)
	case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EPERM): // an old kernel or a strict sandbox
		handle = -1
	default:
		return false, fmt.Errorf("open process %d: %w", id.pid, err)
	}
	if same, err := id.same(); err != nil || !same {
		return false, err
	}
	if group {
		// The leader was seen with its own start time, so the group is its.
		if err := unix.Kill(-id.pid, s); err != nil && !errors.Is(err, unix.ESRCH) {
			return false, fmt.Errorf("signal the group of process %d: %w", id.pid, err)
		}
	}
	if handle >= 0 {
		err = unix.PidfdSendSignal(handle, s, nil, 0)
	} else {
		err = unix.Kill(id.pid, s)
	}
	if errors.Is(err, unix.ESRCH) {
		return group, nil
	}
	if err != nil {
		return false, fmt.Errorf("signal process %d: %w", id.pid, err)
	}
	return true, nil
}

// removeDead removes the directory; false when a process lives in it after all.
func (l *Launcher) removeDead(ctx context.Context, dir directory) (bool, error) {
	lockPath := string(dir) + ".lock"
	held, err := lock(ctx, lockPath, unix.LOCK_EX)
	if err != nil {
		return false, err
	}
	defer held.Close()
	exists, err := dir.exists()
	if err != nil {
		return false, err
	}
	if exists {
		alive, err := dir.alive()
		if err != nil || alive {
			return false, err
		}
		l.mourn(ctx, dir)
		logs := filepath.Join(l.config.Dir, logsName)
		if err := dir.remove(logs); err != nil {
			return false, err
		}
		if err := cluster.KeepNewest(logs, cluster.LogsKept); err != nil {
			l.config.Log.Warn("remove old logs of clusters", "error", err)
		}
	}
	// Removed while held: others see that it is not the file they locked.
	if err := os.Remove(lockPath); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	return true, nil
}
