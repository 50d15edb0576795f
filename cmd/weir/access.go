package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/weir-streams/weir/auth"
)

// access is what the server is told about who may do what.
type access struct {
	authenticate func(*http.Request) (auth.Subject, error) // nil: nobody is asked
	signIn       http.Handler
}

// authenticator reads the settings about access.
func authenticator(config configuration, data string, tokens auth.Tokens, log *slog.Logger) (access, error) {
	if !config.is("auth") {
		for _, name := range []string{"auth-bootstrap-token-file", "auth-admins", "oidc-issuer"} {
			if config.get(name) != "" {
				return access{}, fmt.Errorf("%s is set, but nobody is asked who they are: set auth too, or leave it out", name)
			}
		}
		return access{}, nil
	}
	c := auth.Config{
		Admins: splitList(config.get("auth-admins")), Tokens: tokens, ExternalURL: config.get("external-url"), Log: log,
		OIDC: auth.OIDC{
			Issuer: config.get("oidc-issuer"), ClientID: config.get("oidc-client-id"),
			UserClaim: config.get("oidc-user-claim"), GroupsClaim: config.get("oidc-groups-claim"),
			Scopes: splitList(config.get("oidc-scopes")),
		},
	}
	var err error
	if c.BootstrapToken, err = secretFile("auth-bootstrap-token-file", config.get("auth-bootstrap-token-file"), log); err != nil {
		return access{}, err
	}
	if n := len(c.BootstrapToken); n > 0 && n < 20 {
		return access{}, fmt.Errorf("auth-bootstrap-token-file: a token of %d characters can be guessed; use 20 or more, for example of uuidgen", n)
	}
	if c.OIDC.ClientSecret, err = secretFile("oidc-client-secret-file", config.get("oidc-client-secret-file"), log); err != nil {
		return access{}, err
	}
	if c.SessionKey, err = sessionKey(config.get("auth-session-key-file"), data); err != nil {
		return access{}, err
	}
	if c.BootstrapToken == "" && c.OIDC.Issuer == "" {
		log.WarnContext(context.Background(), "only API tokens that exist already can be used: neither auth-bootstrap-token-file nor oidc-issuer is set")
	}
	a, err := auth.New(c)
	if err != nil {
		return access{}, err
	}
	return access{a.Authenticate, a}, nil
}

// secretFile reads a secret of one line; no file is no secret.
func secretFile(setting, path string, log *slog.Logger) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", setting, err)
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" || strings.ContainsAny(secret, "\r\n") {
		return "", fmt.Errorf("%s: %s must have one line with the secret", setting, path)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o004 != 0 {
		log.WarnContext(context.Background(), "every user of this machine can read a secret", "setting", setting, "file", path)
	}
	return secret, nil
}

// sessionKey reads the key of browser sessions, or makes one in the data
// folder.
func sessionKey(path, data string) ([]byte, error) {
	own := path == ""
	if own {
		path = filepath.Join(data, "session.key")
	}
	text, err := os.ReadFile(path)
	if own && errors.Is(err, fs.ErrNotExist) {
		key := auth.NewSessionKey()
		if err := os.WriteFile(path, []byte(hex.EncodeToString(key)+"\n"), 0o600); err != nil {
			return nil, fmt.Errorf("keep the key of sessions: %w", err)
		}
		return key, nil
	}
	if err != nil {
		return nil, fmt.Errorf("auth-session-key-file: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("auth-session-key-file: %s must have 64 hexadecimal digits, for example of: openssl rand -hex 32", path)
	}
	return key, nil
}

// allowedHosts are the names that browsers and pods may use: those of the
// setting and those of the URLs.
func allowedHosts(config configuration) []string {
	hosts := splitList(config.get("allowed-hosts"))
	for _, setting := range []string{"external-url", "pod-url"} {
		if u, err := url.Parse(config.get(setting)); err == nil && u.Hostname() != "" {
			hosts = append(hosts, u.Hostname())
		}
	}
	return hosts
}
