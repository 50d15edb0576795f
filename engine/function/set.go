package function

import (
	"fmt"
	"slices"
	"strings"
)

// NewSet joins tables of functions. Two functions of one name are a mistake in
// the tables and panic.
func NewSet(scalars [][]*Scalar, aggregates []*Aggregate) *Set {
	s := &Set{scalars: map[string]*Scalar{}, aggregates: map[string]*Aggregate{}}
	for _, table := range scalars {
		for _, f := range table {
			for _, name := range append([]string{f.Name}, f.Aliases...) {
				if s.scalars[name] != nil {
					panic(fmt.Sprintf("two functions are called %s", name))
				}
				s.scalars[name] = f
			}
		}
	}
	for _, f := range aggregates {
		for _, name := range append([]string{f.Name}, f.Aliases...) {
			if s.aggregates[name] != nil {
				panic(fmt.Sprintf("two aggregates are called %s", name))
			}
			s.aggregates[name] = f
		}
	}
	return s
}

// Scalar finds a function by name or alias, ignoring case; nil if there is none.
func (s *Set) Scalar(name string) *Scalar {
	if s == nil {
		return nil
	}
	if f := s.scalars[name]; f != nil {
		return f
	}
	if f := s.scalars[strings.ToUpper(name)]; f != nil {
		return f
	}
	return s.below.Scalar(name)
}

// Aggregate finds an aggregate function by name or alias, ignoring case.
func (s *Set) Aggregate(name string) *Aggregate {
	if s == nil {
		return nil
	}
	if f := s.aggregates[name]; f != nil {
		return f
	}
	if f := s.aggregates[strings.ToUpper(name)]; f != nil {
		return f
	}
	return s.below.Aggregate(name)
}

// Names lists the canonical names of all functions and aggregates, sorted.
func (s *Set) Names() []string {
	var names []string
	for n, f := range s.scalars {
		if f.Name == n {
			names = append(names, n)
		}
	}
	for n, f := range s.aggregates {
		if f.Name == n {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Scalars lists the scalar functions by name, each once.
func (s *Set) Scalars() []*Scalar {
	var list []*Scalar
	for n, f := range s.scalars {
		if f.Name == n {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b *Scalar) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Suggest returns the known name nearest to a misspelt one, or "".
func (s *Set) Suggest(name string) string {
	name = strings.ToUpper(name)
	best, least := "", 2
	if len(name) > 4 {
		least += len(name) / 5
	}
	try := func(known string) {
		if d := distance(name, known, least+1); d < least || d == least && best != "" && known < best {
			best, least = known, d
		}
	}
	for ; s != nil; s = s.below {
		for n := range s.scalars {
			try(n)
		}
		for n := range s.aggregates {
			try(n)
		}
	}
	return best
}

// distance is the edit distance, or at least limit if it is not below it.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	prev := make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
		}
		prev, row = row, prev
	}
	return prev[len(b)]
}
