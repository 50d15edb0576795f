package avro

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/engine/option"
)

// registry asks a schema registry over its REST interface. It is used by one goroutine.
type registry struct {
	format string // whose options it has
	urls   []string
	client *http.Client
	header string // Authorization; empty: none
	add    bool   // schemas are registered; false: they must be there
}

const (
	registryTimeout = 10 * time.Second // of one request
	registryTries   = 3                // of each address
	largestSchema   = 4 << 20
)

func newRegistry(name string, o option.Values) (*registry, error) {
	r := &registry{format: name, client: &http.Client{Timeout: registryTimeout}, add: true}
	var user *url.Userinfo
	for part := range strings.SplitSeq(o.String("url"), ",") {
		part = strings.TrimRight(strings.TrimSpace(part), "/")
		u, err := url.Parse(part)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, fmt.Errorf("option '%s.url': %q is not the address of a schema registry, such as http://localhost:8081", r.format, part)
		}
		if u.User != nil {
			user, u.User = u.User, nil
		}
		r.urls = append(r.urls, u.String())
	}
	if err := r.authorize(o, user); err != nil {
		return nil, err
	}
	for key, text := range o.Under("properties.") {
		switch key {
		case "auto.register.schemas":
			add, err := strconv.ParseBool(text)
			if err != nil {
				return nil, fmt.Errorf("option '%s.properties.%s': 'true' or 'false' expected, got %q", r.format, key, text)
			}
			r.add = add
		default:
			return nil, fmt.Errorf("option '%s.properties.%s' is not supported; auto.register.schemas is", r.format, key)
		}
	}
	return r, r.encrypt(o)
}

func (r *registry) authorize(o option.Values, user *url.Userinfo) error {
	basic := func(text string) { r.header = "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
	switch source := o.String("basic-auth.credentials-source"); source {
	case "", "URL":
		if user != nil {
			password, _ := user.Password()
			basic(user.Username() + ":" + password)
		}
	case "USER_INFO":
		if !o.Has("basic-auth.user-info") {
			return fmt.Errorf("option '%s.basic-auth.credentials-source' is USER_INFO, so its 'basic-auth.user-info' is needed: user:password", r.format)
		}
		basic(o.String("basic-auth.user-info"))
	default:
		return fmt.Errorf("option '%s.basic-auth.credentials-source': USER_INFO or URL expected, got %q; others are not supported", r.format, source)
	}
	switch source := o.String("bearer-auth.credentials-source"); source {
	case "", "STATIC_TOKEN":
		if o.Has("bearer-auth.token") {
			r.header = "Bearer " + o.String("bearer-auth.token")
		}
	default:
		return fmt.Errorf("option '%s.bearer-auth.credentials-source': STATIC_TOKEN expected, got %q; others are not supported", r.format, source)
	}
	return nil
}

// encrypt takes certificates and keys in PEM; the stores of Java are said to be none.
func (r *registry) encrypt(o option.Values) error {
	trust, own := o.String("ssl.truststore.location"), o.String("ssl.keystore.location")
	if trust == "" && own == "" {
		return nil
	}
	const convert = "is not in PEM, the form that is read here; keytool and openssl make it of JKS and PKCS12"
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if trust != "" {
		text, err := os.ReadFile(trust)
		if err != nil {
			return fmt.Errorf("option '%s.ssl.truststore.location': %w", r.format, err)
		}
		if c.RootCAs = x509.NewCertPool(); !c.RootCAs.AppendCertsFromPEM(text) {
			return fmt.Errorf("option '%s.ssl.truststore.location': %s %s", r.format, trust, convert)
		}
	}
	if own != "" {
		text, err := os.ReadFile(own)
		if err != nil {
			return fmt.Errorf("option '%s.ssl.keystore.location': %w", r.format, err)
		}
		pair, err := tls.X509KeyPair(text, text)
		if err != nil {
			return fmt.Errorf("option '%s.ssl.keystore.location': %s %s: %w", r.format, own, convert, err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = c
	r.client.Transport = t
	return nil
}

// schema gives the text of the schema with a number.
func (r *registry) schema(ctx context.Context, id uint32) ([]byte, error) {
	var answer struct {
		Schema     string            `json:"schema"`
		SchemaType string            `json:"schemaType"`
		References []json.RawMessage `json:"references"`
	}
	if err := r.ask(ctx, http.MethodGet, fmt.Sprintf("/schemas/ids/%d", id), nil, &answer); err != nil {
		return nil, err
	}
	switch {
	case answer.SchemaType != "" && answer.SchemaType != "AVRO":
		return nil, fmt.Errorf("it is of type %s; AVRO is needed", answer.SchemaType)
	case len(answer.References) > 0:
		return nil, errors.New("it refers to others, which is not supported")
	}
	return []byte(answer.Schema), nil
}

// register gives the number of a schema under a subject.
func (r *registry) register(ctx context.Context, subject string, schema []byte) (uint32, error) {
	path := "/subjects/" + url.PathEscape(subject)
	if r.add {
		path += "/versions"
	}
	body, err := json.Marshal(map[string]string{"schema": string(schema)})
	if err != nil {
		return 0, err
	}
	var answer struct {
		ID uint32 `json:"id"`
	}
	if err := r.ask(ctx, http.MethodPost, path, body, &answer); err != nil {
		return 0, fmt.Errorf("register the schema of subject %s: %w", subject, err)
	}
	return answer.ID, nil
}

// ask tries one address after the other, some times each, until there is an
// answer that is not about the server itself.
func (r *registry) ask(ctx context.Context, method, path string, body []byte, into any) error {
	var last error
	for try := range registryTries {
		if try > 0 {
			pause := time.NewTimer(time.Duration(try) * 200 * time.Millisecond)
			select {
			case <-pause.C:
			case <-ctx.Done():
				pause.Stop()
				return ctx.Err()
			}
		}
		for _, base := range r.urls {
			again, err := r.once(ctx, method, base+path, body, into)
			if err == nil || !again || ctx.Err() != nil {
				return err
			}
			last = err
		}
	}
	return last
}

func (r *registry) once(ctx context.Context, method, address string, body []byte, into any) (again bool, err error) {
	q, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	q.Header.Set("Accept", "application/vnd.schemaregistry.v1+json, application/json")
	if body != nil {
		q.Header.Set("Content-Type", "application/vnd.schemaregistry.v1+json")
	}
	if r.header != "" {
		q.Header.Set("Authorization", r.header)
	}
	a, err := r.client.Do(q)
	if err != nil {
		return true, err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(io.LimitReader(a.Body, largestSchema+1))
	switch {
	case err != nil:
		return true, fmt.Errorf("%s: %w", address, err)
	case len(text) > largestSchema:
		return false, fmt.Errorf("%s: the answer is longer than %d MB", address, largestSchema>>20)
	case a.StatusCode != http.StatusOK:
		var problem struct {
			Message string `json:"message"`
		}
		if json.Unmarshal(text, &problem) != nil || problem.Message == "" {
			problem.Message = strings.TrimSpace(string(text[:min(len(text), 200)]))
		}
		return a.StatusCode >= 500, fmt.Errorf("%s answers %s: %s", address, a.Status, problem.Message)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return false, fmt.Errorf("%s: the answer is not that of a schema registry: %w", address, err)
	}
	return false, nil
}
