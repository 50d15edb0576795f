package function

import (
	"errors"
	"fmt"

	"github.com/weir-streams/weir/engine/data"
)

// Param says what one argument may be. It returns the type the argument is
// cast to, and false if the argument will not do.
type Param struct {
	Want   string // for errors: "a string"
	Match  func(a Arg) (data.Type, bool)
	Family string // what Flink's messages call it: CHARACTER
}

// The usual parameters. A bare NULL fits every one.
var (
	Text       = Param{"a string", matchText, "CHARACTER"}
	Binary     = Param{"BINARY or VARBINARY", matchBinary, "BINARY"}
	TextOrBin  = Param{"a string or binary", either(matchText, matchBinary), "STRING"}
	Integer    = Param{"an integer", matchInteger, "INTEGER"}
	Int        = Param{"INT", to(data.Int, data.TinyInt, data.SmallInt, data.Int), "INTEGER"}
	BigInt     = Param{"an integer", to(data.BigInt, data.TinyInt, data.SmallInt, data.Int, data.BigInt), "INTEGER"}
	Number     = Param{"a number", matchNumber, "NUMERIC"}
	Double     = Param{"a number", to(data.Double, data.TinyInt, data.SmallInt, data.Int, data.BigInt, data.Float, data.Double, data.Decimal), "NUMERIC"}
	Bool       = Param{"BOOLEAN", to(data.Boolean, data.Boolean), "BOOLEAN"}
	DateTime   = Param{"a date, time or timestamp", oneOf(data.Date, data.Time, data.Timestamp, data.TimestampLTZ), "DATETIME"}
	Timestamps = Param{"a timestamp", oneOf(data.Timestamp, data.TimestampLTZ), "TIMESTAMP"}
	ArrayOf    = Param{"an array", oneOf(data.Array), "ARRAY"}
	MapOf      = Param{"a map", oneOf(data.Map), "MAP"}
	Any        = Param{"a value", func(a Arg) (data.Type, bool) { return a.Type, true }, "ANY"}
	// Unit is a time unit: a literal string.
	Unit = Param{"a time unit", func(a Arg) (data.Type, bool) {
		return a.Type, a.Literal != nil && !a.Literal.Null && isText(a.Type.Kind)
	}, "ANY"}
)

func isText(k data.Kind) bool { return k == data.Char || k == data.VarChar }

func matchText(a Arg) (data.Type, bool) {
	if a.Type.Kind == data.Null {
		return data.String(), true
	}
	return a.Type, isText(a.Type.Kind)
}

func matchBinary(a Arg) (data.Type, bool) {
	if a.Type.Kind == data.Null {
		return data.Type{Kind: data.VarBinary, Nullable: true, Precision: data.MaxLength}, true
	}
	return a.Type, a.Type.Kind == data.Binary || a.Type.Kind == data.VarBinary
}

func matchInteger(a Arg) (data.Type, bool) {
	if a.Type.Kind == data.Null {
		return data.Of(data.Int), true
	}
	return a.Type, a.Type.Kind >= data.TinyInt && a.Type.Kind <= data.BigInt
}

func matchNumber(a Arg) (data.Type, bool) {
	if a.Type.Kind == data.Null {
		return data.Of(data.Int), true
	}
	return a.Type, a.Type.Kind >= data.TinyInt && a.Type.Kind <= data.Decimal
}

func either(p, q func(Arg) (data.Type, bool)) func(Arg) (data.Type, bool) {
	return func(a Arg) (data.Type, bool) {
		if t, ok := p(a); ok {
			return t, true
		}
		return q(a)
	}
}

func oneOf(kinds ...data.Kind) func(Arg) (data.Type, bool) {
	return func(a Arg) (data.Type, bool) {
		if a.Type.Kind == data.Null {
			t := data.Of(kinds[0])
			if kinds[0] == data.Timestamp {
				t.Precision = 3
			}
			return t, kinds[0] != data.Array && kinds[0] != data.Map
		}
		for _, k := range kinds {
			if a.Type.Kind == k {
				return a.Type, true
			}
		}
		return a.Type, false
	}
}

func to(target data.Kind, from ...data.Kind) func(Arg) (data.Type, bool) {
	return func(a Arg) (data.Type, bool) {
		if a.Type.Kind == data.Null {
			return data.Of(target), true
		}
		for _, k := range from {
			if a.Type.Kind == k {
				return data.Of(target).WithNull(a.Type.Nullable), true
			}
		}
		return a.Type, false
	}
}

// Result computes the type of a result from the types the arguments are cast to.
type Result func(args []data.Type) data.Type

// AnyNull tells whether an argument may be NULL.
func AnyNull(args []data.Type) bool {
	for _, t := range args {
		if t.Nullable {
			return true
		}
	}
	return false
}

// IfNull is a result that may be NULL when an argument may.
func IfNull(t data.Type) Result {
	return func(args []data.Type) data.Type { return t.WithNull(AnyNull(args)) }
}

// Always is a result of one type: with its own nullability.
func Always(t data.Type) Result { return func([]data.Type) data.Type { return t } }

// Like is a result of the type of argument i, NULL when an argument may be.
func Like(i int) Result {
	return func(args []data.Type) data.Type { return args[i].WithNull(AnyNull(args)) }
}

// VarLike is a VARCHAR as long as argument i.
func VarLike(i int) Result {
	return func(args []data.Type) data.Type {
		return data.Type{Kind: data.VarChar, Precision: args[i].Precision, Nullable: AnyNull(args)}
	}
}

// Args makes the Infer of a function with exactly these parameters.
func Args(result Result, params ...Param) func([]Arg) (Signature, error) {
	return Between(len(params), result, params...)
}

// Between makes the Infer of a function whose parameters after the first least are optional.
func Between(least int, result Result, params ...Param) func([]Arg) (Signature, error) {
	return func(args []Arg) (Signature, error) {
		if len(args) < least || len(args) > len(params) {
			return Signature{}, WrongCount(len(args), least, len(params))
		}
		return match(result, args, func(i int) Param { return params[i] }, least, params)
	}
}

// Many makes the Infer of a function of at least `least` arguments, the last
// parameter repeated.
func Many(least int, result Result, params ...Param) func([]Arg) (Signature, error) {
	return func(args []Arg) (Signature, error) {
		if len(args) < least {
			return Signature{}, WrongCount(len(args), least, -1)
		}
		return match(result, args, func(i int) Param { return params[min(i, len(params)-1)] }, 1, params[:1])
	}
}

// Overload makes an Infer of several: the first that takes the arguments.
func Overload(forms ...func([]Arg) (Signature, error)) func([]Arg) (Signature, error) {
	return func(args []Arg) (Signature, error) {
		var first error
		var all [][]string
		for _, f := range forms {
			s, err := f(args)
			if err == nil {
				return s, nil
			}
			if first == nil {
				first = err
			}
			if m := (*Mismatch)(nil); errors.As(err, &m) {
				all = append(all, m.Forms...)
			}
		}
		if m := (*Mismatch)(nil); errors.As(first, &m) {
			m.Forms = all
		}
		return Signature{}, first
	}
}

// Mismatch says that a function does not take an argument.
type Mismatch struct {
	Arg    int    // counted from 0
	Want   string // what it may be, for people
	Family string // the same, for Flink's messages; empty if it has no name there
	Given  data.Type
	Forms  [][]string // the families of the parameters of each way to call the function
}

func (m *Mismatch) Error() string {
	return fmt.Sprintf("argument %d must be %s, not %s", m.Arg+1, m.Want, m.Given)
}

// match resolves a call; the forms of an error have least to all of params.
func match(result Result, args []Arg, param func(i int) Param, least int, params []Param) (Signature, error) {
	s := Signature{Args: make([]data.Type, len(args))}
	for i, a := range args {
		p := param(i)
		t, ok := p.Match(a)
		if !ok {
			return Signature{}, &Mismatch{Arg: i, Want: p.Want, Family: p.Family, Given: a.Type, Forms: formsOf(least, params)}
		}
		s.Args[i] = t
	}
	s.Result = result(s.Args)
	return s, nil
}

// formsOf names the parameters of each length from least on; none if one has no name.
func formsOf(least int, params []Param) [][]string {
	var forms [][]string
	for n := least; n <= len(params); n++ {
		form := make([]string, n)
		for i, p := range params[:n] {
			if p.Family == "" {
				return nil
			}
			form[i] = p.Family
		}
		forms = append(forms, form)
	}
	return forms
}

// Count says that a function does not take so many arguments.
type Count struct{ Got, Least, Most int }

// WrongCount is the error of a call with the wrong number of arguments; most is
// negative where there is no most.
func WrongCount(got, least, most int) error { return &Count{got, least, most} }

func (c *Count) Error() string {
	switch {
	case c.Most == c.Least && c.Least == 1:
		return fmt.Sprintf("takes 1 argument, got %d", c.Got)
	case c.Most == c.Least:
		return fmt.Sprintf("takes %d arguments, got %d", c.Least, c.Got)
	case c.Most < 0:
		return fmt.Sprintf("takes at least %d arguments, got %d", c.Least, c.Got)
	}
	return fmt.Sprintf("takes %d to %d arguments, got %d", c.Least, c.Most, c.Got)
}
