// Package ast is the syntax tree of Flink's SQL dialect: what a person wrote,
// with places, before any name is looked up.
//
// The tree says nothing about meaning. Every node knows where it stands in the
// source, so that every later error can point at it. Nodes are plain data: the
// parser makes them, nobody changes them afterwards.
package ast

import "fmt"

// Pos is a place in the source: line and column, both counted from 1, columns
// in code points. The zero Pos means "no place known".
type Pos struct {
	Line, Column int
}

// IsValid reports whether the place is known.
func (p Pos) IsValid() bool { return p.Line > 0 }

func (p Pos) String() string { return fmt.Sprintf("line %d, column %d", p.Line, p.Column) }

// Span is the stretch of source a node was read from. End is the place of its
// last character (not the one after it).
type Span struct {
	Start, End Pos
}

// Pos gives the first character's place.
func (s Span) Pos() Pos { return s.Start }

// EndPos gives the last character's place.
func (s Span) EndPos() Pos { return s.End }

// Extent gives both.
func (s Span) Extent() Span { return s }

// Node is any part of the tree.
type Node interface {
	Pos() Pos
	EndPos() Pos
	Extent() Span
}

// Statement is one statement of a script.
type Statement interface {
	Node
	statement()
}

// Expr is a value, a condition, or an argument of a call.
type Expr interface {
	Node
	expr()
}

// QueryBody is what a Query orders and limits: *Select, *SetOp, *Values,
// *ExplicitTable, or a parenthesised *Query.
type QueryBody interface {
	Node
	queryBody()
}

// TableRef is an item of FROM: *TableName, *Derived, *TableFunction, *Unnest,
// *Join, *MatchRecognize, *Pivot, *Unpivot.
type TableRef interface {
	Node
	tableRef()
}

// Ident is one name. Name is without back-quotes; case is kept and matters.
type Ident struct {
	Span
	Name   string
	Quoted bool
}

func (i Ident) String() string { return i.Name }

// Name is a dotted path: a table (catalog.database.table), a function, or,
// as an expression, a column and the fields below it.
type Name struct {
	Span
	Parts []Ident
}

// Last gives the last part.
func (n *Name) Last() Ident { return n.Parts[len(n.Parts)-1] }

// Strings gives the parts as plain strings.
func (n *Name) Strings() []string {
	out := make([]string, len(n.Parts))
	for i, p := range n.Parts {
		out[i] = p.Name
	}
	return out
}

// String joins the parts with dots, without quotes.
func (n *Name) String() string {
	s := ""
	for i, p := range n.Parts {
		if i > 0 {
			s += "."
		}
		s += p.Name
	}
	return s
}
