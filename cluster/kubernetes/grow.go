package kubernetes

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
)

// Rescales tells that clusters of Flink get the TaskManagers that a running job
// needs at another parallelism. Weir's engine says no to that itself.
func (l *Launcher) Rescales() bool { return true }

// maxRequirements bounds what is read of them.
const maxRequirements = 1 << 20

// growWait is how long Kubernetes has to take note of more TaskManagers.
const growWait = 10 * time.Second

// growing brings TaskManagers when Flink agrees to another parallelism of the
// job of a cluster. Those there are stay, also when fewer would do: which of them
// a job can do without, only Flink knows.
type growing struct {
	http.RoundTripper
	l    *Launcher
	g    *ground
	name string
}

func (t growing) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPut || !strings.HasSuffix(r.URL.Path, "/resource-requirements") || r.Body == nil {
		return t.RoundTripper.RoundTrip(r)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequirements))
	r.Body.Close()
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer, err := t.RoundTripper.RoundTrip(r)
	var want flink.Requirements
	if err != nil || answer.StatusCode >= 300 || json.Unmarshal(body, &want) != nil {
		return answer, err
	}
	if err := t.grow(r.Context(), want.Most()); err != nil {
		// Flink waits for slots; why none come is told like any trouble of pods.
		t.l.config.Log.WarnContext(r.Context(), "there are no more TaskManagers for a higher parallelism", "cluster", t.name, "error", err)
	}
	return answer, nil
}

// grow has as many TaskManagers as so many tasks need.
func (t growing) grow(ctx context.Context, tasks int) error {
	ctx, stop := context.WithTimeout(ctx, growWait)
	defer stop()
	var has appsv1.Deployment
	if err := t.g.get(ctx, deployments, t.name+"-"+componentTaskManager, &has); apierrors.IsNotFound(err) {
		return nil // Flink makes them itself
	} else if err != nil {
		return t.g.explain("look at its TaskManagers", err)
	}
	var root corev1.Secret
	if err := t.g.get(ctx, secrets, t.name, &root); err != nil {
		return t.g.explain("look at its spec", err)
	}
	var spec cluster.Spec
	if err := json.Unmarshal(root.Data[specFile], &spec); err != nil {
		return fmt.Errorf("read the cluster's spec: %w", err)
	}
	n := (tasks + slotsOf(spec) - 1) / slotsOf(spec)
	if has.Spec.Replicas == nil || n <= int(*has.Spec.Replicas) {
		return nil
	}
	t.l.config.Log.InfoContext(ctx, "more TaskManagers for a higher parallelism", "cluster", t.name, "taskmanagers", n)
	if err := t.g.scale(ctx, t.name, n); err != nil {
		return t.g.explain(fmt.Sprintf("have %d TaskManagers", n), err)
	}
	return nil
}

// slotsOf is how many slots each TaskManager of a cluster has.
func slotsOf(spec cluster.Spec) int {
	if n, err := strconv.Atoi(spec.Configuration["taskmanager.numberOfTaskSlots"]); err == nil && n > 0 {
		return n
	}
	managers := max(spec.TaskManagers, 1)
	return max((max(spec.Parallelism, 1)+managers-1)/managers, 1)
}

// CloseIdleConnections passes on what clients are told at their end.
func (t growing) CloseIdleConnections() {
	if c, ok := t.RoundTripper.(idler); ok {
		c.CloseIdleConnections()
	}
}

type idler interface{ CloseIdleConnections() }
