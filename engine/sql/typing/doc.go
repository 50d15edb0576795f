// Package typing is Flink's type rules: types of literals, results of
// operators, what is converted to what and what may not be mixed.
//
// The rule: it knows types and never names. Everything here is a pure function
// of types, and the answers were compared with what Flink records for them.
package typing
