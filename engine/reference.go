package engine

import (
	"slices"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/function"
)

// Plugins is all that is built in, as the tables declare it: what reference
// pages and forms are made from.
type Plugins struct {
	Connectors []*connector.Connector
	Formats    []*format.Format
	Scalars    []*function.Scalar
	Aggregates []*function.Aggregate
}

// BuiltIn returns copies of the tables in builtin.go.
func BuiltIn() Plugins {
	return Plugins{
		Connectors: slices.Clone(connectors),
		Formats:    slices.Clone(formats),
		Scalars:    slices.Concat(scalars...),
		Aggregates: slices.Clone(aggregates),
	}
}
