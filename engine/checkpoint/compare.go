package checkpoint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
)

// Want is what an operator of a graph keeps between barriers: what state it
// takes when a job starts.
type Want struct {
	UID, Name string
	// Stateful operators begin empty when there is no state for them.
	Stateful bool
	// Keyed are its keyed states; nil if they are not known.
	Keyed []Shape
}

// Shape is the form of a keyed state.
type Shape struct {
	Name   string
	Keys   int // how many of Schema are the key
	Schema []data.Column
	Rows   int64
}

// Fate is what becomes of the state of an operator.
type Fate string

// The fates.
const (
	Kept     Fate = "KEPT"
	Migrated Fate = "MIGRATED" // kept, under a schema that is written in another way
	New      Fate = "NEW"      // there is none: it begins empty
	Lost     Fate = "LOST"     // there is some that nobody takes
)

// Verdict is the fate of one operator's state.
type Verdict struct {
	UID, Name   string
	Fate        Fate
	Rows, Bytes int64 // of the state there is
	Items       int
	Reason      string // in words; empty when all is kept
}

// Compare tells what becomes of the state that there is in a job with these
// operators. It is the rule by which a job is restored: state with the fate
// Lost keeps a job from starting, unless it may be dropped.
func Compare(have []Operator, wants []Want) []Verdict {
	by := make(map[string]*Want, len(wants))
	for i := range wants {
		by[wants[i].UID] = &wants[i]
	}
	var out []Verdict
	there := map[string]bool{}
	for _, op := range have {
		if op.Rows == 0 && op.Items == 0 {
			continue // an operator that has seen nothing loses nothing
		}
		v := Verdict{UID: op.UID, Name: op.Name, Fate: Kept, Rows: op.Rows, Bytes: op.Bytes, Items: op.Items}
		switch w := by[op.UID]; {
		case w == nil:
			v.Fate, v.Reason = Lost, "no operator of the job means the same"
		default:
			v.Name = w.Name
			v.Fate, v.Reason = fit(op.Keyed, w.Keyed)
		}
		there[op.UID] = true
		out = append(out, v)
	}
	for _, w := range wants {
		if w.Stateful && !there[w.UID] {
			out = append(out, Verdict{UID: w.UID, Name: w.Name, Fate: New, Reason: "there is no state for it: it begins empty"})
		}
	}
	return out
}

// fit compares the keyed states there are with those wanted.
func fit(have, want []Shape) (Fate, string) {
	if want == nil {
		return Kept, ""
	}
	fate, reason := Kept, ""
	for _, h := range have {
		if h.Rows == 0 {
			continue
		}
		i := 0
		for i < len(want) && want[i].Name != h.Name {
			i++
		}
		if i == len(want) {
			return Lost, fmt.Sprintf("its state %q is not kept by the operator any more", h.Name)
		}
		w := want[i]
		_, words, ok := evolve(h.Schema, w.Schema, w.Keys)
		if !ok || h.Keys != w.Keys {
			reason := fmt.Sprintf("its state %q has columns (%s), and the operator now needs (%s)", h.Name, columns(h.Schema), columns(w.Schema))
			if words != "" {
				reason += ": " + words
			}
			return Lost, reason
		}
		if words != "" {
			fate, reason = Migrated, fmt.Sprintf("in its state %q %s", h.Name, words)
		}
	}
	return fate, reason
}

func columns(schema []data.Column) string {
	names := make([]string, len(schema))
	for i, c := range schema {
		names[i] = c.Type.WithNull(true).String()
	}
	return strings.Join(names, ", ")
}

// Without is a state in which operators have none.
func Without(s State, uids map[string]bool) State {
	if len(uids) == 0 {
		return s
	}
	return &cut{s, uids}
}

type cut struct {
	State
	gone map[string]bool
}

// Operators lists the operators whose state is still there.
func (c *cut) Operators() []Operator {
	return slices.DeleteFunc(c.State.Operators(), func(op Operator) bool { return c.gone[op.UID] })
}

// Reader gives no state of operators that were cut out.
func (c *cut) Reader(uid string, subtask, parallelism int) (*state.Reader, error) {
	if c.gone[uid] {
		return nil, nil
	}
	return c.State.Reader(uid, subtask, parallelism)
}
