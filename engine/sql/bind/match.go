package bind

import (
	"reflect"
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// matching is a MATCH_RECOGNIZE in the making. Its definitions and measures are
// bound over references into the rows of a match.
type matching struct {
	b     *Binder
	scope *scope
	spec  graph.Match
	names map[string][]int // variables and subsets by name
	// defines is the variable whose condition is bound; nil: none is.
	defines []int
	below   []expr.Expr // what the input computes besides its columns
}

// matchRecognize binds t MATCH_RECOGNIZE (…).
func (b *Binder) matchRecognize(r *ast.MatchRecognize) (logical.Node, *scope, error) {
	input, sc, err := b.from(r.Input)
	if err != nil {
		return nil, nil, err
	}
	if r.RowsPerMatch == "ALL" {
		return nil, nil, ast.Planf(r.Pos(), "All rows per match mode is not supported yet.")
	}
	m := &matching{b: b, scope: sc, names: map[string][]int{}}
	if err := m.order(r); err != nil {
		return nil, nil, err
	}
	if err := m.pattern(r); err != nil {
		return nil, nil, err
	}
	if err := m.define(r); err != nil {
		return nil, nil, err
	}
	columns, err := m.measures(r)
	if err != nil {
		return nil, nil, err
	}
	width := len(sc.columns)
	below, at := extended(input, m.below)
	m.moveTo(at, width)
	n := &logical.Match{Input: below, Spec: m.spec, Columns: columns, Pos: r.Pos()}
	return b.aliased(n, r.Alias, "")
}

// column is the place of an expression in the rows the operator gets: those
// computed are numbered behind the input's until all are known.
func (m *matching) column(e expr.Expr) int {
	if e.Kind == expr.KindColumn {
		return e.Index
	}
	for i, have := range m.below {
		if sameExpr(have, e) {
			return len(m.scope.columns) + i
		}
	}
	m.below = append(m.below, e)
	return len(m.scope.columns) + len(m.below) - 1
}

func (m *matching) moveTo(at []int, width int) {
	move := func(i int) int {
		if i >= width {
			return at[i-width]
		}
		return i
	}
	for i, k := range m.spec.Keys {
		m.spec.Keys[i] = move(k)
	}
	for i := range m.spec.Order {
		m.spec.Order[i].Column = move(m.spec.Order[i].Column)
	}
	for i := range m.spec.Refs {
		r := &m.spec.Refs[i]
		if r.Column = move(r.Column); r.Agg != nil {
			for k, a := range r.Agg.Args {
				r.Agg.Args[k] = move(a)
			}
		}
	}
}

func (m *matching) order(r *ast.MatchRecognize) error {
	x := &exprBinder{b: m.b, scope: m.scope}
	keys, err := x.bindAll(r.PartitionBy...)
	if err != nil {
		return err
	}
	for _, k := range keys {
		m.spec.Keys = append(m.spec.Keys, m.column(k))
	}
	if len(r.OrderBy) == 0 {
		return ast.Planf(r.Pos(), "You must specify either rowtime or proctime for order by.")
	}
	list, sort, err := m.b.order(r.OrderBy, x, false)
	if err != nil {
		return err
	}
	if m.spec.Time = list[0].Type.TimeAttr; m.spec.Time == data.NoTimeAttr {
		return ast.Planf(r.OrderBy[0].Pos(), "You must specify either rowtime or proctime for order by as the first one.")
	}
	if sort[0].Desc {
		return ast.Planf(r.OrderBy[0].Pos(), "Primary sort order of a streaming table must be ascending on time.")
	}
	for i := range sort {
		sort[i].Column = m.column(list[i])
	}
	m.spec.Order = sort
	return nil
}

// pattern reads the pattern, with Flink's words for what it does not take.
func (m *matching) pattern(r *ast.MatchRecognize) error {
	items := []ast.Pattern{r.Pattern}
	if s, ok := r.Pattern.(*ast.PatternSeq); ok {
		items = flatPattern(s)
	}
	optional := true
	for _, p := range items {
		item, err := m.item(p)
		if err != nil {
			return err
		}
		m.spec.Pattern = append(m.spec.Pattern, item)
		optional = optional && item.Min == 0
	}
	if optional {
		return ast.Planf(r.Pattern.Pos(), "Patterns that can produce empty matches are not supported. There must be at least one non-optional state.")
	}
	for i, item := range m.spec.Pattern[1:] {
		optional := item.Min == 0 && (item.Max == 1 || item.Max < 0)
		if before := m.spec.Pattern[i]; optional && before.Greedy && before.Min != before.Max && before.Max != 1 {
			return ast.Planf(r.Pattern.Pos(), "Optional pattern cannot be preceded by greedy pattern")
		}
	}
	if last := m.spec.Pattern[len(m.spec.Pattern)-1]; last.Greedy && last.Min != last.Max && last.Max != 1 {
		return ast.Planf(r.Pattern.Pos(), "Greedy quantifiers are not allowed as the last element of a Pattern yet. Finish your pattern with either a simple variable or reluctant quantifier.")
	}
	for _, s := range r.Subsets {
		var of []int
		for _, id := range s.Items {
			v, err := m.variable(id)
			if err != nil {
				return err
			}
			of = append(of, v)
		}
		m.names[s.Name.Name] = of
	}
	m.spec.Skip = graph.SkipToNext
	if r.After != nil {
		m.spec.Skip = graph.MatchSkip(r.After.Kind)
		if r.After.Variable != nil {
			var err error
			if m.spec.SkipVar, err = m.variable(*r.After.Variable); err != nil {
				return err
			}
		}
	}
	if r.Within != nil {
		e, err := (&exprBinder{b: m.b, scope: &scope{}}).bind(r.Within)
		if err != nil {
			return err
		}
		ms, ok := constantMillis(e)
		if !ok {
			return ast.Planf(r.Within.Pos(), "Only constant intervals with millisecond resolution are supported as time constraints of patterns.")
		}
		m.spec.WithinMillis = max(ms, 0) // none, where it is not after the start
	}
	return nil
}

func flatPattern(s *ast.PatternSeq) []ast.Pattern {
	var out []ast.Pattern
	for _, i := range s.Items {
		if inner, ok := i.(*ast.PatternSeq); ok {
			out = append(out, flatPattern(inner)...)
			continue
		}
		out = append(out, i)
	}
	return out
}

func (m *matching) item(p ast.Pattern) (graph.MatchItem, error) {
	item := graph.MatchItem{Min: 1, Max: 1, Greedy: true}
	switch q := p.(type) {
	case *ast.PatternAlt:
		return item, ast.Planf(p.Pos(), "Currently, CEP doesn't support branching patterns.")
	case *ast.PatternPermute:
		return item, ast.Planf(p.Pos(), "Currently, CEP doesn't support PERMUTE patterns.")
	case *ast.PatternExclude:
		return item, ast.Planf(p.Pos(), "Currently, CEP doesn't support '{-' '-}' patterns.")
	case *ast.PatternRepeat:
		v, ok := q.Item.(*ast.PatternVar)
		switch {
		case !ok:
			return item, ast.Planf(p.Pos(), "Currently, CEP doesn't support quantifiers of groups of variables: quantify the variables themselves.")
		case q.Min < 0:
			return item, ast.Planf(p.Pos(), "The from should be a positive number greater than 0.")
		case q.Max >= 0 && q.Max < max(q.Min, 1):
			return item, ast.Planf(p.Pos(), "The to should be a number greater than or equal to from: %d.", q.Min)
		case q.Min == 0 && q.Max == 1 && q.Reluctant:
			return item, ast.Planf(p.Pos(), "Reluctant optional variables are not supported yet.")
		}
		item.Min, item.Max, item.Greedy = q.Min, q.Max, !q.Reluctant
		p = v
	}
	v, ok := p.(*ast.PatternVar)
	if !ok {
		return item, unsupported(p.Pos(), "this pattern is")
	}
	if m.names[v.Name.Name] != nil {
		return item, ast.Planf(p.Pos(), "Pattern variables must be unique. That might change in the future.")
	}
	item.Var = len(m.spec.Vars)
	m.names[v.Name.Name] = []int{item.Var}
	m.spec.Vars = append(m.spec.Vars, v.Name.Name)
	return item, nil
}

func (m *matching) variable(id ast.Ident) (int, error) {
	if k := slices.Index(m.spec.Vars, id.Name); k >= 0 {
		return k, nil
	}
	return 0, ast.Errorf(id.Pos(), "Unknown pattern '%s'", id.Name)
}

func (m *matching) define(r *ast.MatchRecognize) error {
	m.spec.Define = make([]*expr.Expr, len(m.spec.Vars))
	for _, d := range r.Define {
		v := slices.Index(m.spec.Vars, d.Name.Name)
		if v < 0 {
			continue // of a variable that is not in the pattern
		}
		if m.spec.Define[v] != nil {
			return ast.Errorf(d.Pos(), "Pattern variable '%s' has already been defined", d.Name.Name)
		}
		m.defines = []int{v}
		cond, err := m.b.condition(&exprBinder{b: m.b, scope: m.scope, match: m}, d.Cond, "DEFINE")
		if m.defines = nil; err != nil {
			return err
		}
		m.spec.Define[v] = &cond
	}
	return nil
}

func (m *matching) measures(r *ast.MatchRecognize) ([]data.Column, error) {
	var columns []data.Column
	if len(r.Measures) == 0 {
		return nil, ast.Errorf(r.Pos(), "Columns ambiguously defined: MATCH_RECOGNIZE needs MEASURES")
	}
	for _, item := range r.Measures {
		e, err := (&exprBinder{b: m.b, scope: m.scope, match: m}).bind(item.Expr)
		if err != nil {
			return nil, err
		}
		if isNull(e) {
			return nil, illegalNull(item.Expr.Pos())
		}
		m.spec.Measures = append(m.spec.Measures, e)
		columns = append(columns, data.Column{Name: item.Alias.Name, Type: e.Type})
	}
	return columns, nil
}

// ref is a column of the values that depend on the match.
func (m *matching) ref(r graph.MatchRef) expr.Expr {
	for i, have := range m.spec.Refs {
		if reflect.DeepEqual(have, r) {
			return expr.Column(i, r.Type)
		}
	}
	m.spec.Refs = append(m.spec.Refs, r)
	return expr.Column(len(m.spec.Refs)-1, r.Type)
}

// row tells apart a pattern variable before a name.
func (m *matching) row(n *ast.Name) (vars []int, e expr.Expr, err error) {
	if len(n.Parts) > 1 {
		if vars = m.names[n.Parts[0].Name]; vars != nil {
			n = &ast.Name{Span: n.Span, Parts: n.Parts[1:]}
		}
	}
	e, err = m.scope.resolve(n)
	return vars, e, err
}

// bind takes what looks into the match; everything else is taken apart by x.
func (m *matching) bind(x *exprBinder, e ast.Expr) (expr.Expr, bool, error) {
	switch n := e.(type) {
	case *ast.Name:
		if len(n.Parts) == 1 && !n.Parts[0].Quoted {
			if out, ok, err := x.bareWord(n); ok {
				return out, true, err
			}
		}
		vars, v, err := m.row(n)
		if err != nil {
			return v, true, err
		}
		return m.ref(graph.MatchRef{Vars: vars, Column: m.column(v), Type: withoutTime(v.Type).WithNull(true)}), true, nil
	case *ast.Unary:
		switch n.Op {
		case ast.OpFinal:
			v, err := x.bind(n.X)
			return v, true, err
		case ast.OpRunning:
			return expr.Expr{}, true, ast.Planf(n.Pos(), "Unsupported call: RUNNING")
		}
	case *ast.Call:
		return m.call(x, n)
	}
	return expr.Expr{}, false, nil
}
