package graph

// SortKey is one column of an order.
type SortKey struct {
	Column    int  `json:"column"`
	Desc      bool `json:"desc,omitzero"`
	NullsLast bool `json:"nullsLast,omitzero"`
}

// TopN gives, of each partition, the rows at the ranks From to To of an order;
// rows equal in it rank as they came. Rows given: the input columns and, with
// Number, the rank. Without keys it is one partition and runs in one subtask.
type TopN struct {
	Keys  []int     `json:"keys"`
	Order []SortKey `json:"order"`
	From  int64     `json:"from"` // from 1
	To    int64     `json:"to"`
	// Number adds the rank as a column: a row whose rank changes is updated.
	Number bool `json:"number,omitzero"`
	// Replaces says to give a row that takes the place of another as an update: the
	// only rank is the first, and the order that of event time.
	Replaces bool `json:"replaces,omitzero"`
	// Latest says that of rows that are equal in the order the last to come is the
	// first.
	Latest bool `json:"latest,omitzero"`
	// Improves says that the input gives inserts and updates, each of a row that has
	// a key, and that an update never puts its row behind where it was: what is not
	// among the first need not be kept.
	Improves bool `json:"improves,omitzero"`
	// RowKey are the columns that identify a row of an input that Improves and has no
	// -U; nil: it has them.
	RowKey []int `json:"rowKey,omitzero"`
	// NoBefore leaves out -U, which nobody reads.
	NoBefore bool `json:"noBefore,omitzero"`
	// Windowed says that the partitions are windows of event time: rows are given
	// once, when the watermark passes the end of their window, which is the column
	// WindowEnd, and rows that come after that are dropped.
	Windowed  bool `json:"windowed,omitzero"`
	WindowEnd int  `json:"windowEnd,omitzero"`
	// MiniBatch folds a batch's changes: what is given is the difference that all of
	// its rows make, not that of each (table.exec.mini-batch.enabled).
	MiniBatch bool `json:"miniBatch,omitzero"`
	// Retracts tells that the input may take rows back, so all rows are kept.
	Retracts  bool  `json:"retracts,omitzero"`
	TTLMillis int64 `json:"ttlMillis,omitzero"`
}

// Limit gives the rows from the Offset-th on, Count of them, as they come. Its
// input has inserts only; it runs in one subtask.
type Limit struct {
	Offset int64 `json:"offset,omitzero"`
	Count  int64 `json:"count"`
}

// Sort gives rows in an order that begins with an event time ascending, as the
// watermark passes them. It runs in one subtask.
type Sort struct {
	Order []SortKey `json:"order"`
	// Again gives rows of the time given last, where they come behind: others drop
	// them as late.
	Again bool `json:"again,omitzero"`
}
