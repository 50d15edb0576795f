package ast

// LiteralKind tells what a Literal's Text is.
type LiteralKind int

// Kinds of literals.
const (
	NullLiteral      LiteralKind = iota + 1 // NULL; Text is empty
	BooleanLiteral                          // Text is TRUE, FALSE or UNKNOWN
	IntegerLiteral                          // Text is digits, possibly with a trailing dot: 12, 5.
	DecimalLiteral                          // exact, with a fraction: 1.50, .5
	DoubleLiteral                           // with an exponent: 1e0
	StringLiteral                           // Text is the value itself, quotes undone
	BinaryLiteral                           // X'0aff'; Text is the hex digits as written
	DateLiteral                             // DATE '2024-01-31'; Text is between the quotes
	TimeLiteral                             // TIME '12:00:00'
	TimestampLiteral                        // TIMESTAMP '2024-01-31 12:00:00.5'
	LTZLiteral                              // TIMESTAMP WITH LOCAL TIME ZONE '…'
)

// Literal is a constant with its exact text; the binder gives it a type.
type Literal struct {
	Span
	Kind LiteralKind
	Text string
}

// TimeUnit is a unit of time in upper case and singular: SECOND, WEEK, EPOCH …
type TimeUnit string

// IntervalUnit is the qualifier of an interval: DAY(3) TO SECOND(6). To is
// empty for a single unit; an absent precision is -1.
type IntervalUnit struct {
	From          TimeUnit
	FromPrecision int
	To            TimeUnit
	ToPrecision   int // of seconds: the fraction digits
}

// Interval is INTERVAL '1-2' YEAR TO MONTH, or INTERVAL 5 DAY, INTERVAL a DAY,
// INTERVAL (a + 1) DAY, where X is set and Text is empty.
type Interval struct {
	Span
	Negative bool // a minus between INTERVAL and the value
	Text     string
	X        Expr
	Unit     IntervalUnit
}

// UnitArg is a time unit as the argument of a call: TIMESTAMPADD(DAY, …).
type UnitArg struct {
	Span
	Unit TimeUnit
}

// Star is * or t.* (also as the argument of COUNT).
type Star struct {
	Span
	Qualifier *Name // nil for a bare *
}

// Op is an operator in upper case.
type Op string

// Operators of Unary and Binary.
const (
	OpOr            Op = "OR"
	OpAnd           Op = "AND"
	OpNot           Op = "NOT"
	OpEq            Op = "="
	OpNe            Op = "<>"
	OpLt            Op = "<"
	OpLe            Op = "<="
	OpGt            Op = ">"
	OpGe            Op = ">="
	OpPlus          Op = "+"
	OpMinus         Op = "-"
	OpTimes         Op = "*"
	OpDivide        Op = "/"
	OpModulo        Op = "%"
	OpConcat        Op = "||"
	OpDistinct      Op = "IS DISTINCT FROM"
	OpNotDistinct   Op = "IS NOT DISTINCT FROM"
	OpMemberOf      Op = "MEMBER OF"
	OpSubmultiset   Op = "SUBMULTISET OF"
	OpUnionAll      Op = "MULTISET UNION ALL"
	OpUnionDistinct Op = "MULTISET UNION DISTINCT"
	OpInterAll      Op = "MULTISET INTERSECT ALL"
	OpInterDistinct Op = "MULTISET INTERSECT DISTINCT"
	OpExceptAll     Op = "MULTISET EXCEPT ALL"
	OpExcptDistinct Op = "MULTISET EXCEPT DISTINCT"
	OpOverlaps      Op = "OVERLAPS"
	OpContains      Op = "CONTAINS"
	OpPeriodEquals  Op = "EQUALS"
	OpPrecedes      Op = "PRECEDES"
	OpSucceeds      Op = "SUCCEEDS"
	OpImmPrecedes   Op = "IMMEDIATELY PRECEDES"
	OpImmSucceeds   Op = "IMMEDIATELY SUCCEEDS"
	OpFinal         Op = "FINAL"   // MATCH_RECOGNIZE, before a call
	OpRunning       Op = "RUNNING" // MATCH_RECOGNIZE, before a call
)

// Unary is a prefix operator: - + NOT FINAL RUNNING.
type Unary struct {
	Span
	Op Op
	X  Expr
}

// Binary is an infix operator. OpPos is the place of the operator.
type Binary struct {
	Span
	Op    Op
	OpPos Pos
	L, R  Expr
}

// IsKind is what an Is asks for.
type IsKind string

// Kinds of IS.
const (
	IsNull       IsKind = "NULL"
	IsTrue       IsKind = "TRUE"
	IsFalse      IsKind = "FALSE"
	IsUnknown    IsKind = "UNKNOWN"
	IsJSONValue  IsKind = "JSON VALUE" // also written IS JSON
	IsJSONObject IsKind = "JSON OBJECT"
	IsJSONArray  IsKind = "JSON ARRAY"
	IsJSONScalar IsKind = "JSON SCALAR"
	IsSet        IsKind = "A SET"
	IsEmpty      IsKind = "EMPTY"
)

// Is is x IS [NOT] what.
type Is struct {
	Span
	X    Expr
	Not  bool
	What IsKind
}

// Between is x [NOT] BETWEEN [SYMMETRIC] lo AND hi.
type Between struct {
	Span
	X         Expr
	Not       bool
	Symmetric bool
	Lo, Hi    Expr
}

// In is x [NOT] IN (list) or x [NOT] IN (query). Exactly one of List and Query is set.
type In struct {
	Span
	X     Expr
	Not   bool
	List  []Expr
	Query *Query
}

// Quantified is x op ALL|ANY|SOME (query or list); SOME is written as ANY here.
type Quantified struct {
	Span
	X     Expr
	Op    Op
	All   bool // false: ANY
	List  []Expr
	Query *Query
}

// LikeKind is the operator of a Like.
type LikeKind string

// Kinds of LIKE.
const (
	KindLike    LikeKind = "LIKE"
	KindSimilar LikeKind = "SIMILAR TO"
)

// Like is x [NOT] LIKE|SIMILAR TO pattern [ESCAPE e].
type Like struct {
	Span
	X       Expr
	Not     bool
	Kind    LikeKind
	Pattern Expr
	Escape  Expr // nil if absent
}

// Exists is EXISTS (query).
type Exists struct {
	Span
	Query *Query
}

// Unique is UNIQUE (query).
type Unique struct {
	Span
	Query *Query
}

// Subquery is a query as a value.
type Subquery struct {
	Span
	Query *Query
}

// QueryCollection is ARRAY(query), MULTISET(query) or MAP(query).
type QueryCollection struct {
	Span
	Kind  string // ARRAY, MULTISET, MAP
	Query *Query
}

// Case is CASE [operand] WHEN … THEN … [ELSE …] END.
type Case struct {
	Span
	Operand Expr // nil for the searched form
	Whens   []When
	Else    Expr // nil if absent
}

// When is one branch of a Case.
type When struct {
	Span
	Conds []Expr // more than one only with an operand: WHEN 1, 2 THEN
	Then  Expr
}

// Cast is CAST(x AS type) or TRY_CAST(x AS type).
type Cast struct {
	Span
	X    Expr
	Type *DataType
	Try  bool
}

// Extract is EXTRACT(unit FROM x).
type Extract struct {
	Span
	Unit TimeUnit
	X    Expr
}

// MinusDate is (a - b) unit: the difference of two times as an interval.
type MinusDate struct {
	Span
	L, R Expr
	Unit IntervalUnit
}

// FloorTo is FLOOR(x TO unit) or CEIL(x TO unit). Without TO they are calls.
type FloorTo struct {
	Span
	Ceil bool
	X    Expr
	Unit TimeUnit
}

// Trim is TRIM([BOTH|LEADING|TRAILING] [chars] FROM x) and TRIM(x).
type Trim struct {
	Span
	Side  string // BOTH, LEADING, TRAILING; BOTH if not written
	Chars Expr   // nil if absent: blanks
	X     Expr
}

// Row is ROW(a, b) or (a, b).
type Row struct {
	Span
	Explicit bool // the word ROW was written
	Items    []Expr
}

// Collection is ARRAY[…], MULTISET[…] or MAP[k, v, k, v …].
type Collection struct {
	Span
	Kind  string // ARRAY, MULTISET, MAP
	Items []Expr
}

// Index is x[i]: an array element (from 1), a map value, or a row field.
type Index struct {
	Span
	X     Expr
	Index Expr
}

// Field is x.name where x is not itself a name (names are Name paths).
type Field struct {
	Span
	X    Expr
	Name Ident
}

// Quantifier is DISTINCT or ALL, or empty.
type Quantifier string

// Quantifiers.
const (
	NoQuantifier Quantifier = ""
	Distinct     Quantifier = "DISTINCT"
	All          Quantifier = "ALL"
)

// Call is a function call, including the special forms POSITION(a IN b FROM c),
// OVERLAY(a PLACING b FROM c FOR d) and SUBSTRING(a FROM b FOR c), whose
// arguments stand in that order.
type Call struct {
	Span
	Name       *Name // as written; function names ignore case
	Quantifier Quantifier
	Args       []Expr // may hold *Star, *NamedArg, *Default, *UnitArg, *TableArg, *ModelArg, *Descriptor
	NoParens   bool   // CURRENT_TIMESTAMP and the like
	OrderBy    []OrderItem
	// Nulls is IGNORE or RESPECT (… NULLS), or empty.
	Nulls       string
	WithinGroup []OrderItem
	Filter      Expr
	Over        *Window
}

// NamedArg is name => value in a call.
type NamedArg struct {
	Span
	Name  Ident
	Value Expr
}

// Default is DEFAULT as an argument or value.
type Default struct {
	Span
}

// TableArg is TABLE t or (query) as the argument of a table function, with its
// PARTITION BY and ORDER BY. Exactly one of Table and Query is set.
type TableArg struct {
	Span
	Table       *Name
	Query       *Query
	PartitionBy []Expr
	OrderBy     []OrderItem
}

// ModelArg is MODEL m as the argument of a table function.
type ModelArg struct {
	Span
	Model *Name
}

// Descriptor is DESCRIPTOR(a, b).
type Descriptor struct {
	Span
	Columns []Ident
}

// Window is a window specification: of OVER, or in the WINDOW clause.
type Window struct {
	Span
	// Ref is the named window: OVER w (then nothing else is set and Bare is
	// true) or OVER (w ORDER BY …). Nil if absent.
	Ref         *Ident
	Bare        bool
	PartitionBy []Expr
	OrderBy     []OrderItem
	Frame       *Frame // nil if absent
}

// Frame is ROWS|RANGE BETWEEN lower AND upper.
type Frame struct {
	Span
	Rows  bool // false: RANGE
	Lower Bound
	Upper *Bound // nil: not written, the current row
}

// BoundKind is one end of a frame.
type BoundKind string

// Kinds of bounds.
const (
	UnboundedPreceding BoundKind = "UNBOUNDED PRECEDING"
	Preceding          BoundKind = "PRECEDING"
	CurrentRow         BoundKind = "CURRENT ROW"
	Following          BoundKind = "FOLLOWING"
	UnboundedFollowing BoundKind = "UNBOUNDED FOLLOWING"
)

// Bound is one end of a frame; Offset is set for PRECEDING and FOLLOWING.
type Bound struct {
	Span
	Kind   BoundKind
	Offset Expr
}

// OrderItem is one key of ORDER BY.
type OrderItem struct {
	Span
	Expr Expr
	Desc bool
	// Nulls is FIRST or LAST, or empty.
	Nulls string
}

// JSONBehavior is what to answer ON EMPTY or ON ERROR.
type JSONBehavior struct {
	Kind    string // NULL, ERROR, DEFAULT, EMPTY ARRAY, EMPTY OBJECT, TRUE, FALSE, UNKNOWN
	Default Expr   // for DEFAULT
}

// JSONPassing is value AS name of PASSING.
type JSONPassing struct {
	Value Expr
	Name  Ident
}

// JSONValue is JSON_VALUE(input, path [PASSING …] [RETURNING type] [… ON EMPTY] [… ON ERROR]).
type JSONValue struct {
	Span
	Input, Path Expr
	Passing     []JSONPassing
	Returning   *DataType
	OnEmpty     *JSONBehavior
	OnError     *JSONBehavior
}

// JSONQuery is JSON_QUERY(input, path [RETURNING type] [wrapper] [… ON EMPTY] [… ON ERROR]).
type JSONQuery struct {
	Span
	Input, Path Expr
	Passing     []JSONPassing
	Returning   *DataType
	Wrapper     string // WITHOUT, CONDITIONAL, UNCONDITIONAL, or empty
	OnEmpty     *JSONBehavior
	OnError     *JSONBehavior
}

// JSONExists is JSON_EXISTS(input, path [TRUE|FALSE|UNKNOWN|ERROR ON ERROR]).
type JSONExists struct {
	Span
	Input, Path Expr
	Passing     []JSONPassing
	OnError     string // empty if absent
}

// JSONNulls is the NULL ON NULL or ABSENT ON NULL of a JSON constructor.
type JSONNulls string

// Null handling of JSON constructors.
const (
	JSONNullsUnset JSONNulls = ""
	NullOnNull     JSONNulls = "NULL ON NULL"
	AbsentOnNull   JSONNulls = "ABSENT ON NULL"
)

// JSONObject is JSON_OBJECT(KEY k VALUE v, …) and, with Agg, JSON_OBJECTAGG.
type JSONObject struct {
	Span
	Agg     bool
	Members []JSONMember
	Nulls   JSONNulls
	Filter  Expr // only with Agg
}

// JSONMember is one member of a JSONObject.
type JSONMember struct {
	Span
	Key, Value Expr
	FormatJSON bool
}

// JSONArray is JSON_ARRAY(v, …) and, with Agg, JSON_ARRAYAGG.
type JSONArray struct {
	Span
	Agg     bool
	Items   []JSONItem
	Nulls   JSONNulls
	OrderBy []OrderItem // only with Agg
	Filter  Expr        // only with Agg
}

// JSONItem is one element of a JSONArray.
type JSONItem struct {
	Span
	Value      Expr
	FormatJSON bool
}

func (*Name) expr()            {}
func (*Literal) expr()         {}
func (*Interval) expr()        {}
func (*UnitArg) expr()         {}
func (*Star) expr()            {}
func (*Unary) expr()           {}
func (*Binary) expr()          {}
func (*Is) expr()              {}
func (*Between) expr()         {}
func (*In) expr()              {}
func (*Quantified) expr()      {}
func (*Like) expr()            {}
func (*Exists) expr()          {}
func (*Unique) expr()          {}
func (*Subquery) expr()        {}
func (*QueryCollection) expr() {}
func (*Case) expr()            {}
func (*Cast) expr()            {}
func (*Extract) expr()         {}
func (*MinusDate) expr()       {}
func (*FloorTo) expr()         {}
func (*Trim) expr()            {}
func (*Row) expr()             {}
func (*Collection) expr()      {}
func (*Index) expr()           {}
func (*Field) expr()           {}
func (*Call) expr()            {}
func (*NamedArg) expr()        {}
func (*Default) expr()         {}
func (*TableArg) expr()        {}
func (*ModelArg) expr()        {}
func (*Descriptor) expr()      {}
func (*JSONValue) expr()       {}
func (*JSONQuery) expr()       {}
func (*JSONExists) expr()      {}
func (*JSONObject) expr()      {}
func (*JSONArray) expr()       {}
