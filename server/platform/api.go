package platform

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/weir-streams/weir/auth"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/route"
	"github.com/weir-streams/weir/server/wire"
)

// maxBody bounds a document, in bytes.
const maxBody = 4 << 20

// API answers the routes it lists.
type API struct {
	Config
}

// New makes an API.
func New(c Config) *API { return &API{Config: c} }

// Routes is the table of contents of the API.
func (a *API) Routes() []route.Route {
	const namespaces = "/namespaces/v1/namespaces"
	const autopilot = "/autopilot/v1alpha1/namespaces/{ns}"
	const policy = autopilot + "/deployments/{deploymentId}/autopilotpolicy"
	const tokens = "/apitokens/v1/namespaces/{ns}/apitokens"
	need := func(v auth.Verb, k auth.Kind) auth.Need { return auth.Need{Verb: v, Kind: k} }
	all := []route.Route{
		// Everybody may ask; the answer has what they may see.
		{Method: "GET", Path: namespaces, Need: need(auth.Read, auth.Platform), Handle: a.listNamespaces},
		{Method: "POST", Path: namespaces, Need: need(auth.Create, auth.Namespaces), Handle: a.createNamespace},
		{Method: "GET", Path: namespaces + "/{ns}", Need: need(auth.Read, auth.Namespaces), Handle: a.getNamespace},
		{Method: "PUT", Path: namespaces + "/{ns}", Need: need(auth.Update, auth.Namespaces), Handle: a.putNamespace},
		{Method: "PATCH", Path: namespaces + "/{ns}", Need: need(auth.Update, auth.Namespaces), Handle: a.patchNamespace},
		{Method: "DELETE", Path: namespaces + "/{ns}", Need: need(auth.Delete, auth.Namespaces), Handle: a.deleteNamespace},
		{Method: "POST", Path: namespaces + "/{ns}:setPreviewSessionCluster", Need: need(auth.Update, auth.Namespaces), Handle: a.setPreviewSessionCluster},

		{Method: "GET", Path: tokens, Need: need(auth.Read, auth.APITokens), Handle: a.listTokens},
		{Method: "POST", Path: tokens, Need: need(auth.Create, auth.APITokens), Handle: a.createToken},
		{Method: "GET", Path: tokens + "/{apiTokenName}", Need: need(auth.Read, auth.APITokens), Handle: a.getToken},
		{Method: "DELETE", Path: tokens + "/{apiTokenName}", Need: need(auth.Delete, auth.APITokens), Handle: a.deleteToken},

		{Method: "GET", Path: autopilot, Need: need(auth.Read, auth.Autopilot), Handle: a.listPolicies},
		{Method: "GET", Path: policy, Need: need(auth.Read, auth.Autopilot), Handle: a.getPolicy},
		{Method: "PUT", Path: policy, Need: need(auth.Update, auth.Autopilot), Handle: a.putPolicy},
		{Method: "GET", Path: policy + ":status", Need: need(auth.Read, auth.Autopilot), Handle: a.getPolicyStatus},
		{Method: "GET", Path: policy + ":recommendation", Need: need(auth.Read, auth.Autopilot), Handle: a.getRecommendation},
	}
	if a.Artifacts != nil {
		const artifacts = "/artifacts/v1/namespaces/{ns}/artifacts"
		all = append(all,
			route.Route{Method: "GET", Path: artifacts + ":list", Need: need(auth.Read, auth.Artifacts), Handle: a.listArtifacts},
			route.Route{Method: "POST", Path: artifacts + ":upload", Need: need(auth.Create, auth.Artifacts), Handle: a.uploadArtifact, Streams: true},
			route.Route{Method: "GET", Path: artifacts + ":metadata", Need: need(auth.Read, auth.Artifacts), Handle: a.getArtifact, Streams: true},
			route.Route{Method: "DELETE", Path: artifacts + ":delete", Need: need(auth.Delete, auth.Artifacts), Handle: a.deleteArtifact},
		)
	}
	return all
}

// Register puts every route on the mux.
func (a *API) Register(mux *http.ServeMux) {
	route.Register(mux, a.Routes(), route.Options{Authorize: a.Authorize, Log: a.Log})
}

// Reply answers with one wrapped document: Reply(w, r, 200, "namespace", n)
// writes {"namespace": n}.
func Reply(w http.ResponseWriter, r *http.Request, status int, wrapper string, v any) error {
	wire.WriteJSON(w, r, status, map[string]any{wrapper: v})
	return nil
}

// ReplyEmpty answers {}.
func ReplyEmpty(w http.ResponseWriter, r *http.Request) error {
	wire.WriteJSON(w, r, http.StatusOK, struct{}{})
	return nil
}

// ReadBody reads a document into a struct, kindly: scalars become text where
// text is wanted, unknown fields are left alone, control characters inside
// strings are allowed. It returns which fields were given.
func ReadBody(w http.ResponseWriter, r *http.Request, to any) (given map[string]bool, err error) {
	data, err := wire.ReadBody(w, r, maxBody)
	if err != nil {
		return nil, err
	}
	return resource.Read(data, to)
}

// FullName makes namespaces/{ns}/{collection}/{name}.
func FullName(namespace, collection, name string) string {
	return "namespaces/" + namespace + "/" + collection + "/" + name
}

// ShortName takes the last part of a full name, and of a short one all; a full
// name of another namespace or collection is an InvalidError of field.
func ShortName(field, namespace, collection, name string) (string, error) {
	if !strings.Contains(name, "/") {
		return name, nil
	}
	short, ok := strings.CutPrefix(name, FullName(namespace, collection, ""))
	if !ok || strings.Contains(short, "/") {
		return "", resource.Invalidf(field, "must be %s or only the part after the last slash, got %q", FullName(namespace, collection, "NAME"), name)
	}
	return short, nil
}

// author is who a change is recorded as made by.
func (a *API) author(r *http.Request) string {
	if a.Author != nil {
		if name := a.Author(r); name != "" {
			return name
		}
	}
	return "user"
}

// Refused refuses what the state of things forbids now: code FAILED_PRECONDITION.
func Refused(format string, args ...any) error {
	return &wire.Error{Status: http.StatusConflict, Reason: "FailedPrecondition", Message: fmt.Sprintf(format, args...)}
}

// namespace gives the namespace of the path, which must exist, and be ACTIVE
// when something is to be written to it.
func (a *API) namespace(r *http.Request) (string, error) {
	return Namespace(r.Context(), a.Resources.Namespaces, r)
}

// Namespace finds the namespace that the path of a request names. One that is
// being deleted can be read only.
func Namespace(ctx context.Context, all Collection[resource.Namespace], r *http.Request) (string, error) {
	n, err := findNamespace(ctx, all, r.PathValue("ns"))
	if err != nil {
		return "", err
	}
	if n.Status.Phase == resource.NamespaceTerminating && r.Method != http.MethodGet && r.Method != http.MethodHead {
		return "", Refused("namespace %q is being deleted", n.Metadata.Name)
	}
	return n.Metadata.Name, nil
}

func findNamespace(ctx context.Context, all Collection[resource.Namespace], name string) (resource.Namespace, error) {
	n, err := all.GetByName(ctx, "", name)
	if errors.Is(err, resource.ErrNotFound) {
		return n, fmt.Errorf("namespace %q: %w", name, resource.ErrNotFound)
	}
	return n, err
}
