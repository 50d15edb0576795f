package graph

// Normalize takes changes that come twice out of a change log whose rows have a
// key: it keeps the last row of each key, and gives what changes that row. A -U
// says nothing that its +U does not say too, and is left out.
type Normalize struct {
	Keys      []int `json:"keys"`
	TTLMillis int64 `json:"ttlMillis,omitzero"`
	// NoBefore leaves out -U, which nobody reads.
	NoBefore bool `json:"noBefore,omitzero"`
}
