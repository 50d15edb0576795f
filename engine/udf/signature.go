package udf

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/parse"
	"github.com/weir-streams/weir/engine/sql/typing"
)

// description is what weir_describe answers.
type description struct {
	ABI       int       `json:"abi"`
	Functions []declare `json:"functions"`
}

// declare is one form of a function; forms of one name are its overloads.
type declare struct {
	Name string `json:"name"`
	Kind string `json:"kind"` // scalar, table or aggregate
	// Args and Result are SQL types; of a table function Result is a ROW type.
	Args   []string `json:"args"`
	Result string   `json:"result"`
	// Strict functions are not called with NULL: the result is NULL then, and a
	// table function gives no rows, an aggregate leaves the row out.
	Strict bool `json:"strict"`
	// Volatile functions may give another answer for the same arguments.
	Volatile bool `json:"volatile"`
	// Retract tells that an aggregate can take a row back, Merge that it can join states.
	Retract bool `json:"retract"`
	Merge   bool `json:"merge"`
	// State names what the states of an aggregate are: another name, and those
	// of a former version are not read.
	State string `json:"state"`
}

// abiVersion is the only one there is.
const abiVersion = 1

// Bounds of a description.
const (
	maxDescription = 1 << 20
	maxForms       = 1000
	maxArgs        = 64
)

// form is one form of a function, checked.
type form struct {
	declare
	number int // in the module's description, which is how it is called
	kind   graph.FunctionKind
	args   []data.Type
	result data.Type // of a table function, the ROW of one of its rows
}

func (f *form) text() string {
	s := f.Name + "(" + strings.Join(f.Args, ", ") + ") → " + f.Result
	switch f.kind {
	case graph.TableFunction:
		s = f.Name + "(" + strings.Join(f.Args, ", ") + ") → TABLE " + f.Result
	case graph.AggregateFunction:
		s = "AGGREGATE " + s
	}
	return s
}

// readForms reads a description.
func readForms(text []byte) ([]form, error) {
	var d description
	dec := json.NewDecoder(strings.NewReader(string(text)))
	if err := dec.Decode(&d); err != nil {
		return nil, fmt.Errorf("read what the module says of itself: %w", err)
	}
	switch {
	case d.ABI != abiVersion:
		return nil, fmt.Errorf("the module is made for version %d of the calling convention, this engine has version %d", d.ABI, abiVersion)
	case len(d.Functions) == 0:
		return nil, errors.New("the module describes no functions")
	case len(d.Functions) > maxForms:
		return nil, fmt.Errorf("the module describes %d functions, more than %d", len(d.Functions), maxForms)
	}
	forms := make([]form, len(d.Functions))
	for i, f := range d.Functions {
		var err error
		if forms[i], err = f.check(i); err != nil {
			return nil, fmt.Errorf("function %d of the module, %q: %w", i+1, f.Name, err)
		}
	}
	return forms, nil
}

func (d declare) check(number int) (form, error) {
	f := form{declare: d, number: number}
	switch d.Kind {
	case "scalar", "":
		f.kind = graph.ScalarFunction
	case "table":
		f.kind = graph.TableFunction
	case "aggregate":
		f.kind = graph.AggregateFunction
	default:
		return f, fmt.Errorf("kind %q: scalar, table or aggregate expected", d.Kind)
	}
	if d.Name == "" {
		return f, errors.New("it has no name")
	}
	if len(d.State) > 100 {
		return f, fmt.Errorf("the name of its state has %d bytes, more than 100", len(d.State))
	}
	if len(d.Args) > maxArgs {
		return f, fmt.Errorf("it has %d arguments, more than %d", len(d.Args), maxArgs)
	}
	for i, a := range d.Args {
		t, err := typeOf(a)
		if err == nil {
			err = passable(t)
		}
		if err != nil {
			return f, fmt.Errorf("argument %d: %w", i+1, err)
		}
		f.args = append(f.args, t.WithNull(true))
	}
	t, err := typeOf(d.Result)
	if err != nil {
		return f, fmt.Errorf("result: %w", err)
	}
	f.result = t
	if f.kind == graph.TableFunction {
		if t.Kind != data.Row {
			return f, fmt.Errorf("result: a table function gives rows, such as ROW<word STRING>, not %s", t)
		}
		f.result.Nullable = false
		for i, c := range t.Args {
			if err := returnable(c); err != nil {
				return f, fmt.Errorf("result, column %s: %w", t.Names[i], err)
			}
		}
		return f, nil
	}
	if err := returnable(t); err != nil {
		return f, fmt.Errorf("result: %w", err)
	}
	return f, nil
}

func typeOf(text string) (data.Type, error) {
	d, err := parse.DataType(text)
	if err != nil {
		return data.Type{}, fmt.Errorf("type %q: %w", text, err)
	}
	t, err := typing.FromAST(d)
	if err != nil {
		return data.Type{}, fmt.Errorf("type %q: %w", text, err)
	}
	return t, nil
}

// passable refuses types whose values cannot be handed to a module.
func passable(t data.Type) error {
	switch t.Phys() {
	case data.PhysBool, data.PhysI32, data.PhysI64, data.PhysF32, data.PhysF64, data.PhysI128, data.PhysTime:
		return nil
	case data.PhysString:
		if t.Kind != data.Variant && t.Kind != data.Raw && t.Kind != data.Bitmap32 {
			return nil
		}
	case data.PhysList, data.PhysRow:
		for _, part := range t.Args {
			if err := passable(part); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("%s cannot be handed to a module; the types are BOOLEAN, the numbers, DECIMAL, STRING, BYTES, DATE, TIME, TIMESTAMP and TIMESTAMP_LTZ, and ARRAY, MAP, MULTISET and ROW of them", t)
}

func returnable(t data.Type) error {
	if err := passable(t); err != nil {
		return err
	}
	for _, part := range t.Args {
		if err := returnable(part); err != nil {
			return err
		}
	}
	switch t.Kind {
	case data.Char, data.Binary:
		return fmt.Errorf("%s cannot be a result; use STRING or BYTES", t)
	case data.VarChar, data.VarBinary:
		if t.Precision != data.MaxLength {
			return fmt.Errorf("%s cannot be a result; use STRING or BYTES", t)
		}
	}
	return nil
}

// infer finds the form for arguments: the first whose types are theirs, else
// the first they can be converted to without being asked.
func infer(forms []*form, args []function.Arg) (*form, error) {
	var found *form
	for _, f := range forms {
		if len(f.args) != len(args) {
			continue
		}
		exact, fits := true, true
		for i, a := range args {
			exact = exact && a.Type.Kind == f.args[i].Kind
			fits = fits && typing.Assignable(a.Type, f.args[i])
		}
		if exact && fits {
			return f, nil
		}
		if fits && found == nil {
			found = f
		}
	}
	if found == nil {
		var want []string
		for _, f := range forms {
			want = append(want, f.text())
		}
		return nil, fmt.Errorf("it takes %s", strings.Join(want, ", or "))
	}
	return found, nil
}

// signature is how arguments are used with f.
func (f *form) signature(args []function.Arg) function.Signature {
	s := function.Signature{Args: make([]data.Type, len(args)), Result: f.result}
	null := false
	for i, a := range args {
		nullable := a.Type.Nullable || a.Type.Kind == data.Null
		null = null || nullable
		s.Args[i] = f.args[i].WithNull(nullable)
	}
	if f.Strict && null && f.kind != graph.AggregateFunction {
		s.Result.Nullable = true
	}
	if f.kind == graph.TableFunction {
		s.Result = data.Type{Kind: data.Array, Args: []data.Type{f.result}, Nullable: f.Strict && null}
	}
	return s
}
