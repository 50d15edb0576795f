// Package layout writes what an aggregate function keeps of a group as bytes,
// for functions of modules and of programs alike.
//
// It is part of every module of Go, so the rule: it imports nothing of the
// engine. What it wrote is in savepoints: a layout that changes has another name.
package layout

import (
	"encoding"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"reflect"
	"strconv"
	"strings"
	"unsafe"
)

// Of is how values of S are written.
type Of[S any] struct {
	// Name says what the bytes are: the fields of values without pointers, which
	// are written as they lie in memory; "binary" of those that write themselves;
	// else "json".
	Name  string
	Write func(dst []byte, s *S) ([]byte, error)
	Read  func(p []byte, s *S) error
}

// maxName is how long a name may be before a checksum stands for it.
const maxName = 80

// For finds how values of S are written.
func For[S any]() Of[S] {
	t := reflect.TypeFor[S]()
	_, writes := any((*S)(nil)).(encoding.BinaryMarshaler)
	_, reads := any((*S)(nil)).(encoding.BinaryUnmarshaler)
	if writes && reads {
		return Of[S]{
			Name: "binary",
			Write: func(dst []byte, s *S) ([]byte, error) {
				p, err := any(s).(encoding.BinaryMarshaler).MarshalBinary()
				return append(dst, p...), err
			},
			Read: func(p []byte, s *S) error { return any(s).(encoding.BinaryUnmarshaler).UnmarshalBinary(p) },
		}
	}
	var name strings.Builder
	if plain(t, &name) {
		text := name.String()
		if len(text) > maxName {
			h := fnv.New64a()
			_, _ = h.Write([]byte(text))
			text = "fields " + strconv.FormatUint(h.Sum64(), 16)
		}
		size := int(t.Size())
		return Of[S]{
			Name:  text,
			Write: func(dst []byte, s *S) ([]byte, error) { return append(dst, memory(s, size)...), nil },
			Read: func(p []byte, s *S) error {
				if len(p) != size {
					return fmt.Errorf("a state has %d bytes, %s takes %d", len(p), t, size)
				}
				copy(memory(s, size), p)
				return nil
			},
		}
	}
	return Of[S]{
		Name: "json",
		Write: func(dst []byte, s *S) ([]byte, error) {
			p, err := json.Marshal(s)
			return append(dst, p...), err
		},
		Read: func(p []byte, s *S) error { return json.Unmarshal(p, s) },
	}
}

func memory[S any](s *S, size int) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(s)), size) }

// plain tells whether values of t hold no pointers, and writes what they hold.
func plain(t reflect.Type, name *strings.Builder) bool {
	switch k := t.Kind(); k {
	case reflect.Bool, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Int,
		reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uint, reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		name.WriteString(strings.TrimRight(k.String(), "0123456789") + strconv.Itoa(8*int(t.Size())))
		return true
	case reflect.Array:
		name.WriteString("[" + strconv.Itoa(t.Len()) + "]")
		return plain(t.Elem(), name)
	case reflect.Struct:
		name.WriteString("{")
		for i := range t.NumField() {
			if i > 0 {
				name.WriteString(", ")
			}
			name.WriteString(t.Field(i).Name + " ")
			if !plain(t.Field(i).Type, name) {
				return false
			}
		}
		name.WriteString("}")
		return true
	}
	return false
}
