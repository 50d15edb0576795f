package ast

import "reflect"

var (
	nodeType = reflect.TypeFor[Node]()
	spanType = reflect.TypeFor[Span]()
)

// Walk calls f for n and, while f answers true, for everything below it, in
// the order of the source where the fields allow. Nodes held by value (such as
// OrderItem) are handed over as pointers.
func Walk(n Node, f func(Node) bool) {
	v := reflect.ValueOf(n)
	if n == nil || (v.Kind() == reflect.Pointer && v.IsNil()) || !f(n) {
		return
	}
	walkInside(v, f)
}

func walkInside(v reflect.Value, f func(Node) bool) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			walkInside(v.Elem(), f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walkValue(v.Index(i), f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Type != spanType {
				walkValue(v.Field(i), f)
			}
		}
	}
}

func walkValue(v reflect.Value, f func(Node) bool) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return
		}
		if n, ok := v.Interface().(Node); ok {
			Walk(n, f)
			return
		}
		walkInside(v, f)
	case reflect.Struct:
		if v.CanAddr() && v.Addr().Type().Implements(nodeType) {
			Walk(v.Addr().Interface().(Node), f)
			return
		}
		walkInside(v, f)
	case reflect.Slice:
		walkInside(v, f)
	}
}

// Equal reports whether two trees are the same but for places and the source
// text of view queries.
func Equal(a, b Node) bool {
	return equalValues(reflect.ValueOf(a), reflect.ValueOf(b))
}

var posType = reflect.TypeFor[Pos]()

func equalValues(a, b reflect.Value) bool {
	if a.IsValid() != b.IsValid() {
		return false
	}
	if !a.IsValid() {
		return true
	}
	if a.Type() != b.Type() {
		return false
	}
	switch a.Kind() {
	case reflect.Pointer, reflect.Interface:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return equalValues(a.Elem(), b.Elem())
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !equalValues(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Struct:
		for i := range a.NumField() {
			f := a.Type().Field(i)
			if f.Type == spanType || f.Type == posType || f.Name == "QueryText" {
				continue
			}
			if !equalValues(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	default:
		return a.Interface() == b.Interface()
	}
}
