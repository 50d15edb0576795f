package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// OIDC is a sign-in provider that speaks OpenID Connect.
type OIDC struct {
	Issuer       string // URL
	ClientID     string
	ClientSecret string   // empty: a public client
	UserClaim    string   // of the ID token; empty: email
	GroupsClaim  string   // empty: groups
	Scopes       []string // besides openid; empty: profile, email
}

// providerTimeout bounds every request to the provider.
const providerTimeout = 10 * time.Second

// provider asks the sign-in provider. It is found at the first need, so that
// weir starts and takes API tokens while the provider is away.
type provider struct {
	config OIDC
	client *http.Client

	mu     sync.Mutex
	found  *oidc.Provider
	failed error     // the last look for it
	until  time.Time // and how long that counts
}

// lookAgain is how soon the provider is looked for again after it was not found.
const lookAgain = 5 * time.Second

func newProvider(c OIDC) (*provider, error) {
	if c.ClientID == "" {
		return nil, errors.New("sign-in provider: the client id must be set")
	}
	if c.UserClaim == "" {
		c.UserClaim = "email"
	}
	if c.GroupsClaim == "" {
		c.GroupsClaim = "groups"
	}
	if len(c.Scopes) == 0 {
		c.Scopes = []string{"profile", "email"}
	}
	if !slices.Contains(c.Scopes, oidc.ScopeOpenID) {
		c.Scopes = append([]string{oidc.ScopeOpenID}, c.Scopes...)
	}
	return &provider{config: c, client: &http.Client{Timeout: providerTimeout}}, nil
}

func (p *provider) discover() (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	if time.Now().Before(p.until) {
		return nil, p.failed
	}
	// Not the request's context: the provider keeps it to fetch keys later.
	found, err := oidc.NewProvider(oidc.ClientContext(context.Background(), p.client), p.config.Issuer)
	if err != nil {
		p.until = time.Now().Add(lookAgain)
		p.failed = &Error{http.StatusServiceUnavailable, fmt.Sprintf("the sign-in provider %s cannot be used: %v", p.config.Issuer, err)}
		return nil, p.failed
	}
	p.found = found
	return found, nil
}

func (p *provider) oauth(found *oidc.Provider, redirect string) oauth2.Config {
	return oauth2.Config{
		ClientID: p.config.ClientID, ClientSecret: p.config.ClientSecret,
		Endpoint: found.Endpoint(), RedirectURL: redirect, Scopes: p.config.Scopes,
	}
}

// signedIn reads the ID token that a sign-in brought.
func (p *provider) signedIn(ctx context.Context, found *oidc.Provider, raw, nonce string) (user string, groups []string, err error) {
	ctx = oidc.ClientContext(ctx, p.client)
	token, err := found.Verifier(&oidc.Config{ClientID: p.config.ClientID}).Verify(ctx, raw)
	if err != nil {
		return "", nil, unauthenticated("the sign-in provider's token is not valid: %v", err)
	}
	if !same(token.Nonce, nonce) {
		return "", nil, unauthenticated("the sign-in provider's token is not for this sign-in")
	}
	return p.read(token)
}

// machine reads a token that a machine got from the provider by itself: an ID
// token of ours, or an access token that was issued to or for our client.
func (p *provider) machine(ctx context.Context, raw string) (user string, groups []string, err error) {
	found, err := p.discover()
	if err != nil {
		return "", nil, err
	}
	token, err := found.Verifier(&oidc.Config{SkipClientIDCheck: true}).Verify(oidc.ClientContext(ctx, p.client), raw)
	if err != nil {
		return "", nil, unauthenticated("the token of %s is not valid: %v", p.config.Issuer, err)
	}
	var claims struct {
		Party string `json:"azp"`
	}
	if err := token.Claims(&claims); err != nil {
		return "", nil, unauthenticated("the token cannot be read: %v", err)
	}
	if !slices.Contains(token.Audience, p.config.ClientID) && claims.Party != p.config.ClientID {
		return "", nil, unauthenticated("the token is for %s, not for %s", strings.Join(token.Audience, ", "), p.config.ClientID)
	}
	return p.read(token)
}

// read takes name and groups out of a verified token.
func (p *provider) read(token *oidc.IDToken) (user string, groups []string, err error) {
	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		return "", nil, unauthenticated("the token cannot be read: %v", err)
	}
	user, _ = claims[p.config.UserClaim].(string)
	if user == "" {
		return "", nil, unauthenticated("the token has no claim %q to name the user by; choose another user claim or let the provider send it", p.config.UserClaim)
	}
	if len(user) > 200 || strings.ContainsFunc(user, func(c rune) bool { return c < ' ' || c == 0x7f }) || "user:"+user == Bootstrap {
		return "", nil, unauthenticated("the claim %q is not a name that can be used here", p.config.UserClaim)
	}
	if verified, ok := claims["email_verified"].(bool); ok && !verified && p.config.UserClaim == "email" {
		return "", nil, unauthenticated("the sign-in provider has not verified the address %s", user)
	}
	switch list := claims[p.config.GroupsClaim].(type) {
	case string:
		groups = []string{list}
	case []any:
		for _, g := range list {
			if name, ok := g.(string); ok && name != "" {
				groups = append(groups, name)
			}
		}
	}
	return user, groups, nil
}
