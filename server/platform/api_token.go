package platform

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/weir-streams/weir/auth"
	"github.com/weir-streams/weir/resource"
)

// tokenDocument is the wire form of an API token.
type tokenDocument struct {
	Name       string        `json:"name"` // "namespaces/default/apitokens/ci"
	Role       resource.Role `json:"role"`
	Secret     string        `json:"secret,omitempty"` // only in the answer that creates it
	CreateTime resource.Time `json:"createTime"`
}

func tokenDocumentOf(t resource.APIToken) tokenDocument {
	return tokenDocument{
		Name: FullName(t.Metadata.Namespace, "apitokens", t.Metadata.Name),
		Role: t.Spec.Role, CreateTime: t.Metadata.CreatedAt,
	}
}

func (a *API) listTokens(w http.ResponseWriter, r *http.Request) error {
	namespace, err := a.namespace(r)
	if err != nil {
		return err
	}
	all, err := a.Resources.APITokens.List(r.Context(), resource.Filter{Namespace: namespace})
	if err != nil {
		return err
	}
	out := make([]tokenDocument, len(all))
	for i, t := range all {
		out[i] = tokenDocumentOf(t)
	}
	return Reply(w, r, http.StatusOK, "apiTokens", out)
}

// createToken makes a token and shows its secret, which nobody can ever see
// again.
func (a *API) createToken(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name string `json:"name"`
		Role string `json:"role"`
	}
	if _, err := ReadBody(w, r, &in); err != nil {
		return err
	}
	namespace, err := a.namespace(r)
	if err != nil {
		return err
	}
	var t resource.APIToken
	if t.Metadata.Name, err = ShortName("name", namespace, "apitokens", in.Name); err != nil {
		return err
	}
	t.Metadata.Namespace = namespace
	t.Spec.Role = resource.Role(strings.ToLower(strings.TrimSpace(in.Role)))
	if err := t.Validate(); err != nil {
		return err
	}
	secret := auth.NewSecret()
	t.Metadata.ID, t.Spec.Hash = auth.SecretID(secret), auth.SecretHash(secret)
	if t, err = a.Resources.APITokens.Create(r.Context(), a.author(r), t); err != nil {
		return err
	}
	record(r, t, nil, map[string]resource.Role{"role": t.Spec.Role})
	out := tokenDocumentOf(t)
	out.Secret = secret
	return Reply(w, r, http.StatusCreated, "apiToken", out)
}

func (a *API) findToken(r *http.Request) (resource.APIToken, error) {
	namespace, name := r.PathValue("ns"), r.PathValue("apiTokenName")
	t, err := a.Resources.APITokens.GetByName(r.Context(), namespace, name)
	if errors.Is(err, resource.ErrNotFound) {
		return t, fmt.Errorf("API token %q in namespace %q: %w", name, namespace, resource.ErrNotFound)
	}
	return t, err
}

func (a *API) getToken(w http.ResponseWriter, r *http.Request) error {
	t, err := a.findToken(r)
	if err != nil {
		return err
	}
	return Reply(w, r, http.StatusOK, "apiToken", tokenDocumentOf(t))
}

func (a *API) deleteToken(w http.ResponseWriter, r *http.Request) error {
	t, err := a.findToken(r)
	if err != nil {
		return err
	}
	if _, err := a.Resources.APITokens.Delete(r.Context(), t.Metadata.ID); err != nil {
		return err
	}
	return ReplyEmpty(w, r)
}
