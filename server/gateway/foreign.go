package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/option"
	"github.com/weir-streams/weir/resource"
)

// engineOf is the engine with the connectors and formats that users registered
// in a namespace: statements with them can be checked here. They run on Flink
// targets only.
func (g *Gateway) engineOf(ctx context.Context, namespace string) (*engine.Engine, error) {
	f := resource.Filter{Namespace: namespace}
	connectors, err := g.Connectors.List(ctx, f)
	if err != nil {
		return nil, err
	}
	formats, err := g.Formats.List(ctx, f)
	if err != nil || len(connectors)+len(formats) == 0 {
		return g.Engine, err
	}
	var cs []*connector.Connector
	for _, c := range connectors {
		cs = append(cs, foreignConnector(c.Spec))
	}
	var fs []*format.Format
	for _, f := range formats {
		fs = append(fs, foreignFormat(f.Spec))
	}
	return g.Engine.With(cs, fs), nil
}

var errForeign = errors.New("it runs on Flink targets only")

func foreignConnector(s resource.PluginSpec) *connector.Connector {
	c := &connector.Connector{
		Name: s.Type, Options: foreignOptions(s.Properties), AcceptsUpdates: true,
		Formats: len(s.SupportedFormats) > 0 || slices.ContainsFunc(s.Properties, func(p resource.Property) bool { return p.DefinesFormat }),
	}
	why := fmt.Errorf("connector %q is registered by a user: %w", s.Type, errForeign)
	if s.Source || s.Lookup {
		c.Source = func(connector.SourceSpec) (connector.Source, error) { return nil, why }
	}
	if s.Sink {
		c.Sink = func(connector.SinkSpec) (connector.Sink, error) { return nil, why }
	}
	return c
}

func foreignFormat(s resource.PluginSpec) *format.Format {
	f := &format.Format{Name: s.Type, Options: foreignOptions(s.Properties)}
	why := fmt.Errorf("format %q is registered by a user: %w", s.Type, errForeign)
	if s.Source {
		f.Decoder = func(format.DecoderSpec) (format.Decoder, error) { return nil, why }
	}
	if s.Sink {
		f.Encoder = func(format.EncoderSpec) (format.Encoder, error) { return nil, why }
	}
	return f
}

// foreignOptions are the options declared, and any other: what a connector of
// Flink takes is more than its registration may tell.
func foreignOptions(properties []resource.Property) []option.Option {
	var out []option.Option
	for _, p := range properties {
		if !p.DefinesFormat {
			out = append(out, option.Option{Key: p.Key, Required: p.Required, Default: p.DefaultValue, Doc: p.Description})
		}
	}
	return append(out, option.Option{Prefix: true})
}
