package bind

import (
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// changelogs tells whether a table function makes rows of changes, or changes of rows.
func changelogs(c *ast.Call) bool {
	name := strings.ToUpper(c.Name.Last().Name)
	return len(c.Name.Parts) == 1 && (name == "TO_CHANGELOG" || name == "FROM_CHANGELOG")
}

var changeKinds = []string{"INSERT", "DELETE", "UPDATE_BEFORE", "UPDATE_AFTER"}

// changelogFunction binds TO_CHANGELOG and FROM_CHANGELOG(input => TABLE t [, op =>
// DESCRIPTOR(column)] [, op_mapping => MAP['kinds or codes', …]]).
func (b *Binder) changelogFunction(c *ast.Call) (logical.Node, error) {
	params := []string{"INPUT", "OP", "OP_MAPPING"}
	args := map[string]ast.Expr{}
	for i, a := range c.Args {
		if n, ok := a.(*ast.NamedArg); ok {
			args[strings.ToUpper(n.Name.Name)] = n.Value
		} else if i < len(params) {
			args[params[i]] = a
		}
	}
	read := strings.EqualFold(c.Name.Last().Name, "FROM_CHANGELOG")
	table, ok := args["INPUT"].(*ast.TableArg)
	switch {
	case !ok:
		return nil, ast.Errorf(c.Pos(), "Invalid argument value. Argument 'input' expects a table to be passed.")
	case len(table.PartitionBy) > 0:
		return nil, ast.Errorf(c.Pos(), "Only tables with set semantics may be partitioned. Invalid PARTITION BY clause in the 0-th operand of table function '%s'", strings.ToUpper(c.Name.Last().Name))
	}
	input, _, err := b.tableArg(table)
	if err != nil {
		return nil, err
	}
	out := &logical.Changelog{Input: input, Name: "op", Pos: c.Pos(), Spec: graph.Changelog{Read: -1}}
	if d := args["OP"]; d != nil {
		name, ok := d.(*ast.Descriptor)
		if !ok || len(name.Columns) != 1 {
			return nil, ast.Errorf(d.Pos(), "Argument 'op' takes one column: DESCRIPTOR(column)")
		}
		out.Name = name.Columns[0].Name
	}
	columns := input.Schema()
	at := slices.IndexFunc(columns, func(c data.Column) bool { return c.Name == out.Name })
	if read {
		switch {
		case at < 0:
			return nil, ast.Errorf(c.Pos(), "The op column '%s' does not exist in the input schema%s", out.Name, meant(out.Name, names(columns)))
		case columns[at].Type.Phys() != data.PhysString:
			return nil, ast.Errorf(c.Pos(), "The op column '%s' must be of STRING type, but was '%s'.", out.Name, columns[at].Type)
		}
		out.Spec.Read = at
	} else if at >= 0 {
		return nil, ast.Errorf(c.Pos(), "Field names must be unique. Found duplicates: [%s]", out.Name)
	}
	out.Spec.Codes, err = changeCodes(args["OP_MAPPING"], read)
	return out, err
}

// changeCodes reads MAP['INSERT, UPDATE_AFTER', 'u', …], or with read MAP['c, r', 'INSERT', …].
func changeCodes(e ast.Expr, read bool) (map[string]string, error) {
	codes := map[string]string{}
	if e == nil {
		for _, k := range changeKinds {
			codes[k] = k
		}
		return codes, nil
	}
	m, ok := e.(*ast.Collection)
	if !ok || m.Kind != "MAP" {
		return nil, ast.Errorf(e.Pos(), "Argument 'op_mapping' takes a map of literals: MAP['…', '…']")
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(m.Items); i += 2 {
		from, ok1 := m.Items[i].(*ast.Literal)
		to, ok2 := m.Items[i+1].(*ast.Literal)
		if !ok1 || !ok2 || from.Kind != ast.StringLiteral || to.Kind != ast.StringLiteral {
			return nil, ast.Errorf(m.Items[i].Pos(), "Argument 'op_mapping' takes a map of literals: MAP['…', '…']")
		}
		for _, k := range strings.Split(from.Text, ",") {
			k = strings.TrimSpace(k)
			kind := k
			if read {
				kind = strings.TrimSpace(to.Text)
			}
			if !slices.Contains(changeKinds, kind) {
				return nil, ast.Errorf(e.Pos(), "Invalid target mapping for argument 'op_mapping'. Unknown change operation: '%s'. Valid values are: [%s].", kind, strings.Join(changeKinds, ", "))
			}
			if _, twice := codes[k]; twice {
				return nil, ast.Errorf(e.Pos(), "Invalid target mapping for argument 'op_mapping'. Duplicate key: '%s'.", k)
			}
			seen[kind] = true
			if codes[k] = to.Text; read {
				codes[k] = kind
			}
		}
	}
	if read && seen["UPDATE_AFTER"] && !seen["UPDATE_BEFORE"] {
		return nil, ast.Errorf(e.Pos(), "The 'op_mapping' must include UPDATE_BEFORE for retract mode. Upsert mode (without UPDATE_BEFORE) is not supported in this version.")
	}
	return codes, nil
}
