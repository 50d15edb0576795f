package resource

// Kinds of what is read out of a savepoint where it lies.
const (
	KindSavepointContents Kind = "SavepointContents"
	KindStateRows         Kind = "StateRows"
)

// SavepointContents is what a savepoint of weir's engine holds, operator by operator.
type SavepointContents struct {
	Kind      Kind            `json:"kind"`
	Location  string          `json:"location"`
	Operators []StateOperator `json:"operators"`
}

// StateOperator is the state of one operator.
type StateOperator struct {
	UID         string       `json:"uid"`
	Name        string       `json:"name"`
	Parallelism int          `json:"parallelism"`
	Bytes       int64        `json:"bytes"`
	Layers      int          `json:"layers"` // of increments that it lies in
	Items       int          `json:"items"`  // that belong to no key, such as positions of sources
	Tables      []StateTable `json:"tables"`
}

// StateTable is one table of keyed state.
type StateTable struct {
	Name string `json:"name"`
	Rows int64  `json:"rows"`
	// Exact: a state of several layers may count a row more than once.
	Exact   bool          `json:"exact"`
	Keys    []string      `json:"keys"` // names of the columns that are the key
	Columns []StateColumn `json:"columns"`
}

// StateColumn is a column of a table of state.
type StateColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// StateQuery chooses rows of a table of state.
type StateQuery struct {
	Operator string // uid or name, or the beginning of one that means only one
	Table    string // empty: the operator's only one, or its first
	Where    []StateCondition
	Limit    int // at most so many rows
}

// StateCondition is that the text of a column is just this.
type StateCondition struct{ Column, Text string }

// StateRows are rows of a table of state.
type StateRows struct {
	Kind     Kind          `json:"kind"`
	Operator string        `json:"operator"` // its uid
	Name     string        `json:"name"`
	Table    string        `json:"table"`
	Keys     []string      `json:"keys"`
	Columns  []StateColumn `json:"columns"`
	Rows     [][]*string   `json:"rows"`    // as text; nil is NULL
	Scanned  int64         `json:"scanned"` // rows that were looked at
	More     bool          `json:"more"`    // there are others, or were not all looked at
}
