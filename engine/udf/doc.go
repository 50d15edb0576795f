// Package udf runs functions that users bring: WebAssembly modules declared by
// CREATE FUNCTION, and Go functions compiled into the program that runs the
// engine.
//
// A module is asked what it has (weir_describe), then called with columns, a
// batch at a time; docs/guides/functions.md has the whole contract. The rule:
// a module sees nothing but the columns it is given, and whatever it does ends
// in a result that was checked or in an error that names the function. Its
// memory and the time of a call are bounded.
package udf
