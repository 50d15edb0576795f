package resource

// SecretValue is a word that specs refer to as ${NAME}. Its value goes in and
// never comes out: the API answers without it, the record keeps no revision of
// it, and it is put in place only when a job is launched.
type SecretValue struct {
	Kind       Kind            `json:"kind"`
	APIVersion string          `json:"apiVersion"`
	Metadata   Metadata        `json:"metadata"`
	Spec       SecretValueSpec `json:"spec"`
}

// SecretValueSpec is the secret itself.
type SecretValueSpec struct {
	Kind  SecretKind `json:"kind,omitzero"`
	Value string     `json:"value,omitzero"` // write-only
	// Unreadable says why the stored value cannot be read, and Value is empty
	// then; the store sets it.
	Unreadable string `json:"-"`
}

// SecretKind says how a secret is written; PLAIN is the only one.
type SecretKind string

// SecretPlain is a secret whose value is the text itself.
const SecretPlain SecretKind = "PLAIN"

// Hidden is the resource as the API shows it: without the value.
func (s SecretValue) Hidden() SecretValue {
	s.Spec.Value, s.Spec.Unreadable = "", ""
	return s
}

// maxSecret bounds a secret, in bytes: key stores and service accounts fit.
const maxSecret = 256 << 10

// Validate checks a secret: its name, its kind and that it has a value. Its
// error never shows the value.
func (s SecretValue) Validate() error {
	var p problems
	p.kind(s.Kind, KindSecretValue)
	p.add(ValidateTargetName("metadata.name", s.Metadata.Name))
	p.metadata(s.Metadata)
	oneOf(&p, "spec.kind", s.Spec.Kind, true, SecretPlain)
	switch n := len(s.Spec.Value); {
	case n == 0:
		p.addf("spec.value", "must be set: the secret itself")
	case n > maxSecret:
		p.addf("spec.value", "must be at most %d bytes, got %d", maxSecret, n)
	}
	return p.err()
}

// ResourceKind, Meta and SpecOf make *SecretValue an Object.
func (s *SecretValue) ResourceKind() Kind { return KindSecretValue }

// Meta returns the metadata for writing.
func (s *SecretValue) Meta() *Metadata { return &s.Metadata }

// SpecOf returns nil: a secret leaves no revision.
func (s *SecretValue) SpecOf() any { return nil }
