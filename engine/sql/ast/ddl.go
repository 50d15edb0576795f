package ast

// Option is 'key' = 'value' of WITH, SET and hints.
type Option struct {
	Span
	Key, Value string
}

// CreateTable is CREATE [OR REPLACE] [TEMPORARY] TABLE.
type CreateTable struct {
	Span
	OrReplace     bool
	Replace       bool // REPLACE TABLE: it must be there
	Temporary     bool
	IfNotExists   bool
	Name          *Name
	Columns       []Column
	Watermarks    []Watermark
	Constraints   []Constraint // also the ones written at a column
	Comment       *string
	Distribution  *Distribution
	PartitionedBy []Ident
	Options       []Option
	Like          *TableLike
	As            *Query
}

// ColumnKind tells what a Column is.
type ColumnKind int

// Kinds of columns.
const (
	PhysicalColumn ColumnKind = iota
	ComputedColumn
	MetadataColumn
	// UntypedColumn is a bare name: only CREATE TABLE … AS may reorder columns so.
	UntypedColumn
)

// Column is one column of a table.
type Column struct {
	Span
	Name        Ident
	Kind        ColumnKind
	Type        *DataType // nil for computed and untyped columns
	Computed    Expr
	MetadataKey *string // METADATA FROM 'key'
	Virtual     bool
	Comment     *string
	// Position is FIRST or AFTER c, only in ALTER TABLE.
	Position *ColumnPosition
}

// ColumnPosition is FIRST (After nil) or AFTER column.
type ColumnPosition struct {
	Span
	After *Ident
}

// Watermark is WATERMARK FOR column AS expr.
type Watermark struct {
	Span
	Column *Name
	Expr   Expr
}

// Constraint is [CONSTRAINT name] PRIMARY KEY|UNIQUE (columns) [[NOT] ENFORCED].
type Constraint struct {
	Span
	Name     *Ident
	Unique   bool // false: primary key
	Columns  []Ident
	Enforced string // ENFORCED, NOT ENFORCED, or empty
}

// Distribution is DISTRIBUTED [BY [HASH|RANGE] (columns)] [INTO n BUCKETS].
type Distribution struct {
	Span
	Kind    string // HASH, RANGE, or empty
	Columns []Ident
	Buckets *int
}

// TableLike is LIKE source (options).
type TableLike struct {
	Span
	Source  *Name
	Options []LikeOption
}

// LikeOption is INCLUDING|EXCLUDING|OVERWRITING feature.
type LikeOption struct {
	Span
	Strategy string // INCLUDING, EXCLUDING, OVERWRITING
	Feature  string // ALL, CONSTRAINTS, DISTRIBUTION, GENERATED, METADATA, OPTIONS, PARTITIONS, WATERMARKS
}

// AlterTable is ALTER TABLE [IF EXISTS] name action.
type AlterTable struct {
	Span
	IfExists bool
	Name     *Name
	Action   AlterAction
}

// AlterAction is what an ALTER statement does.
type AlterAction interface {
	Node
	alterAction()
}

// RenameTo is RENAME TO name.
type RenameTo struct {
	Span
	To *Name
}

// RenameColumn is RENAME a TO b.
type RenameColumn struct {
	Span
	From, To *Name
}

// SetOptions is SET ('k' = 'v', …).
type SetOptions struct {
	Span
	Options []Option
}

// ResetOptions is RESET ('k', …).
type ResetOptions struct {
	Span
	Keys []string
}

// SetComment is COMMENT 'text' of a catalog.
type SetComment struct {
	Span
	Comment string
}

// ChangeSchema is ADD or MODIFY of columns, watermark, constraints, distribution.
type ChangeSchema struct {
	Span
	Modify       bool
	Columns      []Column
	Watermarks   []Watermark
	Constraints  []Constraint
	Distribution *Distribution
}

// DropColumns is DROP a or DROP (a, b).
type DropColumns struct {
	Span
	Columns []*Name
}

// DropPart is DROP PRIMARY KEY, CONSTRAINT c, WATERMARK or DISTRIBUTION.
type DropPart struct {
	Span
	What string // PRIMARY KEY, CONSTRAINT, WATERMARK, DISTRIBUTION
	Name *Ident // of a CONSTRAINT
}

// ChangePartitions is ADD|DROP [IF [NOT] EXISTS] PARTITION (…) ….
type ChangePartitions struct {
	Span
	Drop       bool
	If         bool
	Partitions []PartitionSpec
}

// PartitionSpec is PARTITION (k = v, …) [WITH (…)].
type PartitionSpec struct {
	Span
	Values  []PartitionValue
	Options []Option
}

// PartitionValue is k = literal, or a bare k with a nil Value.
type PartitionValue struct {
	Span
	Name  Ident
	Value Expr
}

// Drop is DROP [TEMPORARY] kind [IF EXISTS] name [RESTRICT|CASCADE].
type Drop struct {
	Span
	Kind      string // TABLE, VIEW, FUNCTION, DATABASE, CATALOG, MODEL, MATERIALIZED TABLE
	Temporary bool
	System    bool // TEMPORARY SYSTEM FUNCTION
	IfExists  bool
	Name      *Name
	Cascade   bool
}

// CreateView is CREATE [OR REPLACE] [TEMPORARY] VIEW … AS query.
type CreateView struct {
	Span
	OrReplace   bool
	Temporary   bool
	IfNotExists bool
	Name        *Name
	Columns     []Ident
	Comment     *string
	Query       *Query
	// QueryText is the source of the query exactly as written.
	QueryText string
}

// AlterView is ALTER VIEW name RENAME TO … or AS query.
type AlterView struct {
	Span
	IfExists bool
	Name     *Name
	RenameTo *Name
	Query    *Query
	// QueryText is the source of the query exactly as written.
	QueryText string
}

// CreateFunction is CREATE [TEMPORARY [SYSTEM]] FUNCTION name AS 'class'.
type CreateFunction struct {
	Span
	Temporary   bool
	System      bool
	IfNotExists bool
	Name        *Name
	Class       string
	Language    string // JAVA, SCALA, PYTHON, SQL, WASM, or empty
	Resources   []Resource
	Options     []Option
}

// Resource is USING JAR|FILE|ARTIFACT 'path'.
type Resource struct {
	Span
	Kind string
	Path string
}

// AlterFunction is ALTER FUNCTION name AS 'class'.
type AlterFunction struct {
	Span
	Temporary bool
	System    bool
	IfExists  bool
	Name      *Name
	Class     string
	Language  string
}

// CreateDatabase is CREATE DATABASE [IF NOT EXISTS] name [COMMENT …] [WITH (…)].
type CreateDatabase struct {
	Span
	IfNotExists bool
	Name        *Name
	Comment     *string
	Options     []Option
}

// AlterDatabase is ALTER DATABASE name SET (…).
type AlterDatabase struct {
	Span
	Name   *Name
	Action AlterAction
}

// CreateCatalog is CREATE CATALOG [IF NOT EXISTS] name [COMMENT …] [WITH (…)].
type CreateCatalog struct {
	Span
	IfNotExists bool
	Name        *Name
	Comment     *string
	Options     []Option
}

// AlterCatalog is ALTER CATALOG name SET|RESET|COMMENT ….
type AlterCatalog struct {
	Span
	Name   *Name
	Action AlterAction
}

// CreateModel is CREATE [TEMPORARY] MODEL name [INPUT (…)] [OUTPUT (…)] [COMMENT …] [WITH (…)].
type CreateModel struct {
	Span
	Temporary     bool
	IfNotExists   bool
	Name          *Name
	Input, Output []Column
	Comment       *string
	Options       []Option
}

// AlterModel is ALTER MODEL [IF EXISTS] name SET|RESET|RENAME TO ….
type AlterModel struct {
	Span
	IfExists bool
	Name     *Name
	Action   AlterAction
}

func (*RenameTo) alterAction()         {}
func (*RenameColumn) alterAction()     {}
func (*SetOptions) alterAction()       {}
func (*ResetOptions) alterAction()     {}
func (*SetComment) alterAction()       {}
func (*ChangeSchema) alterAction()     {}
func (*DropColumns) alterAction()      {}
func (*DropPart) alterAction()         {}
func (*ChangePartitions) alterAction() {}

func (*CreateTable) statement()    {}
func (*AlterTable) statement()     {}
func (*Drop) statement()           {}
func (*CreateView) statement()     {}
func (*AlterView) statement()      {}
func (*CreateFunction) statement() {}
func (*AlterFunction) statement()  {}
func (*CreateDatabase) statement() {}
func (*AlterDatabase) statement()  {}
func (*CreateCatalog) statement()  {}
func (*AlterCatalog) statement()   {}
func (*CreateModel) statement()    {}
func (*AlterModel) statement()     {}
