package graph

// Final gives, when its bounded input has ended, the rows that are then there:
// the changes taken together, once, as inserts. It is how a query of batch mode
// ends. It runs in one subtask.
type Final struct {
	// Order is the order they come in; none: that in which they first came.
	Order []SortKey `json:"order,omitzero"`
}
