package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weir-streams/weir/auth"
	"github.com/weir-streams/weir/server/audit"
	"github.com/weir-streams/weir/server/gateway"
	"github.com/weir-streams/weir/server/platform"
	"github.com/weir-streams/weir/server/rest"
	"github.com/weir-streams/weir/server/route"
	"github.com/weir-streams/weir/server/swagger"
)

// Timeouts of connections. Answers have none of their own here: handlers that
// stream set a deadline for each write, the others end by themselves.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 60 * time.Second
	idleTimeout       = 2 * time.Minute
	shutdownTimeout   = 10 * time.Second
	maxHeaderBytes    = 256 << 10 // single-sign-on cookies are large
)

// Config is what a server needs.
type Config struct {
	rest.Config
	// Platform is the second family; Author, Authorize and Log are filled in.
	Platform platform.Config
	// Gateway is SQL; Author, Authorize and Log are filled in. Without an
	// engine its routes are not there.
	Gateway gateway.Config
	// UI is the built web UI with index.html at its root; nil if there is none.
	UI fs.FS
	// Authenticate says who sends a request, or why nobody is believed to; an
	// auth.Error has the status to answer with. Nil: requests are not
	// authenticated, everybody may do everything, and only loopback addresses
	// are listened on.
	Authenticate func(*http.Request) (auth.Subject, error)
	// SignIn answers below /auth/. Nil: nobody signs in with a browser.
	SignIn http.Handler
	// Files answers below FilesPath, to bearers of its own tokens; nil: nothing is there.
	Files http.Handler
	// Metrics answers at /metrics, to admins; nil: nothing is there.
	Metrics http.Handler
	// Observe is told of each request that was let in: its route, its status and
	// how long it took; nil: nobody is told.
	Observe func(method, route, status string, took time.Duration)
	// AllowedHosts are names, besides loopback ones and IP addresses, under
	// which browsers may reach the server.
	AllowedHosts []string
}

// Server answers HTTP. Make it with New.
type Server struct {
	config   Config
	api      *rest.API
	platform *platform.API
	gateway  *gateway.Gateway // nil: there is none
	handler  http.Handler
}

// New makes a server; it fails when the configuration is incomplete.
func New(c Config) (*Server, error) {
	r := c.Resources
	if r.Deployments == nil || r.Targets == nil || r.Jobs == nil || r.Savepoints == nil || r.Events == nil ||
		r.Defaults == nil || r.Namespaces == nil || r.Secrets == nil || r.Sessions == nil || r.Record == nil {
		return nil, errors.New("server: every collection of Resources must be set")
	}
	if p := c.Platform.Resources; p.Namespaces == nil || p.Targets == nil || p.Defaults == nil || p.SessionClusters == nil || p.APITokens == nil ||
		p.Deployments == nil || p.AutopilotPolicies == nil {
		return nil, errors.New("server: every collection of Platform.Resources must be set")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Author == nil {
		c.Author = author
	}
	if c.Authenticate != nil && c.Authorize == nil {
		c.Authorize = authorizer(c.Platform.Resources.Namespaces)
	}
	api := rest.New(c.Config)
	c.Platform.Author, c.Platform.Authorize, c.Platform.Log, c.Platform.Exclusive = c.Author, c.Authorize, c.Log, api.Exclusively
	s := &Server{config: c, api: api, platform: platform.New(c.Platform)}
	mux := http.NewServeMux()
	s.api.Register(mux)
	s.platform.Register(mux)
	if c.Gateway.Engine != nil {
		c.Gateway.Author, c.Gateway.Authorize, c.Gateway.Log = c.Author, c.Authorize, c.Log
		s.gateway = gateway.New(c.Gateway)
		s.gateway.Register(mux)
	}
	if err := swagger.Register(mux); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	registerUI(mux, c.UI)
	registerSignIn(mux, c.SignIn)
	s.registerProbes(mux)
	s.handler = s.guard(s.observed(notFoundIn(mux)))
	if r.Audit != nil {
		s.handler = audit.New(r.Audit, c.Log).Wrap(s.handler)
	}
	return s, nil
}

// ServeHTTP answers one request, with every check but that of the listener.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Routes lists what the API answers.
func (s *Server) Routes() []route.Route {
	all := slices.Concat(s.api.Table(), s.platform.Routes())
	if s.gateway != nil {
		all = append(all, s.gateway.Routes()...)
	}
	return all
}

// Listen opens the address to serve on. Without authentication only loopback
// addresses are allowed.
func (s *Server) Listen(ctx context.Context, address string) (net.Listener, error) {
	if err := s.mayListen(address); err != nil {
		return nil, err
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, listenError(address, err)
	}
	return ln, nil
}

// Run serves on ln until ctx ends, then lets requests under way finish for a
// bounded time. It closes ln.
func (s *Server) Run(ctx context.Context, ln net.Listener) error {
	// Requests live on while Shutdown waits for them; change streams end when
	// the API's Run does.
	requests := context.WithoutCancel(ctx)
	srv := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.config.Log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return requests },
	}
	if s.gateway != nil {
		srv.RegisterOnShutdown(s.gateway.EndStreams)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.api.Run(ctx) })
	g.Go(func() error {
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve %s: %w", ln.Addr(), err)
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
		defer cancel()
		if err := srv.Shutdown(deadline); err != nil {
			return errors.Join(fmt.Errorf("shut down: %w", err), srv.Close())
		}
		return nil
	})
	return g.Wait()
}
