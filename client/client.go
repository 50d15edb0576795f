package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// DefaultServer is where a server started without flags listens.
const DefaultServer = "http://127.0.0.1:8080"

const (
	requestTimeout = 60 * time.Second // of one that does not stream
	maxAnswer      = 256 << 20        // bytes
)

// Options say which server to ask and as whom.
type Options struct {
	Server string // URL; empty: DefaultServer
	// Author is noted in the record of changes while the server does not
	// authenticate; empty: the server calls everybody "user".
	Author string
	Token  string       // sent as bearer token, if set
	HTTP   *http.Client // nil: one without proxies for loopback; must have no Timeout, or Watch ends by it
}

// Client talks to one server. It is safe for concurrent use.
type Client struct {
	base   string
	author string
	token  string
	http   *http.Client
}

// New makes a client; it does not connect.
func New(o Options) (*Client, error) {
	if o.Server == "" {
		o.Server = DefaultServer
	}
	if !strings.Contains(o.Server, "://") {
		o.Server = "http://" + o.Server
	}
	u, err := url.Parse(o.Server)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("server %q: want a URL such as %s", o.Server, DefaultServer)
	}
	if o.HTTP == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.DialContext = (&net.Dialer{Timeout: 10 * time.Second}).DialContext
		transport.ResponseHeaderTimeout = requestTimeout
		o.HTTP = &http.Client{Transport: transport}
	}
	return &Client{base: strings.TrimRight(u.String(), "/"), author: o.Author, token: o.Token, http: o.HTTP}, nil
}

// Server is the URL of the server.
func (c *Client) Server() string { return c.base }

// do sends a request with in as JSON, if not nil, and reads the answer into
// out, if not nil.
func (c *Client) do(ctx context.Context, method, path string, query url.Values, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
	}
	res, err := c.send(ctx, method, path, query, body, "application/json")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return c.unreachable(ctx, err)
	}
	if out == nil || len(text) == 0 {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("%s %s%s: the answer is not what this version of weir knows (is it a weir server?): %w", method, c.base, path, err)
	}
	return nil
}

// send sends a request; an answer of 400 or more is an error.
func (c *Client) send(ctx context.Context, method, path string, query url.Values, body []byte, accept string, headers ...string) (*http.Response, error) {
	if body == nil {
		return c.stream(ctx, method, path, query, nil, "", accept, headers...)
	}
	return c.stream(ctx, method, path, query, bytes.NewReader(body), "application/json", accept, headers...)
}

// stream is send with a body of any type and size.
func (c *Client) stream(ctx context.Context, method, path string, query url.Values, body io.Reader, contentType, accept string, headers ...string) (*http.Response, error) {
	target := c.base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, target, err)
	}
	r.Header.Set("Accept", accept)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if c.author != "" {
		r.Header.Set("X-Weir-Author", c.author)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := c.http.Do(r)
	if err != nil {
		return nil, c.unreachable(ctx, err)
	}
	if res.StatusCode >= http.StatusBadRequest {
		defer res.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20)) // half an explanation is better than none
		return nil, explain(res, text)
	}
	return res, nil
}
