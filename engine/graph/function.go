package graph

// FunctionKind says what a function of a user is.
type FunctionKind string

// The kinds.
const (
	ScalarFunction    FunctionKind = "SCALAR"    // a value of the values of one row
	TableFunction     FunctionKind = "TABLE"     // rows of the values of one row
	AggregateFunction FunctionKind = "AGGREGATE" // a value of the rows of a group
)

// Function is a function of a user that expressions of the graph call. A job
// loads it again when it starts, and refuses a module that is another.
type Function struct {
	// Name is what expressions call it by: its whole path, or system.NAME.
	Name     string       `json:"name"`
	Kind     FunctionKind `json:"kind"`
	Language string       `json:"language"` // WASM
	Export   string       `json:"export"`   // its name in the module
	Artifact string       `json:"artifact"` // a path or URI
	SHA256   string       `json:"sha256"`   // of the module, in hex
	// Options are those of CREATE FUNCTION … WITH: memory and timeout.
	Options map[string]string `json:"options,omitzero"`
}
