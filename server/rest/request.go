package rest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/audit"
	"github.com/weir-streams/weir/server/wire"
)

// author is who a change is recorded as made by. "weir" is the platform's own.
func (a *API) author(r *http.Request) string {
	if a.Author != nil {
		if name := a.Author(r); name != "" {
			return name
		}
	}
	return "user"
}

// body reads the request's resource as JSON.
func body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return wire.ReadBody(w, r, maxBody)
}

// decoded is the body as a resource.
func decoded[T any](w http.ResponseWriter, r *http.Request, decode func([]byte) (T, error)) (T, error) {
	data, err := body(w, r)
	if err != nil {
		var none T
		return none, err
	}
	return decode(data)
}

// flag reads a boolean of the query; without a value it is true.
func flag(r *http.Request, name string) (bool, error) {
	if !r.URL.Query().Has(name) {
		return false, nil
	}
	text := r.URL.Query().Get(name)
	if text == "" {
		return true, nil
	}
	v, err := strconv.ParseBool(strings.ToLower(text))
	if err != nil {
		return false, resource.Invalidf(name, "must be true or false, got %q", text)
	}
	return v, nil
}

var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)

// find gets a resource of a namespace by id or name, the id first when it
// looks like one.
func find[T any, P interface {
	*T
	resource.Object
}](ctx context.Context, c Collection[T], namespace, ref string) (T, error) {
	if uuidForm.MatchString(ref) {
		v, err := byID[T, P](ctx, c, namespace, strings.ToLower(ref))
		if !errors.Is(err, resource.ErrNotFound) {
			return v, err
		}
	}
	v, err := c.GetByName(ctx, namespace, ref)
	if errors.Is(err, resource.ErrNotFound) {
		return v, notFound[T, P](namespace, ref)
	}
	return v, err
}

// byID gets a resource by id that must be in the namespace.
func byID[T any, P interface {
	*T
	resource.Object
}](ctx context.Context, c Collection[T], namespace, id string) (T, error) {
	v, err := c.Get(ctx, id)
	if errors.Is(err, resource.ErrNotFound) || err == nil && P(&v).Meta().Namespace != namespace {
		var none T
		return none, notFound[T, P](namespace, id)
	}
	return v, err
}

func notFound[T any, P interface {
	*T
	resource.Object
}](namespace, ref string) error {
	var v T
	return fmt.Errorf("%s %q in namespace %q: %w", P(&v).ResourceKind(), ref, namespace, resource.ErrNotFound)
}

// namespace gives the namespace of the path, which must exist and not be on
// its way out when something is to be written to it.
func (a *API) namespace(r *http.Request) (string, error) {
	name := r.PathValue("namespace")
	n, err := a.Resources.Namespaces.GetByName(r.Context(), "", name)
	if errors.Is(err, resource.ErrNotFound) {
		return "", fmt.Errorf("namespace %q: %w", name, resource.ErrNotFound)
	}
	if err != nil {
		return "", err
	}
	if n.Status.Phase == resource.NamespaceTerminating && r.Method != http.MethodGet && r.Method != http.MethodHead {
		return "", conflictf("namespace %q is being deleted", name)
	}
	return name, nil
}

// sameNamespace refuses a body that names another namespace than the path.
func sameNamespace(m *resource.Metadata, namespace string) error {
	if m.Namespace != "" && m.Namespace != namespace {
		return resource.Invalidf("metadata.namespace", "is %q but the path says %q", m.Namespace, namespace)
	}
	m.Namespace = namespace
	return nil
}

// checkVersion honours If-Match, which holds a resource version. Versions in
// bodies are not looked at: clients send old ones back without meaning it.
func checkVersion(r *http.Request, m *resource.Metadata) error {
	want := r.Header.Get("If-Match")
	if want == "" || want == "*" || strings.Trim(want, `W/"`) == strconv.Itoa(m.ResourceVersion) {
		return nil
	}
	return &wire.Error{
		Status: http.StatusPreconditionFailed, Reason: "PreconditionFailed",
		Message: fmt.Sprintf("%s is at version %d, not %s: read it again", m.Name, m.ResourceVersion, want),
	}
}

// answer writes one resource with its version as ETag.
func answer[T any, P interface {
	*T
	resource.Object
}](w http.ResponseWriter, r *http.Request, status int, v T) error {
	m := P(&v).Meta()
	if m.ResourceVersion > 0 {
		w.Header().Set("ETag", fmt.Sprintf(`"%d"`, m.ResourceVersion))
	}
	audit.From(r.Context()).On(P(&v).ResourceKind(), *m)
	wire.Write(w, r, status, shown(v))
	return nil
}

// note tells the audit log what a request changed: of before, nil if it was
// created, to after.
func note(r *http.Request, before, after any) {
	// What cannot be compared was not stored either.
	if changes, err := resource.Diff("", before, after); err == nil {
		audit.From(r.Context()).Changed(changes)
	}
}

// written is what of a resource people write.
type written struct {
	Metadata writtenMetadata `json:"metadata"`
	Spec     any             `json:"spec"`
}

type writtenMetadata struct {
	DisplayName string            `json:"displayName,omitzero"`
	Labels      map[string]string `json:"labels,omitzero"`
	Annotations map[string]string `json:"annotations,omitzero"`
}

func writtenOf(m resource.Metadata, spec any) written {
	annotations := userAnnotations(m.Annotations)
	for key := range annotations {
		if strings.HasPrefix(key, "weir.io/") { // what the command line remembers
			delete(annotations, key)
		}
	}
	return written{writtenMetadata{m.DisplayName, m.Labels, annotations}, spec}
}

// conflictf refuses what the state of things forbids now.
func conflictf(format string, args ...any) error {
	return &wire.Error{Status: http.StatusConflict, Reason: "Conflict", Message: fmt.Sprintf(format, args...)}
}

func newID() string { return uuid.NewString() }

// suffix is what makes a generated name unique.
func suffix() string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, 5)
	_, _ = rand.Read(b) // never fails, by its contract
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b)
}
