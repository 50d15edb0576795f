package resource

// AuditEntry is one line of the audit log: who asked for what, and what came of
// it. Each entry carries the hash of the one before it, so that a removed or
// altered line is found (weir audit verify).
type AuditEntry struct {
	Sequence  int64  `json:"sequence"` // from 1, without gaps
	At        Time   `json:"at"`
	Actor     string `json:"actor"`  // user:x, token:namespaces/n/apitokens/t, anonymous, weir
	Action    string `json:"action"` // create, replace, update, delete, and verbs such as reset, fork
	Kind      Kind   `json:"kind"`
	Namespace string `json:"namespace,omitzero"`
	Name      string `json:"name,omitzero"`
	ID        string `json:"id,omitzero"`
	Status    int    `json:"status"` // of the HTTP answer; 0 for what the platform did by itself
	Message   string `json:"message,omitzero"`
	// Changes are the fields that changed, without the values of secrets.
	Changes      []Change `json:"changes,omitzero"`
	PreviousHash string   `json:"previousHash"` // of the entry before; 64 zeros for the first
	Hash         string   `json:"hash"`         // SHA-256 over the entry without this field, hexadecimal
}

// Change is one field that differs between two specs.
type Change struct {
	Field string `json:"field"`        // path: spec.template.spec.parallelism
	Old   any    `json:"old,omitzero"` // absent: was not set
	New   any    `json:"new,omitzero"` // absent: no longer set
}

// AuditFilter selects entries; zero fields select all.
type AuditFilter struct {
	Namespace string
	Kind      Kind
	Name      string // or id
	Actor     string
	From, To  Time  // From inclusive, To exclusive
	After     int64 // sequence numbers above this one
	Limit     int   // at most so many, oldest first; 0: the store's bound
}
