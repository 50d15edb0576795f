package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
)

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
	g, err := l.ground(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", cluster.ErrUnreachable, err)
	}
	name, err := nameOf(ref)
	if err != nil {
		return nil, err
	}
	if pod := g.mainPod(ctx, name); pod == nil || !answers(pod) {
		// What is not seen may be there: the API server knows.
		o, err := l.observe(ctx, g, ref)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%w: %w", cluster.ErrUnreachable, err)
		case o.Presence == cluster.Absent:
			l.disconnect(ref)
			if o.Message != "" {
				return nil, fmt.Errorf("%w: %s", cluster.ErrGone, o.Message)
			}
			return nil, cluster.ErrGone
		case o.Message != "":
			return nil, fmt.Errorf("%w: %s", cluster.ErrUnreachable, o.Message)
		}
		return nil, fmt.Errorf("%w: its pod does not run yet", cluster.ErrUnreachable)
	}
	client := l.client(ref, g, name)
	config, err := client.Config(ctx)
	if err != nil {
		if pod := g.mainPod(ctx, name); pod != nil && lost(pod) {
			return nil, fmt.Errorf("%w: %s", cluster.ErrUnreachable, lostWords(pod))
		}
		return nil, fmt.Errorf("%w: %w", cluster.ErrUnreachable, err)
	}
	if got := flink.Lookup(config, flink.IncarnationKey); got != ref.Incarnation() {
		l.disconnect(ref)
		return nil, fmt.Errorf("%w: what answers there is cluster %q", cluster.ErrUnreachable, got)
	}
	return client, nil
}

// mainPod is the engine or JobManager as it was last seen. A JobManager with
// high availability may have another pod than the first.
func (g *ground) mainPod(ctx context.Context, name string) *corev1.Pod {
	for _, n := range mains(name) {
		if pod := g.pod(ctx, n); pod != nil {
			return pod
		}
	}
	if !g.seen.synced() {
		return nil
	}
	var newest *corev1.Pod
	for _, o := range g.seen.store.List() {
		pod, ok := o.(*corev1.Pod)
		if !ok || pod.Labels[labelComponent] != componentJobManager || len(pod.Name) <= len(name) || pod.Name[:len(name)] != name {
			continue
		}
		if newest == nil || answers(pod) && (!answers(newest) || newest.CreationTimestamp.Before(&pod.CreationTimestamp)) {
			newest = pod
		}
	}
	return newest
}

// answers tells whether a pod may answer at its address.
func answers(pod *corev1.Pod) bool {
	return pod.Status.PodIP != "" && pod.Status.Phase == corev1.PodRunning
}

// client finds or makes the client of a cluster.
func (l *Launcher) client(ref cluster.Ref, g *ground, name string) *flink.Client {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.conns[ref]; c != nil {
		return c
	}
	var way http.RoundTripper = throughAPI{l, g, name}
	if g.direct {
		dialer := net.Dialer{Timeout: 5 * time.Second}
		way = &http.Transport{
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				pod := g.mainPod(ctx, name)
				if pod == nil || !answers(pod) {
					return nil, errors.New("its pod does not run")
				}
				return dialer.DialContext(ctx, network, net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(RESTPort)))
			},
			MaxIdleConns: 4, MaxConnsPerHost: 16, IdleConnTimeout: time.Minute, DisableCompression: true,
		}
	}
	if ref.Session == "" {
		way = growing{way, l, g, name}
	}
	c := flink.NewClient(way, "http://cluster")
	l.conns[ref] = c
	return c
}

// throughAPI leads requests to a pod by way of the API server.
type throughAPI struct {
	l    *Launcher
	g    *ground
	name string
}

func (t throughAPI) RoundTrip(r *http.Request) (*http.Response, error) {
	pod := t.g.mainPod(r.Context(), t.name)
	if pod == nil {
		return nil, errors.New("its pod is not there")
	}
	to, err := http.NewRequestWithContext(r.Context(), r.Method, fmt.Sprintf("%s/api/v1/namespaces/%s/pods/%s:%d/proxy%s", t.g.host, t.g.namespace, pod.Name, RESTPort, r.URL.EscapedPath()), r.Body)
	if err != nil {
		return nil, err
	}
	to.URL.RawQuery = r.URL.RawQuery
	to.Header, to.ContentLength, to.GetBody = r.Header.Clone(), r.ContentLength, r.GetBody
	return t.g.http.Transport.RoundTrip(to)
}

func (l *Launcher) disconnect(ref cluster.Ref) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.disconnectLocked(ref)
}

func (l *Launcher) disconnectLocked(ref cluster.Ref) {
	if c := l.conns[ref]; c != nil {
		if t, ok := c.Transport().(idler); ok {
			t.CloseIdleConnections()
		}
		delete(l.conns, ref)
	}
}
