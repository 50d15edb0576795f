package bind

import (
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/option"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// hinted is what the hints of a SELECT say: for how long the state of its joins
// and its aggregation keeps the rows of a table, in milliseconds.
type hinted struct {
	ttl    map[string]int64 // by table
	named  []hintName
	tables []string // of FROM, as they are met
}

type hintName struct {
	table, hint string
	pos         ast.Pos
}

// Hints of the optimizer that name tables. They say how to join, which here
// changes nothing; that they name tables of the query is checked, as in Flink.
var joinHints = []string{"BROADCAST", "SHUFFLE_HASH", "SHUFFLE_MERGE", "NEST_LOOP", "MULTI_JOIN"}

// hintsOf reads /*+ STATE_TTL('a' = '1d'), BROADCAST(b) */ after SELECT.
func hintsOf(hints []ast.Hint) (*hinted, error) {
	h := &hinted{ttl: map[string]int64{}}
	for _, x := range hints {
		name := strings.ToUpper(x.Name.Name)
		switch {
		case name == "STATE_TTL":
			if len(x.Options) == 0 {
				return nil, ast.Errorf(x.Pos(), "Invalid STATE_TTL hint, expecting at least one key-value options specified.")
			}
			for _, o := range x.Options {
				d, err := option.ParseDuration(o.Value)
				if err != nil {
					return nil, ast.Planf(o.Pos(), "Invalid STATE_TTL hint value: hint STATE_TTL('%s' = '%s'): %w", o.Key, o.Value, err)
				}
				h.ttl[o.Key] = d.Milliseconds()
				h.named = append(h.named, hintName{o.Key, name, o.Pos()})
			}
		case name == "LOOKUP":
			table := ""
			for _, o := range x.Options {
				if o.Key == "table" {
					table = o.Value
					h.named = append(h.named, hintName{o.Value, name, o.Pos()})
				}
			}
			if table == "" {
				return nil, ast.Planf(x.Pos(), "Invalid LOOKUP hint: incomplete required option(s): [Key: 'table']")
			}
		case slices.Contains(joinHints, name):
			if len(x.Args) == 0 {
				return nil, ast.Errorf(x.Pos(), "Invalid %s hint, expecting at least one table or view specified.", name)
			}
			for _, a := range x.Args {
				h.named = append(h.named, hintName{a, name, x.Pos()})
			}
		default:
			return nil, unknownHint(x.Pos(), name)
		}
	}
	return h, nil
}

func unknownHint(pos ast.Pos, name string) error {
	return ast.Planf(pos, "Hint: %s should be registered in the HintStrategyTable: there are STATE_TTL, LOOKUP, %s", name, strings.Join(joinHints, ", "))
}

// met notes the tables of a scope.
func (h *hinted) met(s *scope) {
	if h == nil {
		return
	}
	for _, t := range s.tables {
		h.tables = append(h.tables, t.name)
	}
}

// check refuses hints for tables that are not there.
func (h *hinted) check() error {
	for _, n := range h.named {
		if len(h.tables) < 2 && n.hint != "STATE_TTL" {
			continue // without a join nobody asks, as in Flink
		}
		last := n.table[strings.LastIndex(n.table, ".")+1:]
		if !slices.Contains(h.tables, n.table) && !slices.Contains(h.tables, last) {
			return ast.Errorf(n.pos, "The options of following hints cannot match the name of input tables or views: \n`%s` in `%s`%s", n.table, n.hint, meant(n.table, h.tables))
		}
	}
	return nil
}

// of is for how long rows of a scope are kept, where a hint says so: nil is as
// configured. A scope of several tables has no name a hint could use.
func (h *hinted) of(s *scope) *int64 {
	if h == nil || len(s.tables) != 1 {
		return nil
	}
	name := s.tables[0].name
	for table, ms := range h.ttl {
		if table == name || name != "" && strings.HasSuffix(table, "."+name) {
			return &ms
		}
	}
	return nil
}
