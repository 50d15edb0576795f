package resource

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

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

// FirstHash is the PreviousHash of the first entry there ever was.
const FirstHash = "0000000000000000000000000000000000000000000000000000000000000000"

// Unhashed is the entry as JSON without its hash: what the hash is over.
func (e AuditEntry) Unhashed() ([]byte, error) {
	// Through the wire form once, so that the same entry read back gives the
	// same bytes whatever Go types its changes held.
	text, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("write audit entry %d: %w", e.Sequence, err)
	}
	var plain AuditEntry
	if err := json.Unmarshal(text, &plain); err != nil {
		return nil, fmt.Errorf("write audit entry %d: %w", e.Sequence, err)
	}
	plain.Hash = ""
	if text, err = json.Marshal(plain); err != nil {
		return nil, fmt.Errorf("write audit entry %d: %w", e.Sequence, err)
	}
	const last = `,"hash":""}`
	return append(bytes.TrimSuffix(text, []byte(last)), '}'), nil
}

// AuditHash is the hash of an entry whose Unhashed form is given.
func AuditHash(unhashed []byte) string {
	sum := sha256.Sum256(unhashed)
	return hex.EncodeToString(sum[:])
}

// AuditFilter selects entries; zero fields select all.
type AuditFilter struct {
	Namespace string
	Kind      Kind
	Name      string // or id
	Actor     string
	From, To  Time  // From inclusive, To exclusive
	After     int64 // sequence numbers above this one
	Before    int64 // sequence numbers below this one; 0: all
	Limit     int   // at most so many, oldest first; 0: the store's bound
	Newest    bool  // of more than Limit the newest are given, not the oldest
}

// AuditCheck is what a look at the whole audit log found.
type AuditCheck struct {
	First   int64 `json:"first"`   // sequence of the oldest entry kept; 0: there is none
	Last    int64 `json:"last"`    // of the newest
	Entries int64 `json:"entries"` // that were found to be in order, from the first on
	// Hash is that of the newest entry. Written down elsewhere it proves later
	// that nothing up to it was taken away.
	Hash string `json:"hash"`
	// Broken is the first entry that is not as it was written, or that stands
	// where another one is missing; 0: none.
	Broken int64  `json:"broken"`
	Reason string `json:"reason,omitzero"`
}
