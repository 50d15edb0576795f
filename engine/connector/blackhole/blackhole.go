// Package blackhole is a sink that takes rows and forgets them, to see how
// fast everything before it is.
package blackhole

import (
	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
)

// Connector is the entry of the blackhole connector.
var Connector = &connector.Connector{
	Name:           "blackhole",
	Doc:            "Takes all rows and keeps none.",
	AcceptsUpdates: true, NoBefore: true,
	Sink: func(connector.SinkSpec) (connector.Sink, error) { return sink{}, nil },
}

type sink struct{}

func (sink) Write(*data.Batch) error         { return nil }
func (sink) Prepare(int64) ([][]byte, error) { return nil, nil }
func (sink) Commit([][]byte) error           { return nil }
func (sink) Abort() error                    { return nil }
func (sink) Close() error                    { return nil }
