package resource

// APIToken is the credential of a machine. The API shows the secret once, in
// the answer that creates it; only a hash is kept.
type APIToken struct {
	Kind       Kind         `json:"kind"`
	APIVersion string       `json:"apiVersion"`
	Metadata   Metadata     `json:"metadata"`
	Spec       APITokenSpec `json:"spec"`
}

// APITokenSpec is what the token may do in its namespace.
type APITokenSpec struct {
	Role Role   `json:"role"`
	Hash string `json:"hash"` // SHA-256 of the secret, hexadecimal
}

// Role is a set of rights in one namespace; each includes the one before it.
type Role string

// The roles of Ververica Platform.
const (
	RoleViewer Role = "viewer" // reads, but no secrets, tokens or members
	RoleEditor Role = "editor" // changes what runs
	RoleOwner  Role = "owner"  // everything in the namespace
)

// ResourceKind, Meta and SpecOf make *APIToken an Object.
func (t *APIToken) ResourceKind() Kind { return KindAPIToken }

// Meta returns the metadata for writing.
func (t *APIToken) Meta() *Metadata { return &t.Metadata }

// SpecOf returns nil: a token never changes.
func (t *APIToken) SpecOf() any { return nil }

// Validate checks a token: its name, in the words of the Platform API, and its
// role.
func (t APIToken) Validate() error {
	var p problems
	p.kind(t.Kind, KindAPIToken)
	p.add(ValidateName("name", t.Metadata.Name))
	oneOf(&p, "role", t.Spec.Role, true, RoleViewer, RoleEditor, RoleOwner)
	return p.err()
}
