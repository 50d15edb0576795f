package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/weir-streams/weir/resource"
)

// Tokens finds API tokens by id; the error wraps resource.ErrNotFound if there
// is none.
type Tokens interface {
	Get(ctx context.Context, id string) (resource.APIToken, error)
}

// Config says who is believed.
type Config struct {
	// BootstrapToken is the credential of user:bootstrap, an admin; empty: none.
	BootstrapToken string
	// Admins are members such as user:ann and group:ops.
	Admins []string
	Tokens Tokens
	OIDC   OIDC // zero: no sign-in provider
	// SessionKey seals session cookies; 32 bytes, the same on all servers.
	SessionKey []byte
	// ExternalURL is where browsers reach the server; empty: where their
	// requests say.
	ExternalURL string
	Log         *slog.Logger
	Now         func() time.Time // nil: the clock
}

// Bootstrap is the name of the bearer of the bootstrap token.
const Bootstrap = "user:bootstrap"

// Authenticator finds out who sends a request.
type Authenticator struct {
	config   Config
	box      box
	provider *provider // nil: none
}

// Error is a refusal to say who somebody is. Status is 401, or 503 when it
// could not be found out.
type Error struct {
	Status  int
	Message string
}

func (e *Error) Error() string { return e.Message }

func unauthenticated(format string, args ...any) error {
	return &Error{http.StatusUnauthorized, fmt.Sprintf(format, args...)}
}

// New makes an authenticator.
func New(c Config) (*Authenticator, error) {
	if c.Tokens == nil {
		return nil, errors.New("auth: Tokens must be set")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	b, err := newBox(c.SessionKey)
	if err != nil {
		return nil, err
	}
	for _, m := range c.Admins {
		kind, name, _ := strings.Cut(m, ":")
		if kind != "user" && kind != "group" || name == "" {
			return nil, fmt.Errorf("admin %q: want user:NAME or group:NAME", m)
		}
	}
	if c.ExternalURL != "" {
		u, err := url.Parse(c.ExternalURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
			return nil, fmt.Errorf("external URL %q: want scheme and host only, such as https://weir.example.com", c.ExternalURL)
		}
	}
	a := &Authenticator{config: c, box: b}
	if c.OIDC.Issuer != "" {
		if a.provider, err = newProvider(c.OIDC); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// Authenticate says who sends a request. Credentials in the Authorization
// header count before a session.
func (a *Authenticator) Authenticate(r *http.Request) (Subject, error) {
	header := r.Header.Get("Authorization")
	if header != "" {
		scheme, secret, _ := strings.Cut(header, " ")
		if secret = strings.TrimSpace(secret); !strings.EqualFold(scheme, "Bearer") || secret == "" {
			return Subject{}, unauthenticated("the Authorization header must be Bearer and a token")
		}
		return a.bearer(r.Context(), secret)
	}
	s, ok := a.session(r)
	switch {
	case !ok:
		return Subject{}, unauthenticated("sign in, or send an API token in the header Authorization: Bearer")
	case s.Token != "":
		return a.bearer(r.Context(), s.Token)
	}
	return a.user(s.User, s.Groups), nil
}

// bearer says whose a secret is.
func (a *Authenticator) bearer(ctx context.Context, secret string) (Subject, error) {
	if a.config.BootstrapToken != "" && same(secret, a.config.BootstrapToken) {
		return Subject{Name: Bootstrap, Admin: true}, nil
	}
	if a.provider != nil && strings.Count(secret, ".") == 2 {
		user, groups, err := a.provider.machine(ctx, secret)
		if err != nil {
			return Subject{}, err
		}
		return a.user(user, groups), nil
	}
	t, err := a.config.Tokens.Get(ctx, SecretID(secret))
	if errors.Is(err, resource.ErrNotFound) || err == nil && !same(t.Spec.Hash, SecretHash(secret)) {
		return Subject{}, unauthenticated("the token is not known here; it may have been deleted")
	}
	if err != nil {
		return Subject{}, &Error{http.StatusServiceUnavailable, "the token could not be looked up: " + err.Error()}
	}
	return Subject{
		Name:           "token:namespaces/" + t.Metadata.Namespace + "/apitokens/" + t.Metadata.Name,
		TokenNamespace: t.Metadata.Namespace, TokenRole: t.Spec.Role,
	}, nil
}

// user is the subject of somebody whom the sign-in provider vouches for.
func (a *Authenticator) user(name string, groups []string) Subject {
	s := Subject{Name: "user:" + name, Groups: groups}
	for _, member := range a.config.Admins {
		if s.is(member) {
			s.Admin = true
		}
	}
	return s
}
