package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	sessionCookie = "weir_session"
	sessionLife   = 12 * time.Hour
	// Browsers keep cookies of 4096 bytes with their name; people in many
	// groups need several.
	cookieSize  = 3500
	cookieCount = 8
)

// session is what a browser keeps, sealed.
type session struct {
	User   string   `json:"u,omitempty"`
	Groups []string `json:"g,omitempty"`
	// Token is an API token that was signed in with; it is looked up anew at
	// every request, so that deleting it ends the session.
	Token   string `json:"t,omitempty"`
	Expires int64  `json:"e"` // seconds since 1970
}

// session reads the session of a request.
func (a *Authenticator) session(r *http.Request) (session, bool) {
	var s session
	var text strings.Builder
	for i := range cookieCount {
		c, err := r.Cookie(partName(i))
		if err != nil {
			break
		}
		text.WriteString(c.Value)
	}
	ok := text.Len() > 0 && a.box.open(sessionCookie, text.String(), &s) == nil && a.config.Now().Unix() < s.Expires
	return s, ok
}

// begin gives the browser a session.
func (a *Authenticator) begin(w http.ResponseWriter, r *http.Request, s session) error {
	s.Expires = a.config.Now().Add(sessionLife).Unix()
	text, err := a.box.seal(sessionCookie, s)
	if err != nil {
		return err
	}
	if len(text) > cookieSize*cookieCount {
		return fmt.Errorf("%s is in %d groups: more than a session can hold; let the provider send fewer", s.User, len(s.Groups))
	}
	for i := range cookieCount {
		part := text[min(len(text), i*cookieSize):min(len(text), (i+1)*cookieSize)]
		c := a.cookie(r, partName(i), part, sessionLife)
		if part == "" {
			if _, err := r.Cookie(c.Name); err != nil {
				continue
			}
			c.MaxAge = -1
		}
		http.SetCookie(w, c)
	}
	return nil
}

// end takes the session away.
func (a *Authenticator) end(w http.ResponseWriter, r *http.Request) {
	for i := range cookieCount {
		if _, err := r.Cookie(partName(i)); err == nil {
			c := a.cookie(r, partName(i), "", 0)
			c.MaxAge = -1
			http.SetCookie(w, c)
		}
	}
}

func (a *Authenticator) cookie(r *http.Request, name, value string, life time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(life / time.Second),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(a.base(r), "https:"),
	}
}

// base is the URL that the browser knows us by.
func (a *Authenticator) base(r *http.Request) string {
	if a.config.ExternalURL != "" {
		return strings.TrimRight(a.config.ExternalURL, "/")
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

func partName(i int) string {
	if i == 0 {
		return sessionCookie
	}
	return sessionCookie + "_" + strconv.Itoa(i)
}

// box seals small documents so that only a server with the same key can read
// or make them.
type box struct{ aead cipher.AEAD }

func newBox(key []byte) (box, error) {
	if len(key) != 32 {
		return box{}, fmt.Errorf("session key: want 32 bytes, got %d", len(key))
	}
	c, err := aes.NewCipher(key)
	if err != nil {
		return box{}, fmt.Errorf("session key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(c)
	if err != nil {
		return box{}, fmt.Errorf("session key: %w", err)
	}
	return box{aead}, nil
}

// NewSessionKey makes a key for sessions.
func NewSessionKey() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails, by its contract
	return key
}

// seal writes v; what was sealed for one use cannot be opened for another.
func (b box) seal(use string, v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b.aead.Seal(nil, nil, text, []byte(use))), nil
}

func (b box) open(use, sealed string, v any) error {
	text, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return err
	}
	if text, err = b.aead.Open(nil, nil, text, []byte(use)); err != nil {
		return errors.New("it was not sealed here")
	}
	return json.Unmarshal(text, v)
}
