package ast

// Query is a whole query expression. As a Statement it is a SELECT (or VALUES,
// or TABLE t) run for its result.
type Query struct {
	Span
	With    *With
	Body    QueryBody
	OrderBy []OrderItem
	Offset  Expr // OFFSET n [ROWS]; nil if absent
	Limit   Expr // LIMIT n or FETCH FIRST n ROWS ONLY; nil if absent or LIMIT ALL
}

// With is WITH [RECURSIVE] a AS (…), b AS (…).
type With struct {
	Span
	Recursive bool
	Items     []CTE
}

// CTE is one item of WITH.
type CTE struct {
	Span
	Name    Ident
	Columns []Ident
	Query   *Query
}

// SetOpKind is the operator of a SetOp.
type SetOpKind string

// Set operators.
const (
	Union     SetOpKind = "UNION"
	Intersect SetOpKind = "INTERSECT"
	Except    SetOpKind = "EXCEPT" // also written MINUS
)

// SetOp is left UNION|INTERSECT|EXCEPT [ALL] right.
type SetOp struct {
	Span
	Kind        SetOpKind
	All         bool
	Left, Right QueryBody
}

// Values is VALUES (1, 'a'), (2, 'b'); a row of one value may lack its parentheses.
type Values struct {
	Span
	Rows []*Row
}

// ExplicitTable is TABLE t as a query.
type ExplicitTable struct {
	Span
	Name *Name
}

// Select is one SELECT … FROM … QUALIFY block.
type Select struct {
	Span
	Hints      []Hint
	Quantifier Quantifier
	Items      []SelectItem
	From       TableRef // nil if absent
	Where      Expr
	GroupBy    *GroupBy // nil if absent
	Having     Expr
	Windows    []NamedWindow
	Qualify    Expr
}

// SelectItem is one output column; Alias is nil if absent.
type SelectItem struct {
	Span
	Expr  Expr
	Alias *Ident
}

// GroupBy is GROUP BY [DISTINCT|ALL] items.
type GroupBy struct {
	Span
	Quantifier Quantifier
	Items      []GroupItem
}

// GroupKind tells what a GroupItem is.
type GroupKind string

// Kinds of grouping items.
const (
	GroupExpr   GroupKind = "EXPR"          // Expr
	GroupSet    GroupKind = "SET"           // (a, b) or (): Items, all GroupExpr
	GroupRollup GroupKind = "ROLLUP"        // Items: GroupExpr or GroupSet
	GroupCube   GroupKind = "CUBE"          // Items: GroupExpr or GroupSet
	GroupSets   GroupKind = "GROUPING SETS" // Items: any
)

// GroupItem is one element of GROUP BY.
type GroupItem struct {
	Span
	Kind  GroupKind
	Expr  Expr
	Items []GroupItem
}

// NamedWindow is name AS (…) of the WINDOW clause.
type NamedWindow struct {
	Span
	Name   Ident
	Window *Window
}

// Hint is one of /*+ NAME(args), NAME('k' = 'v') */.
type Hint struct {
	Span
	Name Ident
	// Args are the plain arguments: identifiers, strings and numbers as text.
	Args    []string
	Options []Option
}

// TableAlias is AS name (columns).
type TableAlias struct {
	Span
	Name    Ident
	Columns []Ident
}

// TableName is a table or view, possibly at a point in time.
type TableName struct {
	Span
	Name       *Name
	Hints      []Hint
	SystemTime Expr // FOR SYSTEM_TIME AS OF …; nil if absent
	Alias      *TableAlias
}

// Derived is a query in FROM.
type Derived struct {
	Span
	Lateral bool
	Query   *Query
	Alias   *TableAlias
}

// TableFunction is [LATERAL] TABLE(f(…)).
type TableFunction struct {
	Span
	Lateral bool
	Call    *Call
	Alias   *TableAlias
}

// Unnest is UNNEST(array, …) [WITH ORDINALITY].
type Unnest struct {
	Span
	Lateral        bool
	Exprs          []Expr
	WithOrdinality bool
	Alias          *TableAlias
}

// JoinKind is the kind of a Join.
type JoinKind string

// Kinds of joins.
const (
	CommaJoin JoinKind = ","
	CrossJoin JoinKind = "CROSS"
	InnerJoin JoinKind = "INNER"
	LeftJoin  JoinKind = "LEFT"
	RightJoin JoinKind = "RIGHT"
	FullJoin  JoinKind = "FULL"
)

// Join is left JOIN right [ON … | USING (…)]. Hints stand with the SELECT.
type Join struct {
	Span
	Kind        JoinKind
	Natural     bool
	Left, Right TableRef
	On          Expr
	Using       []Ident
}

// Pivot is input PIVOT (agg AS a FOR axis IN (1 AS x, …)).
type Pivot struct {
	Span
	Input  TableRef
	Aggs   []SelectItem
	Axis   []Ident
	Values []PivotValue
	Alias  *TableAlias
}

// PivotValue is one value, or row of values, of PIVOT's IN.
type PivotValue struct {
	Span
	Exprs []Expr
	Alias *Ident
}

// Unpivot is input UNPIVOT [INCLUDE|EXCLUDE NULLS] (measures FOR axis IN (c AS 'v', …)).
type Unpivot struct {
	Span
	Input        TableRef
	IncludeNulls bool
	Measures     []Ident
	Axis         []Ident
	In           []UnpivotItem
	Alias        *TableAlias
}

// UnpivotItem is one column list of UNPIVOT's IN with its axis values, if given.
type UnpivotItem struct {
	Span
	Columns []Ident
	Values  []Expr
}

func (*Query) queryBody()         {}
func (*Select) queryBody()        {}
func (*SetOp) queryBody()         {}
func (*Values) queryBody()        {}
func (*ExplicitTable) queryBody() {}

func (*TableName) tableRef()      {}
func (*Derived) tableRef()        {}
func (*TableFunction) tableRef()  {}
func (*Unnest) tableRef()         {}
func (*Join) tableRef()           {}
func (*Pivot) tableRef()          {}
func (*Unpivot) tableRef()        {}
func (*MatchRecognize) tableRef() {}
