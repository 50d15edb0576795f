package sql

import (
	"errors"
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/option"
	"github.com/weir-streams/weir/engine/sql/ast"
)

func (s *Session) connectorNamed(name string) *connector.Connector {
	for _, c := range s.env.Connectors {
		if strings.EqualFold(c.Name, name) {
			return c
		}
	}
	return nil
}

func (s *Session) formatNamed(name string) *format.Format {
	for _, f := range s.env.Formats {
		if strings.EqualFold(f.Name, name) {
			return f
		}
	}
	return nil
}

// source checks a table that is to be read, and says which changes it has.
func (s *Session) source(t *catalog.Table, pos ast.Pos) (graph.Modes, error) {
	c, f, err := s.plugins(t, pos)
	if err != nil {
		return graph.Modes{}, err
	}
	if c.Source == nil {
		return graph.Modes{}, ast.Errorf(s.place(t, "connector", pos), "Connector '%s' can only be used as a sink. It cannot be used as a source: table '%s' cannot be read", c.Name, t.Path)
	}
	if f == nil {
		return graph.Modes{}, nil
	}
	if f.Decoder == nil && f.OpenFile == nil {
		return graph.Modes{}, ast.Errorf(s.place(t, "format", pos), "format '%s' can only be written: table '%s' cannot be read", f.Name, t.Path)
	}
	if err := s.formatted(t, c, f, f.CheckRead, pos); err != nil {
		return graph.Modes{}, err
	}
	if c.Upsert {
		return graph.Modes{Updates: true, Deletes: true}, nil
	}
	if f.Changelog {
		return graph.Modes{Updates: true, UpdateBefore: true, Deletes: true}, nil
	}
	return graph.Modes{}, nil
}

// lookup checks a table that is to be asked for rows by key.
func (s *Session) lookup(t *catalog.Table, pos ast.Pos) error {
	c, _, err := s.plugins(t, pos)
	if err != nil {
		return err
	}
	own, _, _, _ := split(t.Options, c)
	values, err := option.CheckOf("connector "+c.Name, c.Options, own)
	if err != nil {
		return s.wrongOption(t, err, pos)
	}
	if err := c.LookupError(t.Connected(), values); err != nil {
		return ast.Errorf(pos, "Processing-time temporal join is not supported yet. For %w", err)
	}
	return nil
}

// sink checks a table that is to be written.
func (s *Session) sink(t *catalog.Table, pos ast.Pos) error {
	c, f, err := s.plugins(t, pos)
	if err != nil {
		return err
	}
	if c.Sink == nil {
		return ast.Errorf(s.place(t, "connector", pos), "Connector '%s' can only be used as a source. It cannot be used as a sink: table '%s' cannot be written", c.Name, t.Path)
	}
	if t.Distributed != nil {
		return ast.Errorf(pos, "Table '%s' is distributed into buckets, but the underlying DynamicTableSink doesn't implement the SupportsBucketing interface: connector '%s' has no buckets", t.Path, c.Name)
	}
	if f != nil && f.Encoder == nil && f.CreateFile == nil {
		return ast.Errorf(s.place(t, "format", pos), "format '%s' can only be read: table '%s' cannot be written", f.Name, t.Path)
	}
	if f != nil {
		return s.formatted(t, c, f, f.CheckWrite, pos)
	}
	return nil
}

// formatted asks a format about the table as a whole.
func (s *Session) formatted(t *catalog.Table, c *connector.Connector, f *format.Format, check func([]data.Column, option.Values) error, pos ast.Pos) error {
	if check == nil {
		return nil
	}
	_, given, _, formatKey := split(t.Options, c)
	bare := make(map[string]string, len(given))
	for k, v := range given {
		bare[strings.TrimPrefix(k, t.Options[formatKey]+".")] = v
	}
	values, err := option.CheckOf("format "+f.Name, f.Options, bare)
	if err != nil {
		return s.wrongOption(t, err, pos)
	}
	if err := check(t.Connected().Columns, values); err != nil {
		return ast.Errorf(s.place(t, "format", pos), "table '%s': %w", t.Path, err)
	}
	return nil
}

// place is where an option was written, if that was in what is being worked
// on; else where its table is used.
func (s *Session) place(t *catalog.Table, key string, pos ast.Pos) ast.Pos {
	if p, ok := t.OptionPos[key]; ok && t.Script == s.script {
		return p
	}
	return pos
}

// plugins finds connector and format of a table and checks its options.
func (s *Session) plugins(t *catalog.Table, pos ast.Pos) (*connector.Connector, *format.Format, error) {
	name, ok := t.Options["connector"]
	if !ok {
		return nil, nil, ast.Errorf(pos, "Table options of '%s' do not contain an option key 'connector' for discovering a connector. It can be one of: %s", t.Path, strings.Join(s.connectorNames(), ", "))
	}
	c := s.connectorNamed(name)
	if c == nil {
		return nil, nil, ast.Errorf(s.place(t, "connector", pos), "Could not find any connector '%s' for table '%s'%s Available: %s", name, t.Path, near(name, s.connectorNames()), strings.Join(s.connectorNames(), ", "))
	}
	own, formatted, keyFormatted, formatKey := split(t.Options, c)
	f, err := s.format(t, c, t.Options[formatKey], formatKey, pos)
	if err != nil {
		return nil, nil, err
	}
	values, err := option.CheckOf("connector "+c.Name, c.Options, own)
	if err != nil {
		return nil, nil, s.wrongOption(t, err, pos)
	}
	if f != nil {
		if _, err := option.CheckOf("format "+f.Name, prefixed(f.Options, t.Options[formatKey]+"."), formatted); err != nil {
			return nil, nil, s.wrongOption(t, err, pos)
		}
	}
	if name := t.Options["key.format"]; c.KeyFormats && name != "" {
		k, err := s.format(t, c, name, "key.format", pos)
		if err != nil {
			return nil, nil, err
		}
		if _, err := option.CheckOf("format "+k.Name, prefixed(k.Options, "key."+name+"."), keyFormatted); err != nil {
			return nil, nil, s.wrongOption(t, err, pos)
		}
	}
	if c.Check != nil {
		if err := c.Check(t.Connected(), values); err != nil {
			return nil, nil, ast.Errorf(s.place(t, "connector", pos), "table '%s': %w", t.Path, err)
		}
	}
	return c, f, nil
}

// split sorts options into the connector's and the format's; those of the
// planner are neither's.
func split(options map[string]string, c *connector.Connector) (own, formatted, keyFormatted map[string]string, formatKey string) {
	own, formatted, keyFormatted, formatKey = map[string]string{}, map[string]string{}, map[string]string{}, "format"
	if options["format"] == "" && options["value.format"] != "" {
		formatKey = "value.format"
	}
	name, keyName := options[formatKey], options["key.format"]
	for k, v := range options {
		switch {
		case k == "connector", k == formatKey && c.Formats:
		case strings.HasPrefix(k, "scan.watermark."), k == "scan.parallelism", k == "sink.parallelism":
		case c.Formats && name != "" && strings.HasPrefix(k, name+"."):
			formatted[k] = v
		case c.Formats && name != "" && strings.HasPrefix(k, "value."+name+"."):
			formatted[strings.TrimPrefix(k, "value.")] = v
		case c.KeyFormats && k == "key.format":
		case c.KeyFormats && keyName != "" && strings.HasPrefix(k, "key."+keyName+"."):
			keyFormatted[k] = v
		default:
			own[k] = v
		}
	}
	return own, formatted, keyFormatted, formatKey
}

// prefixed gives options as they are written in a WITH clause: csv.null-literal.
func prefixed(opts []option.Option, prefix string) []option.Option {
	out := slices.Clone(opts)
	for i := range out {
		out[i].Key = prefix + out[i].Key
		out[i].Aliases = slices.Clone(out[i].Aliases)
		for k := range out[i].Aliases {
			out[i].Aliases[k] = prefix + out[i].Aliases[k]
		}
	}
	return out
}

func (s *Session) format(t *catalog.Table, c *connector.Connector, name, key string, pos ast.Pos) (*format.Format, error) {
	if !c.Formats {
		return nil, nil
	}
	names := make([]string, len(s.env.Formats))
	for i, f := range s.env.Formats {
		names[i] = f.Name
	}
	if name == "" {
		return nil, ast.Errorf(s.place(t, "connector", pos), "table '%s': connector '%s' needs an option 'format'. It can be one of: %s", t.Path, c.Name, strings.Join(names, ", "))
	}
	f := s.formatNamed(name)
	if f == nil {
		return nil, ast.Errorf(s.place(t, key, pos), "Could not find any format '%s' for table '%s'%s Available: %s%s", name, t.Path, near(name, names), strings.Join(names, ", "), absent[name])
	}
	return f, nil
}

// absent says what to do instead of formats that Flink has and this engine does not.
var absent = map[string]string{
	"orc":      ". Files in ORC are neither read nor written here; parquet keeps columns in the same way",
	"protobuf": ". Messages in Protocol Buffers are neither read nor written here; avro-confluent has schemas as well, and raw gives the bytes to a function",
}

func near(name string, among []string) string {
	if n := option.Nearest(name, among); n != "" {
		return "; did you mean '" + n + "'?"
	}
	return "."
}

func (s *Session) connectorNames() []string {
	out := make([]string, len(s.env.Connectors))
	for i, c := range s.env.Connectors {
		out[i] = c.Name
	}
	return out
}

// wrongOption places what is wrong with options at the first wrong one.
func (s *Session) wrongOption(t *catalog.Table, err error, pos ast.Pos) error {
	var errs option.Errors
	if errors.As(err, &errs) && len(errs) > 0 {
		pos = s.place(t, errs[0].Key, pos)
	}
	return ast.Errorf(pos, "table '%s': %w", t.Path, err)
}

// CheckTable checks the connector, the format and the options of a table, as a
// query that uses it would.
func (s *Session) CheckTable(name *ast.Name) error {
	t, err := s.tableNamed(name)
	if err != nil {
		return err
	}
	_, _, err = s.plugins(t, name.Pos())
	return err
}
