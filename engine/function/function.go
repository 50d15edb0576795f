// Package function is the contract of SQL functions. Each function is declared
// once: name, documentation, how types are inferred, and the kernel that runs
// over columns. The binder asks for types, the compiler for the kernel, the
// reference page for the rest.
//
// Special syntaxes arrive as plain calls. Words and units of time are literal
// strings in upper case:
//
//	EXTRACT(unit FROM x)                 EXTRACT(unit, x)
//	FLOOR(x TO unit), CEIL(x TO unit)    FLOOR(x, unit), CEIL(x, unit)
//	TIMESTAMPADD, TIMESTAMPDIFF          the unit first
//	TRIM(BOTH c FROM s)                  TRIM('BOTH', c, s); TRIM(s) as it is
//	POSITION(a IN b)                     POSITION(a, b)
//	SUBSTRING(s FROM a FOR b)            SUBSTRING(s, a, b)
//	OVERLAY(s PLACING r FROM a FOR b)    OVERLAY(s, r, a, b)
//	a || b                               ||(a, b)
//	x IS JSON OBJECT                     IS JSON OBJECT(x)
//
// MOD is declared among the functions and compiled as the operator %.
package function

import "github.com/weir-streams/weir/engine/data"

// Arg is what the binder knows of an argument.
type Arg struct {
	Type    data.Type
	Literal *data.Value // set when the argument is a constant
}

// Signature is one resolved use of a function: what the arguments are cast to,
// and the type of the result.
type Signature struct {
	Args   []data.Type
	Result data.Type
}

// Scalar is a function of the values of one row.
type Scalar struct {
	Name     string   // canonical, upper case
	Aliases  []string // other names it is called by
	Category string   // text, number, temporal, json, collection, conditional, hash, system
	Syntax   string   // for people: "UPPER(string)"
	Doc      string   // one or two sentences
	Examples []Example
	// Infer resolves a use. Its error says what was expected, without a position.
	Infer func(args []Arg) (Signature, error)
	// Eval computes the rows of c.Sel (all of 0..N-1 when nil) of c.Out.
	Eval func(c *Call) error
	// Strict functions are NULL when any argument is; Eval is then called with
	// rows where none is, and the compiler sets the NULLs.
	Strict bool
	// Total functions never fail, whatever their arguments.
	Total bool
	// Costly functions take tens of nanoseconds a row: conditions look at them
	// last where that makes no difference but in speed.
	Costly bool
	// Volatile functions must not be folded or shared (PROCTIME, RAND, UUID).
	Volatile bool
}

// Example is shown in the reference and run as a test.
type Example struct {
	SQL  string // an expression
	Want string // its text; "NULL" for NULL
}

// Call is one evaluation over a batch.
type Call struct {
	Args []*data.Vector
	// Const has the value of each argument that is a literal, nil for others.
	Const []*data.Value
	// Out has N rows of Signature.Result, no NULLs set yet.
	Out *data.Vector
	N   int
	Sel []int32
	Env *Env
	// State is kept from batch to batch by one task for one call of a volatile
	// function, nil at first; it is not part of checkpoints.
	State *any

	all     []int32 // see Rows
	scratch []byte
}

// Env is what functions may know of the world.
type Env struct {
	// TimeZone is the session zone (table.local-time-zone).
	TimeZone *Zone
	// Now is the processing time of this batch, milliseconds since the epoch.
	Now int64
}

// Aggregate describes an aggregate function to the binder; the aggregation
// operators implement it by name.
type Aggregate struct {
	Name     string
	Aliases  []string
	Syntax   string
	Doc      string
	Examples []Example
	// Infer gives the argument types and the result type. With no GROUP BY keys
	// the binder makes the result nullable (except for COUNT).
	Infer func(args []Arg) (Signature, error)
	// Fold computes the function over arguments of types that Infer gave; nil for
	// what is built in.
	Fold func(args []data.Type) (*Fold, error)
	// Batch is set where it exists in batch mode only, as in Flink.
	Batch bool
}

// Set is a searchable collection of functions, made from visible tables.
type Set struct {
	scalars    map[string]*Scalar
	aggregates map[string]*Aggregate
	tables     map[string]*Scalar // the table functions among scalars
	below      *Set               // asked next; see With
}
