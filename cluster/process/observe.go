package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"

	"golang.org/x/sys/unix"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
)

// Observe says whether the cluster is there: present while its process lives
// and after that process ended, until it is terminated.
func (l *Launcher) Observe(ctx context.Context, ref cluster.Ref) (cluster.Observation, error) {
	var o cluster.Observation
	var err error
	if ref.OnSession() {
		o, err = cluster.ObserveOn(ctx, l, ref)
	} else {
		o, _, err = l.look(ctx, ref)
	}
	if err != nil {
		return cluster.Observation{}, fmt.Errorf("observe %s: %w", ref, err)
	}
	return o, nil
}

func (l *Launcher) look(ctx context.Context, ref cluster.Ref) (cluster.Observation, directory, error) {
	if err := ctx.Err(); err != nil {
		return cluster.Observation{}, "", err
	}
	l.reap()
	dir, err := l.directoryOf(ref)
	if err != nil {
		return cluster.Observation{}, "", err
	}
	exists, err := dir.exists()
	if err != nil || !exists {
		return cluster.Observation{Presence: cluster.Absent}, dir, err
	}
	held, err := lock(ctx, string(dir)+".lock", unix.LOCK_SH)
	if err != nil {
		return cluster.Observation{}, dir, err
	}
	defer held.Close()
	alive, err := dir.alive()
	if errors.Is(err, fs.ErrNotExist) {
		if exists, again := dir.exists(); again == nil && !exists {
			return cluster.Observation{Presence: cluster.Absent}, dir, forgetLock(held, dir)
		}
	}
	if err != nil {
		return cluster.Observation{}, dir, err
	}
	if alive {
		return cluster.Observation{Presence: cluster.Present}, dir, nil
	}
	l.mourn(ctx, dir)
	_, err = dir.identity()
	if errors.Is(err, fs.ErrNotExist) {
		// A launch was interrupted, or its process ended, before anything began.
		o := cluster.Observation{Presence: cluster.Absent}
		if words := dir.lastWords(); words != "" {
			o.Message = "the process ended before it began: " + words
		}
		return o, dir, nil
	}
	return cluster.Observation{Presence: cluster.Present, Failed: true, Message: dir.epitaph()}, dir, nil
}

// forgetLock removes the lock file that looking at a removed cluster has
// made, unless somebody else is using it.
func forgetLock(held *os.File, dir directory) error {
	if ours, err := tryLock(held, unix.LOCK_EX); err != nil || !ours || !sameFile(held, string(dir)+".lock") {
		return err
	}
	if err := os.Remove(string(dir) + ".lock"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// epitaph says how the process ended, as far as known, and its last words.
func (d directory) epitaph() string {
	how, words := "the process has ended", d.lastWords()
	if b, err := os.ReadFile(d.file(exitName)); err == nil && len(b) > 0 {
		how = "the process " + string(b)
	} else if words == "" {
		return how + " and left no reason: it was killed, or the machine went down"
	}
	if words != "" {
		how += ": " + words
	}
	return how
}

// Connect returns a client, after what answers has proved to be this cluster.
func (l *Launcher) Connect(ctx context.Context, ref cluster.Ref) (*flink.Client, error) {
	connect := l.connect
	if ref.OnSession() {
		connect = func(ctx context.Context, ref cluster.Ref) (*flink.Client, error) {
			return cluster.ConnectOn(ctx, l, ref)
		}
	}
	client, err := connect(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", ref, err)
	}
	return client, nil
}

func (l *Launcher) connect(ctx context.Context, ref cluster.Ref) (*flink.Client, error) {
	seen, dir, err := l.look(ctx, ref)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", cluster.ErrUnreachable, err)
	case seen.Presence == cluster.Absent:
		l.disconnect(ref)
		return nil, cluster.ErrGone
	case seen.Failed:
		l.disconnect(ref)
		return nil, fmt.Errorf("%w: %s", cluster.ErrUnreachable, seen.Message)
	}
	client := l.client(ref, dir)
	config, err := client.Config(ctx)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ECONNREFUSED) {
		return nil, fmt.Errorf("%w: its process does not listen yet", cluster.ErrUnreachable)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", cluster.ErrUnreachable, err)
	}
	if got := flink.Lookup(config, flink.IncarnationKey); got != ref.Incarnation() {
		l.disconnect(ref)
		return nil, fmt.Errorf("%w: what answers at its socket is cluster %q", cluster.ErrUnreachable, got)
	}
	return client, nil
}

// client finds or makes the client of a cluster; they share connections.
func (l *Launcher) client(ref cluster.Ref, dir directory) *flink.Client {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.conns[ref]; c != nil {
		return c
	}
	c := flink.NewClient(&http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dial(ctx, dir)
		},
		MaxIdleConns: 4, MaxConnsPerHost: 16, DisableCompression: true,
	}, "http://cluster")
	l.conns[ref] = c
	return c
}

func (l *Launcher) disconnect(ref cluster.Ref) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.conns[ref]; c != nil {
		if t, ok := c.Transport().(*http.Transport); ok {
			t.CloseIdleConnections()
		}
		delete(l.conns, ref)
	}
}

// Close gives back connections. The clusters live on.
func (l *Launcher) Close() {
	l.mu.Lock()
	refs := make([]cluster.Ref, 0, len(l.conns))
	for ref := range l.conns {
		refs = append(refs, ref)
	}
	l.mu.Unlock()
	for _, ref := range refs {
		l.disconnect(ref)
	}
}

// longestSocket is what the kernel takes for a socket's path, and some to spare.
const longestSocket = 100

// socketPath is a way to the socket that is short enough for the kernel: a
// path that is too long goes through a handle of its folder, to be closed
// after use.
func socketPath(dir directory) (string, io.Closer, error) {
	if path := dir.file(socketName); len(path) < longestSocket {
		return path, nil, nil
	}
	fd, err := unix.Open(string(dir), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", nil, &os.PathError{Op: "open", Path: string(dir), Err: err}
	}
	handle := os.NewFile(uintptr(fd), string(dir))
	return fmt.Sprintf("/proc/self/fd/%d/%s", fd, socketName), handle, nil
}

func dial(ctx context.Context, dir directory) (net.Conn, error) {
	path, handle, err := socketPath(dir)
	if err != nil {
		return nil, err
	}
	if handle != nil {
		defer handle.Close()
	}
	var d net.Dialer
	return d.DialContext(ctx, "unix", path)
}
