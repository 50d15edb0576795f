package engine

import (
	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/function"
)

// The tables of all that is built in. To add a plug-in, add its line.

var connectors = []*connector.Connector{}

var formats = []*format.Format{}

var scalars = [][]*function.Scalar{}

var aggregates = []*function.Aggregate{}

// functions is the set of all functions.
func functions() *function.Set { return function.NewSet(scalars, aggregates) }
