package engine

import (
	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/connector/blackhole"
	"github.com/weir-streams/weir/engine/connector/datagen"
	"github.com/weir-streams/weir/engine/connector/filesystem"
	"github.com/weir-streams/weir/engine/connector/jdbc"
	"github.com/weir-streams/weir/engine/connector/kafka"
	"github.com/weir-streams/weir/engine/connector/nexmark"
	"github.com/weir-streams/weir/engine/connector/print"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/format/avro"
	"github.com/weir-streams/weir/engine/format/csv"
	"github.com/weir-streams/weir/engine/format/json"
	"github.com/weir-streams/weir/engine/format/json/canal"
	"github.com/weir-streams/weir/engine/format/json/debezium"
	"github.com/weir-streams/weir/engine/format/json/maxwell"
	"github.com/weir-streams/weir/engine/format/json/ogg"
	"github.com/weir-streams/weir/engine/format/parquet"
	"github.com/weir-streams/weir/engine/format/raw"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/function/aggregate"
	"github.com/weir-streams/weir/engine/function/bitmap"
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
	jdbc.Connector,
	kafka.Connector,
	kafka.Upsert,
	nexmark.Connector,
	print.Connector,
}

var formats = []*format.Format{
	avro.Format,
	avro.Confluent,
	avro.Debezium,
	canal.Format,
	csv.Format,
	debezium.Format,
	json.Format,
	maxwell.Format,
	ogg.Format,
	parquet.Format,
	raw.Format,
}

var scalars = [][]*function.Scalar{
	bitmap.Functions,
	collection.Functions,
	jsonpath.Functions,
	number.Functions,
	temporal.Functions,
	text.Functions,
}

var aggregates = aggregate.Functions

// functions is the set of all functions.
func functions() *function.Set { return function.NewSet(scalars, aggregates) }
