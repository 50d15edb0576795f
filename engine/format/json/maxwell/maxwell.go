// Package maxwell is the maxwell-json format: the change log of a MySQL
// database as Maxwell writes it.
//
// The rule: it only says how such records look; package change reads and
// writes them.
package maxwell

import "github.com/weir-streams/weir/engine/format/json/change"

// Format is the entry of the maxwell-json format.
var Format = change.Form{
	Name: "maxwell-json", Title: "Maxwell",
	Doc:  "Changes of a table as Maxwell writes them, one JSON object a line: members data, type (insert, update or delete) and old, which has the columns an update has changed. On writing an update is a delete and an insert.",
	Kind: "type", Before: "old", After: "data", Partial: true,
	Insert: []string{"insert"}, Update: []string{"update"}, Delete: []string{"delete"},
}.Format()
