package function

import "strings"

// User is a function that a user brought: exactly one of the three is set.
type User struct {
	Scalar *Scalar
	// Table is a table function: a scalar function whose result is an ARRAY of
	// ROWs, one for each row that a call gives.
	Table     *Scalar
	Aggregate *Aggregate
	// Deterministic functions give the same for the same arguments.
	Deterministic bool
	// Signatures are its forms, in SQL words, for people.
	Signatures []string
}

// With is a set that has the functions of s and can be given more with Add.
// s stays as it is.
func (s *Set) With() *Set {
	return &Set{below: s, scalars: map[string]*Scalar{}, aggregates: map[string]*Aggregate{}, tables: map[string]*Scalar{}}
}

// Add gives the set a user's function, called by name as it is written: with
// its path. It replaces the one of that name.
func (s *Set) Add(name string, u User) {
	delete(s.scalars, name)
	delete(s.tables, name)
	delete(s.aggregates, name)
	switch {
	case u.Scalar != nil:
		s.scalars[name] = u.Scalar
	case u.Table != nil:
		s.scalars[name], s.tables[name] = u.Table, u.Table
	case u.Aggregate != nil:
		s.aggregates[name] = u.Aggregate
	}
}

// Table finds a table function by name, ignoring case; nil if there is none.
func (s *Set) Table(name string) *Scalar {
	if s == nil {
		return nil
	}
	if f := s.tables[name]; f != nil {
		return f
	}
	if f := s.tables[strings.ToUpper(name)]; f != nil {
		return f
	}
	return s.below.Table(name)
}
