package auth

import (
	"fmt"
	"slices"

	"github.com/weir-streams/weir/resource"
)

// Verb is what somebody wants to do with a resource.
type Verb string

// The verbs.
const (
	Read   Verb = "read"
	Create Verb = "create"
	Update Verb = "update"
	Delete Verb = "delete"
	// Inspect reads what is costly or intimate of a running job: thread dumps
	// and stored data sets of its cluster.
	Inspect Verb = "inspect"
)

// Kind is a sort of thing that rights are about.
type Kind string

// The kinds. Platform is what belongs to no namespace and anybody who is
// signed in may know: status, versions, global defaults.
const (
	Public            Kind = "public" // may be read by everybody: whether the server is up
	Platform          Kind = "platform"
	Usage             Kind = "usage" // resource usage of all namespaces
	Audit             Kind = "audit"
	Namespaces        Kind = "namespaces"
	APITokens         Kind = "apitokens"
	SecretValues      Kind = "secretvalues"
	Deployments       Kind = "deployments"
	Defaults          Kind = "deploymentdefaults"
	Targets           Kind = "deploymenttargets"
	Jobs              Kind = "jobs"
	Savepoints        Kind = "savepoints"
	Events            Kind = "events"
	SessionClusters   Kind = "sessionclusters"
	FlinkUI           Kind = "flinkui"
	Artifacts         Kind = "artifacts"
	SQLScripts        Kind = "sqlscripts"
	UDFArtifacts      Kind = "udfartifacts"
	Connectors        Kind = "connectors"
	Formats           Kind = "formats"
	Catalogs          Kind = "catalogs"
	CatalogConnectors Kind = "catalogconnectors"
	Autopilot         Kind = "autopilot"
)

// Need is what a route of the API needs.
type Need struct {
	Verb Verb
	Kind Kind
}

// Resource is what somebody wants to do something with.
type Resource struct {
	Kind Kind
	// Namespace it is in; empty for what belongs to the platform.
	Namespace string
	// Bindings of that namespace.
	Bindings []resource.RoleBinding
}

// Subject is a proved identity.
type Subject struct {
	// Name as in role bindings: user:ann. API tokens have
	// token:namespaces/default/apitokens/ci.
	Name   string
	Groups []string // names without "group:"
	// Admin manages namespaces and who may do what in them, and has no rights
	// inside them that are not given to it there.
	Admin bool
	// Unrestricted may do everything: requests while authentication is off.
	Unrestricted bool
	// TokenNamespace and TokenRole are what an API token is for; it has no
	// other rights.
	TokenNamespace string
	TokenRole      resource.Role
}

// DeniedError says what somebody may not do.
type DeniedError struct{ Message string }

func (e *DeniedError) Error() string { return e.Message }

// Allow returns nil when s may do v with r, and a DeniedError otherwise.
func Allow(s Subject, v Verb, r Resource) error {
	switch {
	case s.Unrestricted, r.Kind == Public && v == Read:
		return nil
	case s.Name == "":
		return &DeniedError{"nobody is signed in"}
	case r.Kind == Platform && v == Read:
		return nil
	case s.Admin && administers(v, r.Kind):
		return nil
	case r.Namespace == "", r.Kind == Platform, r.Kind == Public:
		return &DeniedError{fmt.Sprintf("%s may not %s %s: only an admin of the platform may", s.Name, v, r.Kind)}
	}
	role := RoleIn(s, r.Namespace, r.Bindings)
	if role == "" {
		return &DeniedError{fmt.Sprintf("%s has no role in namespace %q", s.Name, r.Namespace)}
	}
	if !grants(role, v, r.Kind) {
		return &DeniedError{fmt.Sprintf("%s is %s of namespace %q, which is not enough to %s %s", s.Name, role, r.Namespace, v, r.Kind)}
	}
	return nil
}

// administers are the rights of an admin of the platform.
func administers(v Verb, k Kind) bool {
	switch k {
	case Namespaces:
		return true
	case Usage, Audit:
		return v == Read || v == Delete
	}
	return false
}

// grants are the rights of a role inside its namespace.
func grants(role resource.Role, v Verb, k Kind) bool {
	switch role {
	case resource.RoleViewer:
		return v == Read && !slices.Contains([]Kind{Namespaces, APITokens, SecretValues, Audit, Usage}, k)
	case resource.RoleEditor:
		switch k {
		case Namespaces, APITokens, Audit, Usage:
			return false
		case Defaults, Targets:
			return v == Read
		}
		return true
	case resource.RoleOwner:
		switch k {
		case Namespaces:
			return v == Read || v == Update
		case Usage:
			return false
		case Audit:
			return v == Read
		}
		return true
	}
	return false
}

// Authenticated is the member that everybody who is signed in is.
const Authenticated = "system:authenticated"

// RoleIn is the strongest role that s has in a namespace; empty for none.
func RoleIn(s Subject, namespace string, bindings []resource.RoleBinding) resource.Role {
	if s.Unrestricted {
		return resource.RoleOwner
	}
	if s.TokenNamespace != "" {
		if s.TokenNamespace == namespace {
			return s.TokenRole
		}
		return ""
	}
	best := -1
	for _, b := range bindings {
		if n := slices.Index(roles, resource.Role(b.Role)); n > best && slices.ContainsFunc(b.Members, s.is) {
			best = n
		}
	}
	if best < 0 {
		return ""
	}
	return roles[best]
}

// roles, weakest first.
var roles = []resource.Role{resource.RoleViewer, resource.RoleEditor, resource.RoleOwner}

// is tells whether s is what a role binding calls member.
func (s Subject) is(member string) bool {
	if s.Name == "" {
		return false
	}
	if group, ok := cutGroup(member); ok {
		return slices.Contains(s.Groups, group)
	}
	return member == s.Name || member == Authenticated
}

func cutGroup(member string) (string, bool) {
	const prefix = "group:"
	if len(member) > len(prefix) && member[:len(prefix)] == prefix {
		return member[len(prefix):], true
	}
	return "", false
}
