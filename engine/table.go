package engine

import (
	"fmt"
	"strings"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/option"
)

// plugged is what the WITH clause of a table names.
type plugged struct {
	connector     *connector.Connector
	options       option.Values
	format        *format.Format // nil without one
	formatOptions option.Values

	keyFormat        *format.Format // nil without one
	keyFormatOptions option.Values
}

// Bounded tells whether a source of the table ends by itself.
func (e *Engine) Bounded(t graph.Table) (bool, error) {
	p, err := e.plug(t)
	if err != nil {
		return false, err
	}
	return p.connector.Bounded != nil && p.connector.Bounded(p.options), nil
}

// plug finds the connector and format of a table and reads their options. The
// planner has checked them; what is wrong here came with a graph made elsewhere.
func (e *Engine) plug(t graph.Table) (plugged, error) {
	var p plugged
	p.connector = find(e.connectors, t.Connector, func(c *connector.Connector) string { return c.Name })
	if p.connector == nil {
		return p, fmt.Errorf("table %s: no connector %q", t.Name, t.Connector)
	}
	name, key := t.Options["format"], "format"
	if name == "" {
		if v := t.Options["value.format"]; v != "" {
			name, key = v, "value.format"
		}
	}
	keyName := ""
	if p.connector.KeyFormats {
		keyName = t.Options["key.format"]
	}
	own, formatted, keyFormatted := map[string]string{}, map[string]string{}, map[string]string{}
	prefixes := []string{name + ".", "value." + name + "."}
	for k, v := range t.Options {
		if k == "connector" || k == key && p.connector.Formats {
			continue
		}
		if name != "" && p.connector.Formats {
			rest, ok := strings.CutPrefix(k, prefixes[0])
			if !ok {
				rest, ok = strings.CutPrefix(k, prefixes[1])
			}
			if ok {
				formatted[rest] = v
				continue
			}
		}
		if keyName != "" {
			if rest, ok := strings.CutPrefix(k, "key."+keyName+"."); ok {
				keyFormatted[rest] = v
				continue
			}
			if k == "key.format" {
				continue
			}
		}
		own[k] = v
	}
	var err error
	if p.options, err = option.CheckOf("connector "+t.Connector, p.connector.Options, planned(own)); err != nil {
		return p, fmt.Errorf("table %s: %w", t.Name, err)
	}
	if !p.connector.Formats || name == "" {
		return p, nil
	}
	if p.format = find(e.formats, name, func(f *format.Format) string { return f.Name }); p.format == nil {
		return p, fmt.Errorf("table %s: no format %q", t.Name, name)
	}
	if p.formatOptions, err = option.CheckOf("format "+name, p.format.Options, formatted); err != nil {
		return p, fmt.Errorf("table %s: %w", t.Name, err)
	}
	if keyName == "" {
		return p, nil
	}
	if p.keyFormat = find(e.formats, keyName, func(f *format.Format) string { return f.Name }); p.keyFormat == nil {
		return p, fmt.Errorf("table %s: no format %q", t.Name, keyName)
	}
	if p.keyFormatOptions, err = option.CheckOf("format "+keyName, p.keyFormat.Options, keyFormatted); err != nil {
		return p, fmt.Errorf("table %s: %w", t.Name, err)
	}
	return p, nil
}

// planned leaves out the options that are the planner's, not the connector's.
func planned(options map[string]string) map[string]string {
	for k := range options {
		if strings.HasPrefix(k, "scan.watermark.") || k == "scan.parallelism" || k == "sink.parallelism" {
			delete(options, k)
		}
	}
	return options
}

func find[T any](all []*T, name string, nameOf func(*T) string) *T {
	for _, x := range all {
		if strings.EqualFold(nameOf(x), name) {
			return x
		}
	}
	return nil
}
