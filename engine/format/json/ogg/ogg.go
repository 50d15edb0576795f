// Package ogg is the ogg-json format: the change log of a database as Oracle
// GoldenGate writes it.
//
// The rule: it only says how such records look; package change reads and
// writes them.
package ogg

import "github.com/weir-streams/weir/engine/format/json/change"

// Format is the entry of the ogg-json format.
var Format = change.Form{
	Name: "ogg-json", Title: "Ogg",
	Doc:  "Changes of a table as Oracle GoldenGate writes them, one JSON object a line: members before, after and op_type (I inserts, U updates, D deletes). On writing an update is a delete and an insert.",
	Kind: "op_type", Before: "before", After: "after",
	Insert: []string{"I"}, Update: []string{"U"}, Delete: []string{"D"},
	Lost: "please check that the table logs all of its columns (supplemental logging)",
}.Format()
