package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

// maxBody bounds a request, in bytes.
const maxBody = 4 << 20

// Gateway answers the SQL and catalog routes.
type Gateway struct {
	Config
	previews chan struct{} // a token for each SELECT that may run
	requests chan struct{} // a token for each request that compiles SQL
	followed chan struct{} // a token for each query that is followed
	ending   context.Context
	end      context.CancelFunc // of queries that are followed

	mu    sync.Mutex
	turns map[string]chan struct{} // by namespace: who may change its catalogs
}

// New makes a gateway.
func New(c Config) *Gateway {
	c.Limits = c.Limits.filled()
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	g := &Gateway{
		Config: c, previews: make(chan struct{}, c.Limits.Previews), requests: make(chan struct{}, c.Limits.Requests),
		followed: make(chan struct{}, c.Limits.Follows), turns: map[string]chan struct{}{},
	}
	g.ending, g.end = context.WithCancel(context.Background())
	return g
}

// EndStreams stops the queries that are followed, so that their requests end.
func (g *Gateway) EndStreams() { g.end() }

func (g *Gateway) author(r *http.Request) string {
	if g.Author != nil {
		if name := g.Author(r); name != "" {
			return name
		}
	}
	return "user"
}

// namespace gives the namespace of the path, which must exist and not be on
// its way out when something is to be written to it.
func (g *Gateway) namespace(r *http.Request) (resource.Namespace, error) {
	name := r.PathValue("ns")
	n, err := g.Namespaces.GetByName(r.Context(), "", name)
	if errors.Is(err, resource.ErrNotFound) {
		return n, fmt.Errorf("namespace %q: %w", name, resource.ErrNotFound)
	}
	if err == nil && n.Status.Phase == resource.NamespaceTerminating && r.Method != http.MethodGet {
		return n, &wire.Error{Status: http.StatusConflict, Reason: "Conflict", Message: fmt.Sprintf("namespace %q is being deleted", name)}
	}
	return n, err
}

// turn waits until nobody else changes the catalogs of a namespace.
func (g *Gateway) turn(ctx context.Context, namespace string) (release func(), err error) {
	g.mu.Lock()
	turn := g.turns[namespace]
	if turn == nil {
		turn = make(chan struct{}, 1)
		g.turns[namespace] = turn
	}
	g.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for other statements that change the catalogs of %q: %w", namespace, ctx.Err())
	}
}

// compiling waits until a request may compile SQL, which takes time and cannot
// be broken off. The bounds on SQL keep it short.
func (g *Gateway) compiling(ctx context.Context) (release func(), err error) {
	select {
	case g.requests <- struct{}{}:
		return func() { <-g.requests }, nil
	case <-ctx.Done():
		return nil, &wire.Error{Status: http.StatusServiceUnavailable, Reason: "Unavailable", Message: fmt.Sprintf("%d other requests compile SQL; try again later", cap(g.requests))}
	}
}
