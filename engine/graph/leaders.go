package graph

// Leaders leaves out rows that its user, a join with the greatest (or least)
// values of tumbling windows over the same rows, can do nothing with: a row passes
// unless, in each window that it may be matched with, a row came before it that is
// surely counted there and has a greater (less) value. It changes no result, and
// so may forget all it knows.
type Leaders struct {
	Value int  `json:"value"` // column, of integers or times of 64 bits at most
	Least bool `json:"least,omitzero"`
	Time  int  `json:"time"` // event time, a TIMESTAMP of milliseconds
	// Windows are Size milliseconds long and begin at Offset and whole multiples of
	// Size from there. A row may be matched with those that end Lower to Upper
	// milliseconds after its time.
	Size   int64 `json:"size"`
	Offset int64 `json:"offset,omitzero"`
	Lower  int64 `json:"lower"`
	Upper  int64 `json:"upper"`
	// Slack is how far, in milliseconds, event time may be ahead of what the rows say.
	Slack int64 `json:"slack,omitzero"`
}
