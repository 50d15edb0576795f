package catalog

import (
	"maps"
	"slices"
)

// Model is a model that a user declared: this engine knows it by name, and
// cannot ask it.
type Model struct {
	Path          Path
	Temporary     bool
	Comment       *string
	Input, Output []Column
	Options       map[string]string
}

// Model finds a model; nil: there is none.
func (c *Catalog) Model(p Path) *Model { return c.models[p] }

// PutModel declares a model; false if it was there already.
func (c *Catalog) PutModel(m *Model) bool {
	if c.models[m.Path] != nil {
		return false
	}
	if c.models == nil {
		c.models = map[Path]*Model{}
	}
	c.models[m.Path] = m
	return true
}

// DropModel removes a model; false if there is none.
func (c *Catalog) DropModel(p Path) bool {
	_, ok := c.models[p]
	delete(c.models, p)
	return ok
}

// Models lists the names of the models declared in a database.
func (c *Catalog) Models(catalog, database string) []string {
	var out []string
	for _, p := range slices.Collect(maps.Keys(c.models)) {
		if p.Catalog == catalog && p.Database == database {
			out = append(out, p.Name)
		}
	}
	slices.Sort(out)
	return out
}
