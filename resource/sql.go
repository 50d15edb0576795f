package resource

import "strings"

// SQLScript is a saved script of the SQL editor. It is not linked to deployments.
type SQLScript struct {
	Kind       Kind          `json:"kind"`
	APIVersion string        `json:"apiVersion"`
	Metadata   Metadata      `json:"metadata"`
	Spec       SQLScriptSpec `json:"spec"`
}

// SQLScriptSpec is the text and what people call it.
type SQLScriptSpec struct {
	DisplayName string `json:"displayName,omitzero"`
	Description string `json:"description,omitzero"`
	Script      string `json:"script,omitzero"`
}

// UDFArtifact is a file with user-defined functions, and the functions found in it.
type UDFArtifact struct {
	Kind       Kind            `json:"kind"`
	APIVersion string          `json:"apiVersion"`
	Metadata   Metadata        `json:"metadata"`
	Spec       UDFArtifactSpec `json:"spec"`
}

// UDFArtifactSpec says where the file is and what is in it.
type UDFArtifactSpec struct {
	JarURL        string     `json:"jarUrl,omitzero"`
	JarUpdateTime Time       `json:"jarUpdateTime,omitzero"`
	Classes       []UDFClass `json:"udfClasses,omitzero"`
}

// UDFClass is one class (Java) or export (WebAssembly) that implements a function.
type UDFClass struct {
	ClassName       string   `json:"className"`
	ClassType       string   `json:"classType"` // UDF_TYPE_SCALAR, UDF_TYPE_TABLE, …
	FunctionNames   []string `json:"functionNames,omitzero"`
	UDFArtifactName string   `json:"udfArtifactName,omitzero"`
}

// Connector describes a value of the 'connector' option; users add their own
// for Flink targets. The packaged ones are not stored.
type Connector struct {
	Kind       Kind       `json:"kind"`
	APIVersion string     `json:"apiVersion"`
	Metadata   Metadata   `json:"metadata"`
	Spec       PluginSpec `json:"spec"`
}

// Format describes a value of the 'format' option.
type Format struct {
	Kind       Kind       `json:"kind"`
	APIVersion string     `json:"apiVersion"`
	Metadata   Metadata   `json:"metadata"`
	Spec       PluginSpec `json:"spec"`
}

// CatalogConnector describes a type of catalog.
type CatalogConnector struct {
	Kind       Kind       `json:"kind"`
	APIVersion string     `json:"apiVersion"`
	Metadata   Metadata   `json:"metadata"`
	Spec       PluginSpec `json:"spec"`
}

// PluginSpec is what connectors, formats and catalog connectors declare.
type PluginSpec struct {
	Type             string     `json:"type"`
	Packaged         bool       `json:"packaged"`
	Source           bool       `json:"source,omitzero"`
	Sink             bool       `json:"sink,omitzero"`
	Lookup           bool       `json:"lookup,omitzero"`
	ReadOnly         bool       `json:"readOnly,omitzero"` // CatalogConnector
	SupportedFormats []string   `json:"supportedFormats,omitzero"`
	Dependencies     []string   `json:"dependencies,omitzero"` // URIs of jars
	Properties       []Property `json:"properties,omitzero"`
}

// Property is one option of a plug-in.
type Property struct {
	Key           string `json:"key"`
	Required      bool   `json:"required,omitzero"`
	DefaultValue  string `json:"defaultValue,omitzero"`
	Description   string `json:"description,omitzero"`
	DefinesFormat bool   `json:"definesFormat,omitzero"`
}

// CatalogEntry is one persistent object of a namespace's catalogs: the
// statement that makes it again. Its metadata name is made from the spec.
// A namespace's entries in the order of creation rebuild its catalogs.
type CatalogEntry struct {
	Kind       Kind             `json:"kind"`
	APIVersion string           `json:"apiVersion"`
	Metadata   Metadata         `json:"metadata"`
	Spec       CatalogEntrySpec `json:"spec"`
}

// CatalogEntrySpec places the object and keeps its statement.
type CatalogEntrySpec struct {
	Catalog   string           `json:"catalog"`
	Database  string           `json:"database,omitzero"`
	Object    CatalogEntryKind `json:"object"`
	Name      string           `json:"name"`
	Statement string           `json:"statement"` // with full names; placeholders and ${secrets} as written
}

// CatalogEntryKind says what a statement makes.
type CatalogEntryKind string

// Kinds of catalog entry.
const (
	EntryCatalog  CatalogEntryKind = "CATALOG"
	EntryDatabase CatalogEntryKind = "DATABASE"
	EntryTable    CatalogEntryKind = "TABLE"
	EntryView     CatalogEntryKind = "VIEW"
	EntryFunction CatalogEntryKind = "FUNCTION"
)

// EntryName is the name of the entry of an object: tables and views share one
// name space.
func (s CatalogEntrySpec) EntryName() string {
	quote := func(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }
	switch s.Object {
	case EntryCatalog:
		return "catalog " + quote(s.Catalog)
	case EntryDatabase:
		return "database " + quote(s.Catalog) + "." + quote(s.Database)
	}
	kind := "table "
	if s.Object == EntryFunction {
		kind = "function "
	}
	return kind + quote(s.Catalog) + "." + quote(s.Database) + "." + quote(s.Name)
}

// CatalogChange is what one statement does to the entries of a namespace's
// catalogs. Entries to replace or delete have the version that was read.
type CatalogChange struct {
	Create, Replace, Delete []CatalogEntry
}

// Empty tells whether nothing changes.
func (c CatalogChange) Empty() bool { return len(c.Create)+len(c.Replace)+len(c.Delete) == 0 }

// ResourceKind, Meta and SpecOf make *SQLScript an Object.
func (s *SQLScript) ResourceKind() Kind { return KindSQLScript }

// Meta returns the metadata for writing.
func (s *SQLScript) Meta() *Metadata { return &s.Metadata }

// SpecOf returns the wanted part.
func (s *SQLScript) SpecOf() any { return s.Spec }

// ResourceKind, Meta and SpecOf make *UDFArtifact an Object.
func (u *UDFArtifact) ResourceKind() Kind { return KindUDFArtifact }

// Meta returns the metadata for writing.
func (u *UDFArtifact) Meta() *Metadata { return &u.Metadata }

// SpecOf returns the wanted part.
func (u *UDFArtifact) SpecOf() any { return u.Spec }

// ResourceKind, Meta and SpecOf make *Connector an Object.
func (c *Connector) ResourceKind() Kind { return KindConnector }

// Meta returns the metadata for writing.
func (c *Connector) Meta() *Metadata { return &c.Metadata }

// SpecOf returns the wanted part.
func (c *Connector) SpecOf() any { return c.Spec }

// ResourceKind, Meta and SpecOf make *Format an Object.
func (f *Format) ResourceKind() Kind { return KindFormat }

// Meta returns the metadata for writing.
func (f *Format) Meta() *Metadata { return &f.Metadata }

// SpecOf returns the wanted part.
func (f *Format) SpecOf() any { return f.Spec }

// ResourceKind, Meta and SpecOf make *CatalogConnector an Object.
func (c *CatalogConnector) ResourceKind() Kind { return KindCatalogConnector }

// Meta returns the metadata for writing.
func (c *CatalogConnector) Meta() *Metadata { return &c.Metadata }

// SpecOf returns the wanted part.
func (c *CatalogConnector) SpecOf() any { return c.Spec }

// ResourceKind, Meta and SpecOf make *CatalogEntry an Object.
func (e *CatalogEntry) ResourceKind() Kind { return KindCatalogEntry }

// Meta returns the metadata for writing.
func (e *CatalogEntry) Meta() *Metadata { return &e.Metadata }

// SpecOf returns the wanted part.
func (e *CatalogEntry) SpecOf() any { return e.Spec }
