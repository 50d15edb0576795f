package bind

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/typing"
)

// timeParts are the functions that take one part of a time: other words for EXTRACT.
var timeParts = map[string]string{
	"YEAR": "YEAR", "QUARTER": "QUARTER", "MONTH": "MONTH", "WEEK": "WEEK", "DAYOFYEAR": "DOY", "DAYOFMONTH": "DAY", "DAYOFWEEK": "DOW",
	"HOUR": "HOUR", "MINUTE": "MINUTE", "SECOND": "SECOND",
}

// misuse words the error of a function, canonical its name in the tables, that
// does not take its arguments: with Flink's words for the ways to call it, and
// what is wrong with which argument.
func misuse(at ast.Node, written, canonical string, args []expr.Expr, why error) error {
	var count *function.Count
	var wrong *function.Mismatch
	newer, isNewer := function.Newer(canonical)
	errors.As(why, &wrong)
	if wrong != nil && (canonical == "MIN" || canonical == "MAX") {
		return ast.Planf(at.Pos(), "%s%s aggregate function does not support type: ''%s''. Please re-check the data type.", canonical[:1], strings.ToLower(canonical[1:]), plainKind(wrong.Given))
	}
	if wrong != nil && (canonical == "ABS" && typing.Interval(wrong.Given) || (canonical == "ROUND" || canonical == "TRUNCATE") && wrong.Arg == 1 && wrong.Given.Kind == data.BigInt) {
		types := make([]string, len(args))
		for i, a := range args {
			types[i] = typing.Display(a.Type)
		}
		return ast.Planf(at.Pos(), "Unsupported call: %s(%s): %w", written, strings.Join(types, ", "), why)
	}
	switch {
	case errors.As(why, &count) && isNewer:
		families := make([]string, len(args))
		for i, a := range args {
			families[i] = "<" + family(a.Type) + ">"
		}
		return ast.Errorf(at.Pos(), "No match found for function signature %s(%s): it %w. Supported signatures are: %s(%s)", written, strings.Join(families, ", "), why, written, newer)
	case errors.As(why, &count):
		return ast.Errorf(at.Pos(), "Invalid number of arguments to function '%s'. Was expecting %d arguments: it %w", written, count.Least, why)
	case canonical == "JSON_OBJECT" || canonical == "JSON_ARRAY":
		return ast.Planf(at.Pos(), "%w", why)
	case canonical == "POSITION":
		return ast.Errorf(at.Pos(), "Cannot apply 'POSITION' to arguments of type 'POSITION(%s)': %w. Supported form(s): 'POSITION(<STRING> IN <STRING>)' 'POSITION(<STRING> IN <STRING> FROM <INTEGER>)'",
			typesWith(args, " IN ", " FROM "), why)
	case canonical == "OVERLAY":
		return ast.Errorf(at.Pos(), "Cannot apply 'OVERLAY' to arguments of type 'OVERLAY(%s)': %w. Supported form(s): 'OVERLAY(<STRING> PLACING <STRING> FROM <INTEGER>)' 'OVERLAY(<STRING> PLACING <STRING> FROM <INTEGER> FOR <INTEGER>)'",
			typesWith(args, " PLACING ", " FROM ", " FOR "), why)
	case isNewer:
		root := ""
		if wrong != nil {
			if f := rootFamily(wrong.Family); f != "" {
				root = fmt.Sprintf(". Unsupported argument type. Expected type of family '%s' but actual type was '%s'", f, typing.Display(wrong.Given))
			}
		}
		return ast.Errorf(at.Pos(), "Cannot apply '%s' to arguments of type '%s(%s)': %w. Invalid input arguments. Expected signatures are: %s(%s)%s", written, written, argNames(at, args), why, written, newer, root)
	}
	types := argNames(at, args)
	if unit := timeParts[canonical]; unit != "" {
		written, canonical, types = "EXTRACT", "EXTRACT", "<INTERVAL "+unit+"> FROM "+types
	} else if canonical == "EXTRACT" {
		types = strings.Replace(types, ", ", " FROM ", 1)
	} else if canonical == "TRIM" && len(args) == 3 {
		types = "[BOTH|LEADING|TRAILING] <SYMBOL> FROM <" + typing.Name(args[1].Type) + ">"
	}
	var forms strings.Builder
	for i, f := range function.Forms(canonical, wrong) {
		if i == 0 {
			forms.WriteString(". Supported form(s):")
		}
		fmt.Fprintf(&forms, " '%s(%s)'", written, f)
	}
	return ast.Errorf(at.Pos(), "Cannot apply '%s' to arguments of type '%s(%s)': %w%s", written, written, types, why, forms.String())
}

// typesWith names the types of arguments with words between them.
func typesWith(args []expr.Expr, words ...string) string {
	var b strings.Builder
	for i, a := range args {
		if i > 0 {
			b.WriteString(words[min(i, len(words))-1])
		}
		b.WriteString("<" + strings.ToUpper(typing.Name(a.Type)) + ">")
	}
	return b.String()
}

// plainKind is the name of a type without its parameters: MAP.
func plainKind(t data.Type) string {
	switch t.Kind {
	case data.IntervalDayTime:
		return "INTERVAL_DAY_TIME"
	case data.IntervalYearMonth:
		return "INTERVAL_YEAR_MONTH"
	}
	name, _, _ := strings.Cut(t.WithNull(true).String(), "<")
	return name
}

// rootFamily is the name that Flink's newer functions have for a family.
func rootFamily(family string) string {
	switch family {
	case "CHARACTER":
		return "CHARACTER_STRING"
	case "BINARY":
		return "BINARY_STRING"
	case "INTEGER":
		return "INTEGER_NUMERIC"
	}
	return ""
}

// argNames names the types of the arguments of a call; units of time and the
// intervals of literals by how they are written.
func argNames(at ast.Node, args []expr.Expr) string {
	var items []ast.Expr
	switch n := at.(type) {
	case *ast.Call:
		items = n.Args
	case *ast.Extract:
		items = []ast.Expr{&ast.UnitArg{Unit: n.Unit}, n.X}
	case *ast.FloorTo:
		items = []ast.Expr{n.X, &ast.UnitArg{Unit: n.Unit}}
	}
	names := make([]string, len(args))
	for i, a := range args {
		names[i] = "<" + strings.ToUpper(typing.Name(a.Type)) + ">"
		if len(items) == len(args) {
			names[i] = "<" + writtenName(items[i], a.Type) + ">"
		}
	}
	return strings.Join(names, ", ")
}

// writtenName names the type of an expression.
func writtenName(e ast.Expr, t data.Type) string {
	switch e := e.(type) {
	case *ast.UnitArg:
		return "INTERVAL " + string(e.Unit)
	case *ast.Interval:
		name := "INTERVAL " + string(e.Unit.From)
		if e.Unit.To != "" {
			name += " TO " + string(e.Unit.To)
		}
		return name
	}
	return strings.ToUpper(typing.Name(t))
}

// incomparable words a use of GREATEST or LEAST of types that cannot be compared.
func incomparable(at ast.Node, name string, args []expr.Expr) error {
	if name != "GREATEST" && name != "LEAST" || len(args) < 2 || slices.ContainsFunc(args, isNull) {
		return nil
	}
	for i, a := range args[1:] {
		if _, ok := typing.Common(args[i].Type, a.Type); !ok {
			return ast.Errorf(at.Pos(), "Cannot apply '%s' to arguments of type '%s(%s)': All types in a comparison should support both 'EQUALS' and 'ORDER' comparison with each other. Can not compare %s with %s",
				name, name, argNames(at, args), typing.Display(args[i].Type), typing.Display(a.Type))
		}
	}
	return nil
}
