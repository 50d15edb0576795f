package flink

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/cluster/standalone"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/flink/distribution"
)

// Session is a running session cluster of a real Flink.
type Session struct {
	*standalone.Cluster // an http.Handler: Flink's REST API
	Client              *flink.Client
}

// SessionName is the name of the session cluster, which the specs of its jobs give.
const SessionName = "real"

// StartSession starts a session cluster of one TaskManager until the test has
// ended.
func StartSession(t testing.TB, version string, configuration map[string]string) Session {
	t.Helper()
	home := Home(t, version)
	java, err := distribution.FindJava(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := standalone.New(standalone.Config{
		Dir: t.TempDir(), Home: home, Java: java, Hide: func([]string) {}, Log: slog.New(slog.DiscardHandler),
		Spec: cluster.Spec{Ref: cluster.Ref{Namespace: "default", Session: SessionName}, Parallelism: 1, Configuration: configuration},
		Waiting: func(w standalone.Waiting) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
				rw.WriteHeader(http.StatusServiceUnavailable)
				if w.Refused != nil {
					b, _ := json.Marshal(map[string][]string{"errors": {w.Refused.Error()}}) // strings
					_, _ = rw.Write(b)
				}
			})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := c.Run(ctx); err != nil {
			t.Errorf("the cluster ended: %v", err)
		}
	})
	t.Cleanup(func() { end(); wg.Wait() })
	s := Session{Cluster: c, Client: flink.NewClient(flink.InProcess(c), "http://flink")}
	Within(t, "Flink is up", func() bool {
		o, err := s.Client.Overview(ctx)
		return err == nil && o.SlotsTotal > 0
	})
	return s
}

// Within waits for what must happen soon.
func Within(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in 5 minutes: %s", what)
		}
	}
}
