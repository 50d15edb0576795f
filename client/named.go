package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/weir-streams/weir/resource"
)

// Named is the resources of one kind of the Platform API in one namespace,
// where a name is the only key and answers are wrapped. They are given and
// taken in the shape of package resource.
type Named[T any] struct {
	client    *Client
	path      string // of the list
	prefix    string // of full names: namespaces/n/sqlscripts/
	one, many string // fields that wrap an answer
	form      form[T]
}

// form translates between a resource and its wire form.
type form[T any] struct {
	read  func(wire json.RawMessage) (T, error)
	write func(fullName string, v T) any
}

// List lists all.
func (k Named[T]) List(ctx context.Context) ([]T, error) {
	var reply map[string]json.RawMessage
	if err := k.client.do(ctx, http.MethodGet, k.path, nil, nil, &reply); err != nil {
		return nil, err
	}
	var raw []json.RawMessage
	if text := reply[k.many]; text != nil {
		if err := json.Unmarshal(text, &raw); err != nil {
			return nil, fmt.Errorf("list %s: %w", k.many, err)
		}
	}
	all := make([]T, 0, len(raw))
	for _, text := range raw {
		v, err := k.form.read(text)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", k.many, err)
		}
		all = append(all, v)
	}
	return all, nil
}

// Get gets one.
func (k Named[T]) Get(ctx context.Context, name string) (T, error) {
	return k.ask(ctx, http.MethodGet, k.at(name), nil)
}

// Create creates one.
func (k Named[T]) Create(ctx context.Context, name string, v T) (T, error) {
	return k.ask(ctx, http.MethodPost, k.path, k.form.write(k.prefix+name, v))
}

// Put replaces one, and creates it where the kind allows that.
func (k Named[T]) Put(ctx context.Context, name string, v T) (T, error) {
	return k.ask(ctx, http.MethodPut, k.at(name), k.form.write(k.prefix+name, v))
}

// Delete deletes one.
func (k Named[T]) Delete(ctx context.Context, name string) error {
	return k.client.do(ctx, http.MethodDelete, k.at(name), nil, nil, nil)
}

func (k Named[T]) at(name string) string { return k.path + "/" + url.PathEscape(name) }

func (k Named[T]) ask(ctx context.Context, method, path string, in any) (v T, err error) {
	var reply map[string]json.RawMessage
	if err := k.client.do(ctx, method, path, nil, in, &reply); err != nil {
		return v, err
	}
	text := reply[k.one]
	if text == nil {
		return v, fmt.Errorf("%s %s: the answer has no %s; is the server older than this weir?", method, path, k.one)
	}
	return k.form.read(text)
}

// plain is a form whose wire form has the fields of the spec at its top,
// beside name and times.
func plain[T any](kind resource.Kind, parts func(*T) (*resource.Metadata, any)) form[T] {
	return form[T]{
		read: func(wire json.RawMessage) (v T, err error) {
			var outer struct {
				Name       string        `json:"name"`
				CreateTime resource.Time `json:"createTime"`
				UpdateTime resource.Time `json:"updateTime"`
				ModifyTime resource.Time `json:"modifyTime"`
			}
			if err := json.Unmarshal(wire, &outer); err != nil {
				return v, fmt.Errorf("read %s: %w", kind, err)
			}
			metadata, spec := parts(&v)
			if err := json.Unmarshal(wire, spec); err != nil {
				return v, fmt.Errorf("read %s %s: %w", kind, outer.Name, err)
			}
			metadata.Name, metadata.Namespace = shortName(outer.Name)
			metadata.CreatedAt, metadata.ModifiedAt = outer.CreateTime, outer.UpdateTime
			if metadata.ModifiedAt.IsZero() {
				metadata.ModifiedAt = outer.ModifyTime
			}
			return v, nil
		},
		write: func(fullName string, v T) any {
			_, spec := parts(&v)
			text, err := json.Marshal(spec)
			body := map[string]any{}
			if err == nil {
				err = json.Unmarshal(text, &body)
			}
			if err != nil {
				panic(fmt.Sprintf("client: %s is not JSON: %v", kind, err))
			}
			body["name"] = fullName
			return body
		},
	}
}

// shortName takes "namespaces/n/things/t" apart; other names stay whole.
func shortName(full string) (name, namespace string) {
	parts := strings.SplitN(full, "/", 4)
	if len(parts) == 4 && parts[0] == "namespaces" {
		return parts[3], parts[1]
	}
	return full, ""
}

func named[T any](c *Client, api, namespace, many, manyField, oneField string, f form[T]) Named[T] {
	return Named[T]{
		client: c, path: api + "/namespaces/" + url.PathEscape(namespace) + "/" + many,
		prefix: "namespaces/" + namespace + "/" + many + "/", one: oneField, many: manyField, form: f,
	}
}

// SQLScripts of a namespace: saved texts of the SQL editor.
func (c *Client) SQLScripts(namespace string) Named[resource.SQLScript] {
	return named(c, "/sql/v1beta1", namespace, "sqlscripts", "sqlScripts", "sqlScript",
		plain(resource.KindSQLScript, func(s *resource.SQLScript) (*resource.Metadata, any) {
			s.Kind, s.APIVersion = resource.KindSQLScript, resource.APIVersion
			return &s.Metadata, &s.Spec
		}))
}

// UDFArtifacts of a namespace: files with user-defined functions.
func (c *Client) UDFArtifacts(namespace string) Named[resource.UDFArtifact] {
	return named(c, "/sql/v1beta1", namespace, "udfartifacts", "udfArtifacts", "udfArtifact",
		plain(resource.KindUDFArtifact, func(u *resource.UDFArtifact) (*resource.Metadata, any) {
			u.Kind, u.APIVersion = resource.KindUDFArtifact, resource.APIVersion
			return &u.Metadata, &u.Spec
		}))
}

// Connectors that SQL of a namespace can use, packaged ones too.
func (c *Client) Connectors(namespace string) Named[resource.Connector] {
	return named(c, "/sql/v1beta1", namespace, "connectors", "connectors", "connector",
		plain(resource.KindConnector, func(v *resource.Connector) (*resource.Metadata, any) {
			v.Kind, v.APIVersion = resource.KindConnector, resource.APIVersion
			return &v.Metadata, &v.Spec
		}))
}

// Formats that SQL of a namespace can use, packaged ones too.
func (c *Client) Formats(namespace string) Named[resource.Format] {
	return named(c, "/sql/v1beta1", namespace, "formats", "formats", "format",
		plain(resource.KindFormat, func(v *resource.Format) (*resource.Metadata, any) {
			v.Kind, v.APIVersion = resource.KindFormat, resource.APIVersion
			return &v.Metadata, &v.Spec
		}))
}

// Tokens of a namespace.
func (c *Client) Tokens(namespace string) Named[resource.APIToken] {
	return named(c, "/apitokens/v1", namespace, "apitokens", "apiTokens", "apiToken", tokenForm)
}

var tokenForm = plain(resource.KindAPIToken, func(t *resource.APIToken) (*resource.Metadata, any) {
	t.Kind, t.APIVersion = resource.KindAPIToken, resource.APIVersion
	return &t.Metadata, &t.Spec
})

// CreateToken makes a token and returns its secret, which nobody can ask for
// a second time.
func (c *Client) CreateToken(ctx context.Context, namespace, name string, role resource.Role) (secret string, err error) {
	var reply struct {
		Token struct {
			Secret string `json:"secret"`
		} `json:"apiToken"`
	}
	k := c.Tokens(namespace)
	err = c.do(ctx, http.MethodPost, k.path, nil, map[string]any{"name": k.prefix + name, "role": role}, &reply)
	if err == nil && reply.Token.Secret == "" {
		err = fmt.Errorf("create token %s: the answer has no secret; is the server older than this weir?", name)
	}
	return reply.Token.Secret, err
}
