package kubernetes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/weir-streams/weir/cluster"
)

const (
	// logMost is how many bytes of the end of a container's log are kept.
	logMost = 1 << 20
	// logLines is how many lines of it are asked for at the beginning.
	logLines = "20000"
	// logsOfOne is how many containers of a cluster have their logs kept.
	logsOfOne = 9
	// logBegin is how long a removal waits for logs to begin, and logEnd how
	// long they may take to end after their pods.
	logBegin = 300 * time.Millisecond
	logEnd   = 3 * time.Second
	// logFollow is how long a pod that is ending is listened to.
	logFollow = time.Minute
	// listeners is how many pods that end by themselves are listened to at a time.
	listeners = 8
)

// KeptLog opens the log of a cluster that was removed: of its main container,
// and of others each under a line with its name.
func (l *Launcher) KeptLog(_ context.Context, ref cluster.Ref) (io.ReadCloser, error) {
	name, err := nameOf(ref.Cluster())
	if err != nil {
		return nil, err
	}
	if l.config.Logs == "" {
		return nil, fmt.Errorf("kept log of %s: %w", ref, fs.ErrNotExist)
	}
	f, err := os.Open(l.logFile(name))
	if err != nil {
		return nil, fmt.Errorf("kept log of %s: %w", ref, err)
	}
	return f, nil
}

func (l *Launcher) logFile(name string) string { return filepath.Join(l.config.Logs, name+".log") }

// listener follows the logs of a cluster's containers to their end.
type listener struct {
	l    *Launcher
	name string // of the cluster's root
	stop context.CancelFunc
	wg   sync.WaitGroup
	logs []*containerLog
}

type containerLog struct {
	title string // empty: the main container
	begun chan struct{}
	mu    sync.Mutex
	tail  tail
}

// listen begins to follow the logs of pods that are about to end; nil if there
// is nothing to be heard or somebody listens already. Logs are a help, not a
// duty: what cannot be read is not kept.
func (l *Launcher) listen(g *ground, name string, all []corev1.Pod) *listener {
	if l.config.Logs == "" {
		return nil
	}
	l.mu.Lock()
	busy := l.listening[name]
	if !busy {
		l.listening[name] = true
	}
	l.mu.Unlock()
	if busy {
		return nil
	}
	ctx, stop := context.WithTimeout(l.ctx, logFollow)
	n := &listener{l: l, name: name, stop: stop}
	main := mainOfPods(all)
	for i := range all {
		pod := &all[i]
		for _, s := range append(append([]corev1.ContainerStatus{}, pod.Status.ContainerStatuses...), pod.Status.InitContainerStatuses...) {
			if s.State.Running == nil && s.State.Terminated == nil || len(n.logs) == logsOfOne {
				continue // it never wrote anything
			}
			c := &containerLog{title: pod.Name + " " + s.Name, begun: make(chan struct{})}
			if main != nil && pod.Name == main.Name && s.Name == containerOf(main) {
				c.title = ""
				n.logs = append([]*containerLog{c}, n.logs...)
			} else {
				n.logs = append(n.logs, c)
			}
			n.wg.Go(func() { c.follow(ctx, g, pod.Name, s.Name) })
		}
	}
	return n
}

// wait returns when all logs have begun, or not soon.
func (n *listener) wait() {
	if n == nil {
		return
	}
	patience := time.After(logBegin)
	for _, c := range n.logs {
		select {
		case <-c.begun:
		case <-patience:
			return
		}
	}
}

// keep writes what was heard to the cluster's file.
func (n *listener) keep() {
	ended := make(chan struct{})
	go func() { n.wg.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(logEnd):
	}
	n.stop()
	<-ended
	defer func() {
		n.l.mu.Lock()
		defer n.l.mu.Unlock()
		delete(n.l.listening, n.name)
	}()
	var text bytes.Buffer
	for _, c := range n.logs {
		b := c.text()
		if len(b) == 0 {
			continue
		}
		if c.title != "" {
			fmt.Fprintf(&text, "==> %s <==\n", c.title)
		}
		text.Write(b)
	}
	if text.Len() == 0 {
		return
	}
	if err := n.l.writeLog(n.name, text.Bytes()); err != nil {
		n.l.config.Log.Warn("keep the log of a cluster", "cluster", n.name, "error", err)
	}
}

// keepLog keeps what was heard of pods that have ended, and lets nobody wait for it.
func (l *Launcher) keepLog(n *listener) {
	if n == nil {
		return
	}
	l.mu.Lock()
	closed := l.ctx.Err() != nil
	if !closed {
		l.wg.Go(n.keep)
	}
	l.mu.Unlock()
	if closed {
		n.keep()
	}
}

func (l *Launcher) writeLog(name string, text []byte) error {
	if err := os.MkdirAll(l.config.Logs, 0o700); err != nil {
		return err
	}
	path := l.logFile(name)
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return errors.Join(os.Rename(path+".new", path), cluster.KeepNewest(l.config.Logs, cluster.LogsKept))
}

// follow reads the log of a container until it ends.
func (c *containerLog) follow(ctx context.Context, g *ground, pod, container string) {
	var once sync.Once
	begun := func() { once.Do(func() { close(c.begun) }) }
	defer begun()
	q := url.Values{"container": {container}, "follow": {"true"}, "tailLines": {logLines}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/api/v1/namespaces/%s/pods/%s/log?%s", g.host, g.namespace, pod, q.Encode()), nil)
	if err != nil {
		return
	}
	res, err := g.http.Do(r)
	if err != nil {
		return
	}
	defer res.Body.Close()
	begun()
	if res.StatusCode != http.StatusOK {
		return
	}
	_, _ = io.Copy(c, res.Body) // what came will do
}

// Write takes in a part of the log.
func (c *containerLog) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tail.Write(b)
}

func (c *containerLog) text() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tail.text()
}

// tail keeps the end of what is written to it.
type tail struct {
	b    []byte
	gone int64 // bytes before b
}

func (t *tail) Write(b []byte) (int, error) {
	t.b = append(t.b, b...)
	if over := len(t.b) - logMost; over > logMost {
		t.gone += int64(over)
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(b), nil
}

// text is the end, from the beginning of a line, and ends with a whole one.
func (t *tail) text() []byte {
	b, gone := t.b, t.gone
	if over := len(b) - logMost; over > 0 {
		b, gone = b[over:], gone+int64(over)
	}
	if len(b) == 0 {
		return nil
	}
	var out []byte
	if gone > 0 {
		if cut := bytes.IndexByte(b, '\n'); cut >= 0 {
			b, gone = b[cut+1:], gone+int64(cut+1)
		}
		out = fmt.Appendf(nil, "… %d bytes before this are not kept\n", gone)
	}
	out = append(out, b...)
	if !bytes.HasSuffix(out, []byte("\n")) {
		out = append(out, '\n')
	}
	return out
}

// overhear keeps the log of a pod that ends without our doing.
func (l *Launcher) overhear(g *ground, pod *corev1.Pod) {
	c := pod.Labels[labelComponent]
	if c != componentEngine && c != componentJobManager {
		return
	}
	name, ok := strings.CutSuffix(pod.Name, "-"+c)
	if !ok {
		return // one of several JobManagers
	}
	select {
	case l.ears <- struct{}{}:
	default:
		return
	}
	l.wg.Go(func() {
		defer func() { <-l.ears }()
		n := l.listen(g, name, []corev1.Pod{*pod})
		if n == nil {
			return
		}
		n.wg.Wait()
		n.keep()
	})
}

// ends tells whether a pod begins to end with this change.
func ends(before, now *corev1.Pod) bool {
	if before == nil || now == nil {
		return false
	}
	over := func(pod *corev1.Pod) bool {
		s := mainStatus(pod)
		return pod.DeletionTimestamp != nil || s != nil && s.State.Terminated != nil
	}
	return !over(before) && over(now)
}
