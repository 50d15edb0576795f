package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/weir-streams/weir/resource"
)

func serve(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := New(Options{Server: s.URL, Author: "ann", Token: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestErrorsAndExitCodes(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   string
		code   int
	}{
		{"app manager", 404, `{"statusCode":404,"message":"Deployment \"x\": not found","reason":"NotFound"}`, `Deployment "x": not found`, ExitNotFound},
		{"platform", 409, `{"code":"ALREADY_EXISTS","description":"it is there","cause":null,"ok":false}`, "it is there", ExitConflict},
		{"several fields", 400, `{"statusCode":400,"message":"a; b","errors":[{"attribute":"x","message":"must be set"},{"attribute":"y","message":"too small"}]}`, "y: too small", ExitFailed},
		{"precondition", 412, `{"message":"read it again"}`, "read it again", ExitConflict},
		{"not ours", 404, "<html>", "is it a weir server?", ExitFailed},
		{"not ours, fine", 200, "<html>", "is it a weir server?", ExitFailed},
		{"list instead of object", 500, `[]`, "500", ExitFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			})
			_, err := c.Deployments("default").Get(t.Context(), "x")
			if err == nil || !strings.Contains(err.Error(), tt.want) || ExitCode(err) != tt.code {
				t.Errorf("%v (exit %d), want %q (exit %d)", err, ExitCode(err), tt.want, tt.code)
			}
		})
	}
	c, err := New(Options{Server: "127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Deployments("default").Get(t.Context(), "x")
	if !errors.Is(err, ErrUnreachable) || ExitCode(err) != ExitUnreachable {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	if _, err := c.Deployments("default").Get(ctx, "x"); ExitCode(err) != ExitTimeout {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{"ftp://x", "http://", "::"} {
		if _, err := New(Options{Server: bad}); err == nil {
			t.Errorf("server %q was taken", bad)
		}
	}
}

func TestRequests(t *testing.T) {
	var seen string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r.Method + " " + r.URL.String() + " " + r.Header.Get("X-Weir-Author") + " " + r.Header.Get("Authorization")
		_, _ = w.Write([]byte(`{}`))
	})
	ctx := t.Context()
	for _, tt := range []struct {
		call func() error
		want string
	}{
		{func() error { _, err := c.Deployments("a/b").Get(ctx, "x y"); return err }, "GET /api/v1/namespaces/a%2Fb/deployments/x%20y"},
		{func() error {
			_, err := c.Jobs("default").List(ctx, Query{DeploymentID: "d", Newest: 1})
			return err
		}, "GET /api/v1/namespaces/default/jobs?deploymentId=d&newest=1"},
		{func() error { _, err := c.Deployments("n").Patch(ctx, "x", 1, DryRun); return err }, "PATCH /api/v1/namespaces/n/deployments/x?dryRun=true"},
		{func() error { return c.Savepoints("n").Delete(ctx, "s", Force) }, "DELETE /api/v1/namespaces/n/savepoints/s?force=true"},
		{func() error { _, err := c.Reset(ctx, "n", "x", "s"); return err }, "POST /api/v1/namespaces/n/deployments/x:reset"},
		{func() error { return c.DeleteNamespace(ctx, "n") }, "DELETE /namespaces/v1/namespaces/n"},
	} {
		if err := tt.call(); err != nil {
			t.Error(err)
		}
		if seen != tt.want+" ann Bearer secret" {
			t.Errorf("sent %q, want %q", seen, tt.want)
		}
	}
}

func TestWatchReconnectsWhereItWas(t *testing.T) {
	var calls atomic.Int32
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch n := calls.Add(1); n {
		case 1:
			_, _ = fmt.Fprint(w, "id: e-1\nevent: resync\ndata: {}\n\n: still here\n\nid: e-2\nevent: change\ndata: {\"kind\":\"Job\",\"namespace\":\"n\",\"id\":\"j\"}\n\n")
		case 2:
			w.WriteHeader(http.StatusBadGateway) // something in between
		default:
			if got := r.Header.Get("Last-Event-ID"); got != "e-2" {
				t.Errorf("came back with %q", got)
			}
			_, _ = fmt.Fprint(w, "id: e-3\nevent: change\ndata: {\"kind\":\"Job\",\"namespace\":\"n\",\"id\":\"last\"}\n\n")
		}
	})
	var got []Change
	err := c.Watch(t.Context(), "n", func(change Change) error {
		got = append(got, change)
		if change.Key.ID == "last" {
			return Stop()
		}
		return nil
	})
	want := []Change{{Resync: true}, {Key: resource.Key{Kind: "Job", Namespace: "n", ID: "j"}}, {Key: resource.Key{Kind: "Job", Namespace: "n", ID: "last"}}}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
}

func TestWatchEnds(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/none/") {
			w.WriteHeader(http.StatusNotFound)
			_, _ = fmt.Fprint(w, `{"message":"namespace \"none\": not found"}`)
			return
		}
		_, _ = fmt.Fprint(w, "id: e-1\nevent: resync\ndata: {}\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	if err := c.Watch(t.Context(), "none", func(Change) error { return nil }); !IsNotFound(err) {
		t.Errorf("%v", err)
	}
	mine := errors.New("mine")
	if err := c.Watch(t.Context(), "n", func(Change) error { return mine }); !errors.Is(err, mine) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := c.Watch(ctx, "n", func(Change) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	nobody, err := New(Options{Server: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := nobody.Watch(t.Context(), "n", func(Change) error { return nil }); !errors.Is(err, ErrUnreachable) {
		t.Errorf("%v", err)
	}
}
