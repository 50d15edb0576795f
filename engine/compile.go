package engine

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/weir-streams/weir/engine/sql"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// PlatformCatalog and PlatformDatabase are what is current in scripts that run
// on the platform, as in Ververica Platform.
const (
	PlatformCatalog  = "vvp"
	PlatformDatabase = "default"
)

// Compile turns a script of definitions, SETs and INSERTs into one job. config
// is the configuration to begin with. Errors carry positions in the script.
func (e *Engine) Compile(script string, config map[string]string) (*Plan, error) {
	return compile(e.NewSession(config), script, config)
}

// CompileIn is Compile on the platform: the script sees what the statements of
// its namespace's catalog make. Errors carry positions in the script; one that
// may come of a statement that could not be carried out says so.
func (e *Engine) CompileIn(catalog []string, script string, config map[string]string) (*Plan, error) {
	s, problems := e.NewPlatformSession(catalog, config)
	p, err := compile(s, script, config)
	if err != nil && len(problems) > 0 {
		return nil, leftOut(err, problems)
	}
	return p, err
}

// leftOut adds to an error, which keeps its place, what is missing in the catalog.
func leftOut(err error, problems []error) error {
	more := ""
	if len(problems) > 1 {
		more = fmt.Sprintf(", and %d more are left out", len(problems)-1)
	}
	note := fmt.Sprintf(" (part of the namespace's catalog is left out: %v%s)", problems[0], more)
	var at *ast.Error
	if !errors.As(err, &at) || at.Error() != err.Error() {
		return err // mistakes in the writing, all with their places
	}
	return ast.Errorf(at.Pos, "%s%s", at.Message, note)
}

func compile(s *sql.Session, script string, config map[string]string) (*Plan, error) {
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
	return sql.NewSession(sql.Environment{Functions: e.functions, Connectors: e.connectors, Formats: e.formats, Files: planFiles{e.config.Dir}, Load: e.modules.Load}, config)
}

// planFiles are the files of compiled plans.
type planFiles struct{ dir string }

func (f planFiles) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(f.dir, p)
}

func (f planFiles) ReadFile(p string) ([]byte, error) { return os.ReadFile(f.path(p)) }

func (f planFiles) WriteFile(p string, content []byte) error {
	return os.WriteFile(f.path(p), content, 0o644)
}

// NewPlatformSession begins a session in vvp.default, with the objects that the
// statements make. Those that cannot be carried out are told and left out.
func (e *Engine) NewPlatformSession(catalog []string, config map[string]string) (*sql.Session, []error) {
	s := sql.NewSession(sql.Environment{Functions: e.functions, Connectors: e.connectors, Formats: e.formats, Load: e.modules.Load}, config)
	var problems []error
	if err := s.Home(PlatformCatalog, PlatformDatabase); err != nil {
		problems = append(problems, err)
	}
	return s, append(problems, s.Load(catalog)...)
}
