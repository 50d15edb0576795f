package auth

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/weir-streams/weir/resource"
)

// idp is a sign-in provider in this process; whoever comes is ann.
type idp struct {
	t      *testing.T
	url    string
	key    *rsa.PrivateKey
	claims map[string]any // of the next tokens

	mu    sync.Mutex
	codes map[string]url.Values // what was asked for, by code
}

func startProvider(t *testing.T) *idp {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &idp{t: t, key: key, codes: map[string]url.Values{}, claims: map[string]any{"email": "ann@example.com", "groups": []string{"devs", "ops"}}}
	mux := http.NewServeMux()
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	p.url = s.URL
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(v); err != nil {
			t.Error(err)
		}
	}
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{
			"issuer": p.url, "authorization_endpoint": p.url + "/authorize", "token_endpoint": p.url + "/token", "jwks_uri": p.url + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"}, "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("/authorize", func(w http.ResponseWriter, r *http.Request) {
		code := rand.Text()
		p.mu.Lock()
		p.codes[code] = r.URL.Query()
		p.mu.Unlock()
		http.Redirect(w, r, r.URL.Query().Get("redirect_uri")+"?code="+code+"&state="+url.QueryEscape(r.URL.Query().Get("state")), http.StatusFound)
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		asked, ok := p.codes[r.FormValue("code")]
		delete(p.codes, r.FormValue("code"))
		p.mu.Unlock()
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		id, secret, _ := r.BasicAuth()
		if !ok || base64.RawURLEncoding.EncodeToString(sum[:]) != asked.Get("code_challenge") || id != "weir" || secret != "s3cret" {
			w.WriteHeader(http.StatusBadRequest)
			answer(w, map[string]string{"error": "invalid_grant"})
			return
		}
		answer(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": p.token("weir", map[string]any{"nonce": asked.Get("nonce")})})
	})
	return p
}

// token signs a token for an audience.
func (p *idp) token(audience string, more map[string]any) string {
	claims := map[string]any{"iss": p.url, "sub": "1", "aud": audience, "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix()}
	for k, v := range p.claims {
		claims[k] = v
	}
	for k, v := range more {
		claims[k] = v
	}
	return sign(p.t, p.key, claims)
}

func sign(t *testing.T, key *rsa.PrivateKey, claims map[string]any) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(text)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

// tokens are API tokens by id.
type tokens map[string]resource.APIToken

func (t tokens) Get(_ context.Context, id string) (resource.APIToken, error) {
	v, ok := t[id]
	if !ok {
		return v, resource.ErrNotFound
	}
	return v, nil
}

func (t tokens) add(namespace, name string, role resource.Role) (secret string) {
	secret = NewSecret()
	t[SecretID(secret)] = resource.APIToken{
		Metadata: resource.Metadata{Name: name, Namespace: namespace},
		Spec:     resource.APITokenSpec{Role: role, Hash: SecretHash(secret)},
	}
	return secret
}

const bootstrap = "a-bootstrap-token-of-some-length"

func newAuthenticator(t *testing.T, p *idp, all tokens, change ...func(*Config)) *Authenticator {
	t.Helper()
	c := Config{BootstrapToken: bootstrap, Admins: []string{"group:ops"}, Tokens: all, SessionKey: NewSessionKey()}
	if p != nil {
		c.OIDC = OIDC{Issuer: p.url, ClientID: "weir", ClientSecret: "s3cret"}
	}
	for _, f := range change {
		f(&c)
	}
	a, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// serve mounts an authenticator as the server does: /who tells who asks.
func serve(t *testing.T, a *Authenticator) string {
	mux := http.NewServeMux()
	mux.Handle("/auth/", a)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s, err := a.Authenticate(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte(s.Name + " " + strings.Join(s.Groups, ",")))
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}
