// Package canal is the canal-json format: the change log of a MySQL database
// as Canal writes it.
//
// The rule: it only says how such records look; package change reads and
// writes them.
package canal

import (
	"github.com/weir-streams/weir/engine/format/json/change"
	"github.com/weir-streams/weir/engine/option"
)

// Format is the entry of the canal-json format.
var Format = change.Form{
	Name: "canal-json", Title: "Canal",
	Doc:  "Changes of a table as Canal writes them, one JSON object a line: members data (an array of rows), type (INSERT, UPDATE or DELETE; CREATE is left out) and old, which has the columns an update has changed. On writing an update is a delete and an insert.",
	Kind: "type", Before: "old", After: "data", Partial: true, Lists: true,
	Insert: []string{"INSERT"}, Update: []string{"UPDATE"}, Delete: []string{"DELETE"}, Other: []string{"CREATE"},
	Filters: []change.Filter{{Member: "database", Option: "database.include"}, {Member: "table", Option: "table.include"}},
	Options: []option.Option{
		{Key: "database.include", Doc: "Read only changes of databases whose whole name matches this regular expression.", Example: "shop.*"},
		{Key: "table.include", Doc: "Read only changes of tables whose whole name matches this regular expression.", Example: "users|orders"},
	},
}.Format()
