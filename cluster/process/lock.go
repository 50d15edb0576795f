package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// tryLock takes a lock if nobody else holds one that conflicts. The lock
// belongs to the open file: a process that inherits it holds the lock.
func tryLock(f *os.File, how int) (bool, error) {
	for {
		err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EWOULDBLOCK):
			return false, nil
		default:
			return false, fmt.Errorf("lock %s: %w", f.Name(), err)
		}
	}
}

// lock waits for a lock on the file at path, which is made when it is not
// there. Changing a cluster needs it exclusively, looking at it shared.
func lock(ctx context.Context, path string, how int) (*os.File, error) {
	for pause := time.Millisecond; ; pause = min(2*pause, 20*time.Millisecond) {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		ok, err := tryLock(f, how)
		if err != nil {
			f.Close()
			return nil, err
		}
		// Whoever terminates a cluster removes the file while holding it: a
		// lock on a removed file excludes nobody.
		if ok && sameFile(f, path) {
			return f, nil
		}
		f.Close()
		if ok {
			continue
		}
		if err := wait(ctx, pause); err != nil {
			return nil, fmt.Errorf("wait for another one that works on the cluster: %w", err)
		}
	}
}

func sameFile(f *os.File, path string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Stat(path)
	return err == nil && os.SameFile(a, b)
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// alive says whether a process holds the lock of this directory.
func (d directory) alive() (bool, error) {
	f, err := os.Open(d.file(aliveName))
	if err != nil {
		return false, fmt.Errorf("look whether the cluster's process lives: %w", err)
	}
	defer f.Close()
	free, err := tryLock(f, unix.LOCK_SH)
	return !free, err
}
