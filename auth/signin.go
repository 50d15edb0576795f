package auth

import (
	"crypto/rand"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const (
	loginCookie = "weir_login_" // and the beginning of the state
	loginLife   = 10 * time.Minute
)

// login is what a browser keeps, sealed, while its user is at the provider.
type login struct {
	State    string `json:"s"`
	Nonce    string `json:"n"`
	Verifier string `json:"v"`
	Return   string `json:"r"`
	Expires  int64  `json:"e"`
}

// ServeHTTP answers what is below /auth/: sign in and out.
//
//	GET  /auth/login     to the sign-in provider, or to the page that asks for a token
//	GET  /auth/callback  back from the provider
//	GET  /auth/token     a page that asks for an API token; POST takes it
//	POST /auth/logout    ends the session
func (a *Authenticator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
	switch r.Method + " " + r.URL.Path {
	case "GET /auth/login":
		a.login(w, r)
	case "GET /auth/callback":
		a.callback(w, r)
	case "GET /auth/token":
		a.tokenPage(w, http.StatusOK, returnTo(r.URL.Query().Get("return")), "")
	case "POST /auth/token":
		a.tokenLogin(w, r)
	case "POST /auth/logout":
		a.end(w, r)
		w.WriteHeader(http.StatusNoContent)
	default:
		a.explain(w, http.StatusNotFound, "There is nothing here. Sign in at /auth/login.")
	}
}

func (a *Authenticator) login(w http.ResponseWriter, r *http.Request) {
	to := returnTo(r.URL.Query().Get("return"))
	if a.provider == nil {
		http.Redirect(w, r, "/auth/token?return="+url.QueryEscape(to), http.StatusSeeOther)
		return
	}
	found, err := a.provider.discover()
	if err != nil {
		a.config.Log.ErrorContext(r.Context(), "nobody can sign in", "error", err)
		a.explain(w, http.StatusServiceUnavailable, "The sign-in provider does not answer. Try again soon; the server's log has the details.")
		return
	}
	l := login{
		State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Return: to,
		Expires: a.config.Now().Add(loginLife).Unix(),
	}
	sealed, err := a.box.seal(loginCookie, l)
	if err != nil {
		a.explain(w, http.StatusInternalServerError, "The sign-in could not begin.")
		return
	}
	c := a.cookie(r, loginCookie+l.State[:8], sealed, loginLife)
	c.Path = "/auth/"
	http.SetCookie(w, c)
	oauth := a.provider.oauth(found, a.base(r)+"/auth/callback")
	http.Redirect(w, r, oauth.AuthCodeURL(l.State, oidc.Nonce(l.Nonce), oauth2.S256ChallengeOption(l.Verifier)), http.StatusFound)
}

func (a *Authenticator) callback(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	l, err := a.pending(w, r, query.Get("state"))
	if err != nil {
		a.explain(w, http.StatusBadRequest, "This sign-in is not known or took too long. Begin again at /auth/login.")
		return
	}
	if cause := query.Get("error"); cause != "" {
		a.explain(w, http.StatusUnauthorized, "The sign-in provider refused: "+strings.TrimSpace(cause+" "+query.Get("error_description")))
		return
	}
	s, err := a.redeem(r, query.Get("code"), l)
	if err == nil {
		err = a.begin(w, r, s)
	}
	if err != nil {
		status, refused := http.StatusUnauthorized, (*Error)(nil)
		if errors.As(err, &refused) {
			status = refused.Status
		}
		a.config.Log.WarnContext(r.Context(), "a sign-in failed", "error", err)
		a.explain(w, status, "The sign-in failed: "+err.Error())
		return
	}
	http.Redirect(w, r, l.Return, http.StatusSeeOther)
}

// pending finds the sign-in that a callback belongs to, once.
func (a *Authenticator) pending(w http.ResponseWriter, r *http.Request, state string) (login, error) {
	var l login
	if len(state) < 8 {
		return l, errors.New("no state")
	}
	name := loginCookie + state[:8]
	c, err := r.Cookie(name)
	if err != nil {
		return l, err
	}
	gone := a.cookie(r, name, "", 0)
	gone.Path, gone.MaxAge = "/auth/", -1
	http.SetCookie(w, gone)
	if err := a.box.open(loginCookie, c.Value, &l); err != nil {
		return l, err
	}
	if !same(l.State, state) || a.config.Now().Unix() >= l.Expires {
		return l, errors.New("another state, or too late")
	}
	return l, nil
}

// redeem turns the provider's code into a session.
func (a *Authenticator) redeem(r *http.Request, code string, l login) (session, error) {
	if a.provider == nil {
		return session{}, unauthenticated("there is no sign-in provider")
	}
	found, err := a.provider.discover()
	if err != nil {
		return session{}, err
	}
	oauth := a.provider.oauth(found, a.base(r)+"/auth/callback")
	token, err := oauth.Exchange(oidc.ClientContext(r.Context(), a.provider.client), code, oauth2.VerifierOption(l.Verifier))
	if err != nil {
		return session{}, unauthenticated("the provider does not take the code: %v", err)
	}
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return session{}, unauthenticated("the provider sent no ID token")
	}
	user, groups, err := a.provider.signedIn(r.Context(), found, raw, l.Nonce)
	return session{User: user, Groups: groups}, err
}

func (a *Authenticator) tokenLogin(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	to, secret := returnTo(r.FormValue("return")), strings.TrimSpace(r.PostFormValue("token"))
	if _, err := a.bearer(r.Context(), secret); err != nil || secret == "" {
		a.tokenPage(w, http.StatusUnauthorized, to, "This token is not known here.")
		return
	}
	if err := a.begin(w, r, session{Token: secret}); err != nil {
		a.tokenPage(w, http.StatusUnauthorized, to, "This token is too long for a session.")
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// returnTo lets a sign-in lead back to a page of ours only.
func returnTo(path string) string {
	u, err := url.Parse(path)
	if err != nil || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") || u.Host != "" || u.Scheme != "" {
		return "/app/"
	}
	return path
}

// page is self-contained: nobody is signed in yet to load more.
var page = template.Must(template.New("page").Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><title>weir: sign in</title>
<meta name="viewport" content="width=device-width"><style>body{font:16px/1.5 system-ui;max-width:26rem;margin:15vh auto;padding:0 1rem;color:#1c2733}
input,button{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;margin:.3rem 0}p.bad{color:#a40000}@media(prefers-color-scheme:dark){body{background:#12181f;color:#dde5ee}p.bad{color:#ff8a80}}</style>
<h1>weir</h1>{{with .Message}}<p class="bad" role="alert">{{.}}</p>{{end}}{{if .Form}}
<form method="post" action="/auth/token"><label>API token<input name="token" type="password" autocomplete="off" required autofocus></label>
<input type="hidden" name="return" value="{{.Return}}"><button>Sign in</button></form>{{end}}</html>`))

func (a *Authenticator) tokenPage(w http.ResponseWriter, status int, to, message string) {
	a.show(w, status, map[string]any{"Form": true, "Return": to, "Message": message})
}

func (a *Authenticator) explain(w http.ResponseWriter, status int, message string) {
	a.show(w, status, map[string]any{"Message": message})
}

func (a *Authenticator) show(w http.ResponseWriter, status int, data map[string]any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = page.Execute(w, data) // the browser went away; nobody is left to tell
}

// Account is what /auth/whoami tells the sender of a request.
type Account struct {
	Authentication bool     `json:"authentication"`   // false: everybody may do everything
	Name           string   `json:"name"`             // empty: not signed in
	Groups         []string `json:"groups,omitempty"` // of the sign-in provider
	Admin          bool     `json:"admin"`
	Login          string   `json:"login,omitempty"` // where to sign in
}

// AccountOf describes a subject.
func AccountOf(s Subject) Account {
	if s.Unrestricted {
		return Account{Admin: true}
	}
	return Account{Authentication: true, Name: s.Name, Groups: s.Groups, Admin: s.Admin, Login: "/auth/login"}
}
