package engine

import (
	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/connector/blackhole"
	"github.com/weir-streams/weir/engine/connector/datagen"
	"github.com/weir-streams/weir/engine/connector/filesystem"
	"github.com/weir-streams/weir/engine/connector/nexmark"
	"github.com/weir-streams/weir/engine/connector/print"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/format/csv"
	"github.com/weir-streams/weir/engine/format/json"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/function/aggregate"
	"github.com/weir-streams/weir/engine/function/collection"
	"github.com/weir-streams/weir/engine/function/jsonpath"
	"github.com/weir-streams/weir/engine/function/number"
	"github.com/weir-streams/weir/engine/function/temporal"
	"github.com/weir-streams/weir/engine/function/text"
)

// The tables of all that is built in. To add a plug-in, add its line.

var connectors = []*connector.Connector{
	blackhole.Connector,
	datagen.Connector,
	filesystem.Connector,
	nexmark.Connector,
	print.Connector,
}

var formats = []*format.Format{
	csv.Format,
	json.Format,
}

var scalars = [][]*function.Scalar{
	collection.Functions,
	jsonpath.Functions,
	number.Functions,
	temporal.Functions,
	text.Functions,
}

var aggregates = aggregate.Functions

// functions is the set of all functions.
func functions() *function.Set { return function.NewSet(scalars, aggregates) }
