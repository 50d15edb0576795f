// Package debezium is the debezium-json format: the change log of a database
// as Debezium's connectors write it.
//
// The rule: it only says how such records look; package change reads and
// writes them.
package debezium

import (
	"github.com/weir-streams/weir/engine/format/json/change"
	"github.com/weir-streams/weir/engine/option"
)

// Format is the entry of the debezium-json format.
var Format = change.Form{
	Name: "debezium-json", Title: "Debezium",
	Doc:  "Changes of a table as Debezium writes them, one JSON object a line: members before, after and op (c and r insert, u updates, d deletes). On writing an update is a delete and an insert.",
	Kind: "op", Before: "before", After: "after",
	Insert: []string{"c", "r"}, Update: []string{"u"}, Delete: []string{"d"},
	Lost:    "if you are using Debezium Postgres Connector, please check the Postgres table has been set REPLICA IDENTITY to FULL level",
	Wrapped: "schema-include",
	Options: []option.Option{
		{Key: "schema-include", Type: option.Bool, Default: "false", Doc: "The records have the change in a member payload, next to its schema, as Kafka Connect writes with value.converter.schemas.enable. Cannot be written."},
	},
}.Format()
