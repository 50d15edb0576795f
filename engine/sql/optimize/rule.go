// Package optimize rewrites logical plans into cheaper ones of the same
// meaning. Every rule is one file and one line in the list below.
//
// The rule of rules: a rewrite gives the same rows, errors and time attributes
// as before, or it does not fire. Nothing here asks for time, randomness or
// the world.
package optimize

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// Context is what rules may ask.
type Context struct {
	// Fold evaluates an expression without columns; nil: nothing is evaluated.
	Fold func(e expr.Expr) (data.Value, error)
	// Volatile tells whether a function may answer differently each time.
	Volatile func(name string) bool
	// ReorderJoins is table.optimizer.join-reorder-enabled: the smallest results
	// come first, not only joins by key before those without.
	ReorderJoins bool
	// Bounded tells whether a table ends; nil: none does.
	Bounded func(t graph.Table) bool

	fired map[string]int
	// settled are nodes that no rule changes, nor anything below them: they are not
	// looked at again when something above them changes.
	settled map[logical.Node]bool
}

// Rule rewrites a node, whose inputs no rule of the list wants to change.
type Rule struct {
	Name string
	Why  string
	// apply gives the new node, or nil if the rule does not fire.
	apply func(n logical.Node, c *Context) logical.Node
}

// Rules are applied bottom up until none fires.
var Rules = []Rule{
	{"FoldConstants", "what does not depend on a row is computed once", foldConstants},
	{"SimplifyCondition", "a condition that is said plainly is seen through: a NOT hides a bound, an OR hides a key", simplifyCondition},
	{"Contradiction", "a condition that contradicts itself leaves no rows", contradiction},
	{"DropTrueFilter", "a condition that is always TRUE filters nothing; one that never is leaves no rows", dropFilter},
	{"MergeFilters", "one condition instead of two", mergeFilters},
	{"PushFilterBelowProject", "rows that are not wanted need no columns computed", pushFilterBelowProject},
	{"PushFilterBelowUnion", "each input filters its own rows, near its source", pushFilterBelowUnion},
	{"PushFilterBelowWindow", "a row is judged once, not once in each window it is in", pushFilterBelowWindow},
	{"PushRepeatBelowWindow", "rows that are repeated for GROUPING SETS are put into windows after that", pushRepeatBelowWindow},
	{"PushFilterIntoJoin", "pairs that are not wanted are not made, rows that are not wanted not kept", pushFilterIntoJoin},
	{"PushFilterBelowLookup", "rows that are not wanted need no table asked, nor wait for a version of it", pushFilterBelowLookup},
	{"PushJoinCondition", "a row that can match nothing need not be kept", pushJoinCondition},
	{"ComputeJoinKeys", "rows that must be equal in something meet by key", computeJoinKeys},
	{"BoundRank", "a condition on the rank says how many rows are to be kept", boundRank},
	{"ConstantRank", "where one rank is asked for, nobody need be told which", constantRank},
	{"MergeProjects", "columns are computed in one step", mergeProjects},
	{"DropProject", "a projection of all columns in order does nothing", dropProject},
	{"UseFilterConstants", "after a filter a = 2, a is 2", useFilterConstants},
	{"ProjectValues", "constants over literal rows are literal rows", projectValues},
	{"MergeValues", "literal rows united are literal rows, and keep their order", mergeValues},
	{"PruneEmpty", "what reads no rows gives none", pruneEmpty},
	{"AggregateNothing", "how many rows there are where there are none is known", aggregateNothing},
	{"WindowAggregate", "grouping by a window closes with the window: each result is given once and its state dropped", windowAggregate},
}

// Passes look at the whole plan, once, after the rules; then the rules run again.
var Passes = []struct {
	Name, Why string
	apply     func(roots []logical.Node, c *Context) []logical.Node
}{
	{"ReorderJoins", "rows meet by key before they meet without one, and where it is asked for the fewest first", reorderJoins},
	{"FreeRank", "a number that nothing bounds is counted up to each row", freeRanks},
	{"Leaders", "a row that is joined with the greatest of its window is not kept once a greater one is there", addLeaders},
	{"DropWatermark", "where nothing waits for event time, watermarks are not made, and filters reach the source", dropWatermarks},
	{"PruneColumns", "columns and fields that nobody uses are not read", pruneColumns},
	{"HintFilter", "a source may leave out rows that the filter after it drops", hintFilters},
}

// PassNames lists the passes.
func PassNames() []string {
	out := make([]string, len(Passes))
	for i, p := range Passes {
		out[i] = p.Name
	}
	return out
}

// maxRounds bounds the rewriting of a plan; no rule may undo another, so it is
// never reached.
const maxRounds = 1000

// Optimize rewrites the plans of one job.
func Optimize(roots []logical.Node, c *Context) []logical.Node {
	if c.Volatile == nil {
		c.Volatile = func(string) bool { return false }
	}
	c.fired, c.settled = map[string]int{}, map[logical.Node]bool{}
	roots = fixpoint(roots, c)
	for _, p := range Passes {
		roots = fixpoint(p.apply(roots, c), c)
	}
	return roots
}

// Fired tells how often each rule fired in the last Optimize.
func (c *Context) Fired() map[string]int { return c.fired }

func fixpoint(roots []logical.Node, c *Context) []logical.Node {
	out := make([]logical.Node, len(roots))
	for i, r := range roots {
		out[i] = rewrite(r, c)
	}
	return out
}

func rewrite(n logical.Node, c *Context) logical.Node {
	if c.settled[n] {
		return n
	}
	for range maxRounds {
		n = rewriteInputs(n, c)
		next := once(n, c)
		if next == nil {
			c.settled[n] = true
			return n
		}
		n = next
	}
	return n
}

func rewriteInputs(n logical.Node, c *Context) logical.Node {
	in := n.Inputs()
	changed := false
	out := make([]logical.Node, len(in))
	for i, x := range in {
		out[i] = rewrite(x, c)
		changed = changed || out[i] != x
	}
	if changed {
		return n.With(out...)
	}
	return n
}

func once(n logical.Node, c *Context) logical.Node {
	for _, r := range Rules {
		if out := r.apply(n, c); out != nil {
			c.fired[r.Name]++
			return out
		}
	}
	return nil
}
