package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weir-streams/weir/cluster"
)

// How the parent hands down the lock.
const (
	lifeEnv  = "WEIR_LIFE_FD"
	lifeFile = 3
)

// Life is the child's side: what a cluster's process has of its directory.
type Life struct {
	Spec cluster.Spec
	dir  directory
	lock *os.File // never closed while the process lives
}

// Enter begins the life of a cluster's process in its directory: it holds the
// lock, has said who it is, and has read its spec. It must come before
// anything that has an effect outside: a process that has not entered may be
// started again.
func Enter(path string) (*Life, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("enter the cluster's directory: %w", err)
	}
	l := &Life{dir: directory(path)}
	if err := l.takeLock(); err != nil {
		return nil, fmt.Errorf("enter the cluster's directory: %w", err)
	}
	if _, err := l.dir.identity(); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("enter %s: a process has run there already; a cluster is never started a second time", path)
	}
	id, err := identify(os.Getpid())
	if err != nil {
		return nil, fmt.Errorf("enter the cluster's directory: %w", err)
	}
	if err := replaceFile(l.dir.file(pidName), []byte(id.String())); err != nil {
		return nil, fmt.Errorf("enter the cluster's directory: %w", err)
	}
	l.Spec, err = l.dir.spec()
	if err != nil {
		return nil, err
	}
	return l, nil
}

// takeLock uses the lock that was handed down, or takes it when the process
// was started by hand.
func (l *Life) takeLock() error {
	if s := os.Getenv(lifeEnv); s != "" {
		fd, err := strconv.Atoi(s)
		if err != nil {
			return fmt.Errorf("%s is %q, want the number of a file", lifeEnv, s)
		}
		unix.CloseOnExec(fd) // children of ours are not the cluster
		if err := os.Unsetenv(lifeEnv); err != nil {
			return err
		}
		l.lock = os.NewFile(uintptr(fd), l.dir.file(aliveName))
		if !l.inPlace() {
			return fmt.Errorf("file %d is not %s", fd, l.dir.file(aliveName))
		}
	} else {
		f, err := os.OpenFile(l.dir.file(aliveName), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return err
		}
		l.lock = f
	}
	held, err := tryLock(l.lock, unix.LOCK_EX)
	if err != nil {
		return err
	}
	if !held {
		return fmt.Errorf("another process lives in %s", l.dir)
	}
	return nil
}

// StateDir is scratch space that goes away with the cluster.
func (l *Life) StateDir() string { return l.dir.file(stateName) }

// Lock is the lock itself, for child processes that are a part of the cluster:
// while one of them has it, the cluster is alive.
func (l *Life) Lock() *os.File { return l.lock }

// LogFile is where the process's output goes when a launcher has started it.
func (l *Life) LogFile() string { return l.dir.file(logName) }

// Listen opens the socket at which the cluster answers.
func (l *Life) Listen() (net.Listener, error) {
	path, handle, err := socketPath(l.dir)
	if err != nil {
		return nil, fmt.Errorf("listen at the cluster's socket: %w", err)
	}
	if handle != nil {
		defer handle.Close()
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen at the cluster's socket: %w", err)
	}
	// The path may be one through a handle that is closed soon, and the
	// socket goes with the directory.
	if u, ok := listener.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	return listener, nil
}

// Watch waits until the directory is gone or is another one, which ends the
// right of this process to run: nobody could find it again. It returns nil
// then, and the context's error when that ends first. Meanwhile it keeps the
// log within bounds.
func (l *Life) Watch(ctx context.Context) error {
	for {
		if err := wait(ctx, time.Second); err != nil {
			return err
		}
		if l.outcast() {
			return nil
		}
		if err := rotate(l.LogFile(), logMost, 1, 2); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}

// inPlace says whether the file we hold is the one in the directory.
func (l *Life) inPlace() bool { return sameFile(l.lock, l.dir.file(aliveName)) }

// outcast is inPlace's opposite, where it is certain: a disk that does not
// answer is no reason to go.
func (l *Life) outcast() bool {
	_, err := os.Stat(l.dir.file(aliveName))
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	return !l.inPlace()
}
