package auth

import (
	"crypto/rand"
	"crypto/rsa"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func browser(t *testing.T) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

func visit(t *testing.T, c *http.Client, url string) (int, string, *http.Response) {
	t.Helper()
	res, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text), res
}

func TestSignInWithAProvider(t *testing.T) {
	p := startProvider(t)
	a := newAuthenticator(t, p, tokens{})
	base := serve(t, a)
	c := browser(t)
	if status, _, _ := visit(t, c, base+"/who"); status != 401 {
		t.Fatalf("before signing in: %d", status)
	}
	status, text, res := visit(t, c, base+"/auth/login?return=/who%3Fx=1")
	if status != 200 || text != "user:ann@example.com devs,ops" || res.Request.URL.RequestURI() != "/who?x=1" {
		t.Fatalf("signed in: %d %q at %s", status, text, res.Request.URL)
	}
	// The session is enough from now on, until it is ended.
	if _, text, _ := visit(t, c, base+"/who"); !strings.HasPrefix(text, "user:ann") {
		t.Errorf("again: %q", text)
	}
	out, err := c.Post(base+"/auth/logout", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	out.Body.Close()
	if status, _, _ := visit(t, c, base+"/who"); status != 401 {
		t.Errorf("after signing out: %d", status)
	}
}

func TestSessionsOfPeopleInManyGroups(t *testing.T) {
	p := startProvider(t)
	var groups []string
	for range 200 {
		groups = append(groups, "a-group-with-a-rather-long-name-"+rand.Text())
	}
	p.claims["groups"] = groups
	base := serve(t, newAuthenticator(t, p, tokens{}))
	if status, text, _ := visit(t, browser(t), base+"/auth/login?return=/who"); status != 200 || strings.Count(text, ",") != 199 {
		t.Errorf("%d with %d groups", status, 1+strings.Count(text, ","))
	}
}

func TestSignInsThatAreNotOurs(t *testing.T) {
	p := startProvider(t)
	a := newAuthenticator(t, p, tokens{})
	base := serve(t, a)
	// A callback that another site made up.
	if status, _, _ := visit(t, browser(t), base+"/auth/callback?code=x&state=abcdefghijkl"); status != 400 {
		t.Errorf("an unknown state: %d", status)
	}
	// One browser's sign-in finished in another: a link sent to a victim.
	thief := browser(t)
	thief.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	_, _, res := visit(t, thief, base+"/auth/login")
	_, _, res = visit(t, thief, res.Header.Get("Location"))
	victim := browser(t)
	if status, _, _ := visit(t, victim, res.Header.Get("Location")); status != 400 {
		t.Errorf("a sign-in of somebody else: %d", status)
	}
	// The provider refuses.
	_, _, res = visit(t, thief, base+"/auth/login")
	back, _ := url.Parse(res.Header.Get("Location"))
	status, text, _ := visit(t, thief, base+"/auth/callback?error=access_denied&error_description=<b>no</b>&state="+back.Query().Get("state"))
	if status != 401 || !strings.Contains(text, "access_denied") || strings.Contains(text, "<b>no") {
		t.Errorf("refused: %d %s", status, text)
	}
}

func TestUnverifiedAddressesAreNotNames(t *testing.T) {
	p := startProvider(t)
	p.claims["email_verified"] = false
	base := serve(t, newAuthenticator(t, p, tokens{}))
	if status, text, _ := visit(t, browser(t), base+"/auth/login?return=/who"); status != 401 || !strings.Contains(text, "not verified") {
		t.Errorf("%d %s", status, text)
	}
}

func TestMachines(t *testing.T) {
	p := startProvider(t)
	all := tokens{}
	ci := all.add("team", "ci", "editor")
	a := newAuthenticator(t, p, all)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, header, want, wantErr string }{
		{name: "an API token", header: "Bearer " + ci, want: "token:namespaces/team/apitokens/ci"},
		{name: "any case of the scheme", header: "bearer " + ci, want: "token:namespaces/team/apitokens/ci"},
		{name: "the bootstrap token", header: "Bearer " + bootstrap, want: Bootstrap},
		{name: "an unknown token", header: "Bearer " + NewSecret(), wantErr: "not known"},
		{name: "an id instead of a secret", header: "Bearer " + SecretID(ci), wantErr: "not known"},
		{name: "a hash instead of a secret", header: "Bearer " + SecretHash(ci), wantErr: "not known"},
		{name: "a password", header: "Basic YTpi", wantErr: "Bearer"},
		{name: "nothing", header: "Bearer ", wantErr: "Bearer"},
		{name: "no header", wantErr: "sign in"},
		{name: "a token of the provider", header: "Bearer " + p.token("weir", nil), want: "user:ann@example.com"},
		{name: "one issued to us for others", header: "Bearer " + p.token("account", map[string]any{"azp": "weir"}), want: "user:ann@example.com"},
		{name: "one for others", header: "Bearer " + p.token("wiki", map[string]any{"azp": "wiki"}), wantErr: "for wiki"},
		{name: "an old one", header: "Bearer " + p.token("weir", map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}), wantErr: "expired"},
		{name: "one of another issuer", header: "Bearer " + p.token("weir", map[string]any{"iss": "http://evil"}), wantErr: "not valid"},
		{name: "one that a stranger signed", header: "Bearer " + sign(t, stranger, map[string]any{
			"iss": p.url, "aud": "weir", "sub": "1", "email": "root@example.com", "exp": time.Now().Add(time.Hour).Unix(),
		}), wantErr: "not valid"},
		{name: "one without a name", header: "Bearer " + p.token("weir", map[string]any{"email": ""}), wantErr: `claim "email"`},
		{name: "one with a name that breaks lines", header: "Bearer " + p.token("weir", map[string]any{"email": "a\nb"}), wantErr: "not a name"},
		{name: "unsigned", header: "Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0.", wantErr: "not valid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			if tt.header != "" {
				r.Header.Set("Authorization", tt.header)
			}
			s, err := a.Authenticate(r)
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Fatalf("%+v, %v; want an error with %q", s, err, tt.wantErr)
				}
				return
			}
			if err != nil || s.Name != tt.want {
				t.Errorf("%+v, %v; want %s", s, err, tt.want)
			}
		})
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+p.token("weir", nil))
	if s, err := a.Authenticate(r); err != nil || !s.Admin {
		t.Errorf("a member of group:ops is no admin: %+v, %v", s, err)
	}
}

func TestSignInWithAToken(t *testing.T) {
	all := tokens{}
	ci := all.add("team", "ci", "editor")
	base := serve(t, newAuthenticator(t, nil, all))
	c := browser(t)
	if status, text, res := visit(t, c, base+"/auth/login?return=/who"); status != 200 || !strings.Contains(text, "API token") || res.Request.URL.Path != "/auth/token" {
		t.Fatalf("%d at %s", status, res.Request.URL)
	}
	post := func(secret, to string) (int, string) {
		res, err := c.PostForm(base+"/auth/token", url.Values{"token": {secret}, "return": {to}})
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
	if status, _ := post("wrong", "/who"); status != 401 {
		t.Errorf("a wrong token: %d", status)
	}
	if status, text := post(ci, "/who"); status != 200 || !strings.HasPrefix(text, "token:namespaces/team") {
		t.Errorf("%d %s", status, text)
	}
	// Deleting the token ends the session.
	delete(all, SecretID(ci))
	if status, _, _ := visit(t, c, base+"/who"); status != 401 {
		t.Errorf("after the token is gone: %d", status)
	}
}

func TestSessionsAreSealedAndEnd(t *testing.T) {
	now := time.Now()
	a := newAuthenticator(t, nil, tokens{}, func(c *Config) { c.Now = func() time.Time { return now } })
	other := newAuthenticator(t, nil, tokens{})
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "http://weir/", nil)
	if err := a.begin(w, r, session{User: "ann"}); err != nil {
		t.Fatal(err)
	}
	cookie := w.Result().Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Secure {
		t.Errorf("cookie %+v", cookie)
	}
	r.AddCookie(cookie)
	if s, err := a.Authenticate(r); err != nil || s.Name != "user:ann" {
		t.Fatalf("%+v, %v", s, err)
	}
	if s, err := other.Authenticate(r); err == nil {
		t.Errorf("a session of another server is believed: %+v", s)
	}
	now = now.Add(sessionLife)
	if s, err := a.Authenticate(r); err == nil {
		t.Errorf("a session never ends: %+v", s)
	}
	now = now.Add(-time.Minute)
	forged := httptest.NewRequest("GET", "/", nil)
	begin := "A"
	if cookie.Value[0] == 'A' {
		begin = "B"
	}
	forged.AddCookie(&http.Cookie{Name: sessionCookie, Value: begin + cookie.Value[1:]})
	if s, err := a.Authenticate(forged); err == nil {
		t.Errorf("a changed cookie is believed: %+v", s)
	}
	// What was sealed for a sign-in is no session.
	sealed, err := a.box.seal(loginCookie, session{User: "eve", Expires: now.Add(time.Hour).Unix()})
	if err != nil {
		t.Fatal(err)
	}
	forged = httptest.NewRequest("GET", "/", nil)
	forged.AddCookie(&http.Cookie{Name: sessionCookie, Value: sealed})
	if s, err := a.Authenticate(forged); err == nil {
		t.Errorf("a sign-in is taken for a session: %+v", s)
	}
	secure := newAuthenticator(t, nil, tokens{}, func(c *Config) { c.ExternalURL = "https://weir.example.com" })
	w = httptest.NewRecorder()
	if err := secure.begin(w, r, session{User: "ann"}); err != nil || !w.Result().Cookies()[0].Secure {
		t.Errorf("not a secure cookie behind https: %v", err)
	}
}

func TestReturnsToOurPagesOnly(t *testing.T) {
	for in, want := range map[string]string{
		"/app/x?y#z": "/app/x?y#z", "": "/app/", "//evil.com": "/app/", "https://evil.com": "/app/", "/\\evil.com": "/app/",
		"app": "/app/", "/app\r\nX: y": "/app/", "javascript:alert(1)": "/app/",
	} {
		if got := returnTo(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestAProviderThatIsAway(t *testing.T) {
	all := tokens{}
	ci := all.add("team", "ci", "editor")
	p := startProvider(t)
	a := newAuthenticator(t, nil, all, func(c *Config) { c.OIDC = OIDC{Issuer: p.url + "/nowhere", ClientID: "weir"} })
	base := serve(t, a)
	if status, _, _ := visit(t, browser(t), base+"/auth/login"); status != 503 {
		t.Errorf("sign in: %d", status)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+ci)
	if _, err := a.Authenticate(r); err != nil {
		t.Errorf("API tokens need no provider: %v", err)
	}
	r.Header.Set("Authorization", "Bearer "+p.token("weir", nil))
	refused, ok := (*Error)(nil), false
	if _, err := a.Authenticate(r); err != nil {
		refused, ok = err.(*Error)
	}
	if !ok || refused.Status != 503 {
		t.Errorf("a token of the provider: %v", refused)
	}
}

func TestConfigurationsThatCannotWork(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"no tokens":   func(c *Config) { c.Tokens = nil },
		"short key":   func(c *Config) { c.SessionKey = []byte("short") },
		"admin":       func(c *Config) { c.Admins = []string{"ann"} },
		"external":    func(c *Config) { c.ExternalURL = "weir.example.com" },
		"no clientid": func(c *Config) { c.OIDC.Issuer = "http://x" },
	} {
		c := Config{Tokens: tokens{}, SessionKey: NewSessionKey()}
		change(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
