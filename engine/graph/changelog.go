package graph

// Changelog makes rows that say what they are of changes (TO_CHANGELOG), or
// changes of such rows (FROM_CHANGELOG). It keeps nothing.
type Changelog struct {
	// Read is the column that says what a row does to the table: the row becomes
	// that change, without the column. -1: changes become rows, which begin with what
	// they were.
	Read int `json:"read"`
	// Codes are the names of kinds of changes: of INSERT, UPDATE_BEFORE, UPDATE_AFTER
	// and DELETE where changes become rows; to them where rows become changes.
	// Changes that are not in it are left out; a row with another code fails the job.
	Codes map[string]string `json:"codes"`
}
