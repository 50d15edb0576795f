package ast

// MatchRecognize is input MATCH_RECOGNIZE (…).
type MatchRecognize struct {
	Span
	Input       TableRef
	PartitionBy []Expr
	OrderBy     []OrderItem
	Measures    []SelectItem // each with an Alias
	// RowsPerMatch is ONE or ALL (… ROWS PER MATCH …, the whole text after it
	// kept in upper case: ALL SHOW EMPTY MATCHES), or empty.
	RowsPerMatch string
	After        *AfterMatch
	Pattern      Pattern
	StartAnchor  bool // ^
	EndAnchor    bool // $
	Within       Expr // an *Interval; nil if absent
	Subsets      []PatternSubset
	Define       []PatternDefine
	Alias        *TableAlias
}

// AfterMatchKind is where matching goes on.
type AfterMatchKind string

// Kinds of AFTER MATCH SKIP.
const (
	SkipPastLastRow AfterMatchKind = "PAST LAST ROW"
	SkipToNextRow   AfterMatchKind = "TO NEXT ROW"
	SkipToFirst     AfterMatchKind = "TO FIRST"
	SkipToLast      AfterMatchKind = "TO LAST" // also TO v
)

// AfterMatch is AFTER MATCH SKIP …; Variable is set for TO FIRST and TO LAST.
type AfterMatch struct {
	Span
	Kind     AfterMatchKind
	Variable *Ident
}

// PatternSubset is name = (a, b).
type PatternSubset struct {
	Span
	Name  Ident
	Items []Ident
}

// PatternDefine is name AS condition.
type PatternDefine struct {
	Span
	Name Ident
	Cond Expr
}

// Pattern is a row pattern.
type Pattern interface {
	Node
	pattern()
}

// PatternVar is one variable.
type PatternVar struct {
	Span
	Name Ident
}

// PatternSeq is a b c.
type PatternSeq struct {
	Span
	Items []Pattern
}

// PatternAlt is a | b | c.
type PatternAlt struct {
	Span
	Items []Pattern
}

// PatternRepeat is a*, a+, a?, a{n,m}. Max is -1 without an upper end, Min is
// -1 if {,m} was written.
type PatternRepeat struct {
	Span
	Item      Pattern
	Min, Max  int
	Reluctant bool
}

// PatternPermute is PERMUTE(a, b).
type PatternPermute struct {
	Span
	Items []Pattern
}

// PatternExclude is {- a -}.
type PatternExclude struct {
	Span
	Item Pattern
}

func (*PatternVar) pattern()     {}
func (*PatternSeq) pattern()     {}
func (*PatternAlt) pattern()     {}
func (*PatternRepeat) pattern()  {}
func (*PatternPermute) pattern() {}
func (*PatternExclude) pattern() {}
