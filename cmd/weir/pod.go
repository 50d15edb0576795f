package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/cluster/process"
)

// lifeOf is what the process of a cluster has of its place: a folder of this
// machine, or a pod.
type lifeOf interface {
	StateDir() string // scratch space
	LogFile() string
	Listen() (net.Listener, error)
	Watch(ctx context.Context) error // nil: the place was taken away
}

// podPlace is where the process of a cluster finds its spec, and answers.
type podPlace struct{ dir, spec, listen string }

func (p *podPlace) flags(c *cobra.Command) {
	c.Flags().StringVar(&p.dir, "dir", "", "folder of the cluster, with its spec.json")
	c.Flags().StringVar(&p.spec, "spec", "", "in a pod: file with the spec (default: spec.json in the folder)")
	c.Flags().StringVar(&p.listen, "listen", "", "in a pod: address to answer at, such as :8081")
	_ = c.MarkFlagRequired("dir") // the flag is defined right above
}

// enter begins the life of the process.
func (p podPlace) enter() (lifeOf, cluster.Spec, error) {
	if p.listen == "" {
		life, err := process.Enter(p.dir)
		if err != nil {
			return nil, cluster.Spec{}, err
		}
		return life, life.Spec, nil
	}
	life := &podLife{dir: p.dir, listen: p.listen}
	spec, err := p.read()
	if err != nil {
		return nil, spec, err
	}
	if err := os.MkdirAll(life.StateDir(), 0o700); err != nil {
		return nil, spec, fmt.Errorf("make the folder of the cluster: %w", err)
	}
	return life, spec, nil
}

func (p podPlace) read() (spec cluster.Spec, err error) {
	path := p.spec
	if path == "" {
		path = filepath.Join(p.dir, "spec.json")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return spec, fmt.Errorf("read the cluster's spec: %w", err)
	}
	if err := json.Unmarshal(b, &spec); err != nil {
		return spec, fmt.Errorf("read the cluster's spec %s: %w", path, err)
	}
	return spec, nil
}

// output is where the log goes: in a pod also into the file that is served.
func (p podPlace) output(life lifeOf) io.Writer {
	if p.listen == "" {
		return os.Stderr
	}
	return io.MultiWriter(os.Stderr, &boundedLog{path: life.LogFile()})
}

// podLife is the life of a process in a pod, which ends with the pod.
type podLife struct{ dir, listen string }

func (l *podLife) StateDir() string { return filepath.Join(l.dir, "state") }
func (l *podLife) LogFile() string  { return filepath.Join(l.dir, "log") }

// Listen opens the address at which the cluster answers.
func (l *podLife) Listen() (net.Listener, error) {
	listener, err := net.Listen("tcp", l.listen)
	if err != nil {
		return nil, fmt.Errorf("listen where the cluster answers: %w", err)
	}
	return listener, nil
}

// Watch waits until ctx ends: a pod is not taken away from its process.
func (l *podLife) Watch(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// podLogMost is the size at which the file of a log is begun anew; one older
// part is kept.
const podLogMost = 16 << 20

// boundedLog writes to a file of bounded size. What cannot be written is lost:
// the pod's own log has it.
type boundedLog struct {
	path string
	mu   sync.Mutex
	file *os.File
	size int64
}

func (w *boundedLog) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file != nil && w.size > podLogMost {
		w.file.Close()
		w.file, w.size = nil, 0
		_ = os.Rename(w.path, w.path+".1") // then it goes on in the old one
	}
	if w.file == nil {
		f, err := os.OpenFile(w.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			return len(b), nil
		}
		w.file = f
	}
	n, _ := w.file.Write(b)
	w.size += int64(n)
	return len(b), nil
}
