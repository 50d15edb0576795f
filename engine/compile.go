package engine

import (
	"maps"

	"github.com/weir-streams/weir/engine/sql"
)

// Compile turns a script of definitions, SETs and INSERTs into one job. config
// is the configuration to begin with. Errors carry positions in the script.
func (e *Engine) Compile(script string, config map[string]string) (*Plan, error) {
	s := e.NewSession(config)
	o, err := s.CompileScript(script)
	if err != nil {
		return nil, err
	}
	c := maps.Clone(config)
	if c == nil {
		c = map[string]string{}
	}
	maps.Copy(c, s.Config())
	return &Plan{Graph: o.Graph, Name: o.Name, Config: c, Sources: o.Sources, Sinks: o.Sinks}, nil
}

// NewSession begins a session: a catalog of its own and its configuration.
func (e *Engine) NewSession(config map[string]string) *sql.Session {
	return sql.NewSession(sql.Environment{Functions: e.functions, Connectors: e.connectors, Formats: e.formats}, config)
}
