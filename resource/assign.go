package resource

import (
	"encoding/json"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// upperCase are the enumerations, which are read in any case.
var upperCase = map[reflect.Type]bool{
	reflect.TypeFor[State]():           true,
	reflect.TypeFor[UpgradeKind]():     true,
	reflect.TypeFor[SessionState]():    true,
	reflect.TypeFor[RestoreKind]():     true,
	reflect.TypeFor[ArtifactKind]():    true,
	reflect.TypeFor[JobState]():        true,
	reflect.TypeFor[StopMode]():        true,
	reflect.TypeFor[SavepointState]():  true,
	reflect.TypeFor[SavepointOrigin](): true,
	reflect.TypeFor[SavepointType]():   true,
	reflect.TypeFor[SecretKind]():      true,
}

// assign sets the fields of the struct that to points at from a parsed JSON
// object, by the rules of the Decode functions.
func (p *problems) assign(to any, tree map[string]any) {
	p.object(reflect.ValueOf(to).Elem(), tree, "")
}

func (p *problems) value(to reflect.Value, v any, at string) {
	if v == nil {
		return
	}
	if t, ok := to.Addr().Interface().(*Time); ok {
		p.time(t, v, at)
		return
	}
	switch to.Kind() {
	case reflect.Struct:
		p.object(to, v, at)
	case reflect.String:
		p.text(to, v, at)
	case reflect.Bool:
		p.boolean(to, v, at)
	case reflect.Int, reflect.Int64:
		p.integer(to, v, at)
	case reflect.Float64:
		p.number(to, v, at)
	case reflect.Slice:
		p.list(to, v, at)
	case reflect.Map:
		p.mapping(to, v, at)
	default:
		panic("resource: no rule for reading a " + to.Type().String() + " at " + at)
	}
}

func (p *problems) object(to reflect.Value, v any, at string) {
	object, ok := v.(map[string]any)
	if !ok {
		p.wrong(at, "an object", v)
		return
	}
	for i := range to.NumField() {
		field := to.Type().Field(i)
		if field.Anonymous {
			p.object(to.Field(i), v, at)
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		p.value(to.Field(i), object[name], join(at, name))
	}
}

func (p *problems) text(to reflect.Value, v any, at string) {
	s, ok := scalarText(v)
	if !ok {
		p.wrong(at, "a string", v)
		return
	}
	if upperCase[to.Type()] {
		s = strings.ToUpper(strings.TrimSpace(s))
	}
	to.SetString(s)
}

func (p *problems) boolean(to reflect.Value, v any, at string) {
	switch s, _ := scalarText(v); strings.ToLower(s) {
	case "true":
		to.SetBool(true)
	case "false":
		to.SetBool(false)
	default:
		p.wrong(at, "true or false", v)
	}
}

func (p *problems) integer(to reflect.Value, v any, at string) {
	s, ok := numberText(v)
	// Short texts only: a number of a huge exponent takes huge memory.
	r, isNumber := new(big.Rat), false
	if ok && len(s) <= 30 && !strings.ContainsAny(s, "eE/_xXpPoObB") {
		r, isNumber = r.SetString(s)
	}
	if !isNumber || !r.IsInt() {
		p.wrong(at, "an integer", v)
		return
	}
	bits := 32 // of the wire form, whatever Go's int has
	if to.Kind() == reflect.Int64 {
		bits = 64
	}
	n := r.Num()
	if !n.IsInt64() || bits == 32 && int64(int32(n.Int64())) != n.Int64() {
		p.addf(at, "is out of range: an integer of %d bits is wanted, got %s", bits, quote(s))
		return
	}
	to.SetInt(n.Int64())
}

// number reads cores: 0.5, "0.5", and Kubernetes' "500m".
func (p *problems) number(to reflect.Value, v any, at string) {
	s, ok := numberText(v)
	milli, isMilli := strings.CutSuffix(s, "m")
	n, err := strconv.ParseFloat(milli, 64)
	if !ok || err != nil || n != n || n-n != 0 {
		p.wrong(at, "a number", v)
		return
	}
	if isMilli {
		n /= 1000
	}
	to.SetFloat(n)
}

func (p *problems) time(to *Time, v any, at string) {
	s, ok := v.(string)
	quoted, err := json.Marshal(s)
	if !ok || err != nil || to.UnmarshalJSON(quoted) != nil {
		p.wrong(at, "a time such as 2022-01-23T18:51:47.845773Z", v)
	}
}

func (p *problems) list(to reflect.Value, v any, at string) {
	items, ok := v.([]any)
	if !ok {
		p.wrong(at, "a list", v)
		return
	}
	list := reflect.MakeSlice(to.Type(), 0, len(items))
	for i, v := range items {
		if v == nil {
			continue
		}
		item := reflect.New(to.Type().Elem()).Elem()
		p.value(item, v, at+index(i))
		list = reflect.Append(list, item)
	}
	to.Set(list)
}

func (p *problems) mapping(to reflect.Value, v any, at string) {
	object, ok := v.(map[string]any)
	if !ok {
		p.wrong(at, "an object", v)
		return
	}
	if to.Type().Elem().Kind() == reflect.Interface {
		to.Set(reflect.ValueOf(freeObject(object)))
		return
	}
	result := reflect.MakeMapWithSize(to.Type(), len(object))
	for _, key := range sortedKeys(object) {
		if object[key] == nil {
			continue
		}
		item := reflect.New(to.Type().Elem()).Elem()
		p.value(item, object[key], at+"["+quote(key)+"]")
		result.SetMapIndex(reflect.ValueOf(key), item)
	}
	to.Set(result)
}

// freeObject copies JSON whose shape is not ours: numbers become Go numbers,
// except in the maps and variables of Kubernetes that hold text only, where
// they stay as written.
func freeObject(object map[string]any) map[string]any {
	c := make(map[string]any, len(object))
	for k, v := range object {
		if v == nil {
			continue
		}
		switch k {
		case "labels", "annotations", "nodeSelector", "matchLabels":
			v = textValues(v)
		case "env", "envVars":
			v = textVariables(v)
		}
		c[k] = freeValue(v)
	}
	return c
}

func freeValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return freeObject(v)
	case []any:
		c := make([]any, len(v))
		for i, item := range v {
			c[i] = freeValue(item)
		}
		return c
	case json.Number:
		if n, err := v.Float64(); err == nil {
			return n
		}
		return v.String()
	}
	return v
}

func textValues(v any) any {
	object, ok := v.(map[string]any)
	if !ok {
		return v
	}
	c := make(map[string]any, len(object))
	for k, v := range object {
		if s, ok := scalarText(v); ok {
			v = s
		}
		c[k] = v
	}
	return c
}

func textVariables(v any) any {
	items, ok := v.([]any)
	if !ok {
		return v
	}
	c := slices.Clone(items)
	for i, item := range c {
		object, ok := item.(map[string]any)
		if !ok {
			continue
		}
		if s, ok := scalarText(object["value"]); ok {
			variable := textValues(object).(map[string]any)
			variable["value"] = s
			c[i] = variable
		}
	}
	return c
}

// scalarText is the text of a scalar as it was written.
func scalarText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

func numberText(v any) (string, bool) {
	if _, isBool := v.(bool); isBool {
		return "", false
	}
	s, ok := scalarText(v)
	return strings.TrimSpace(s), ok
}

func (p *problems) wrong(at, want string, got any) {
	if at == "" {
		at = "body"
	}
	p.addf(at, "must be %s, got %s", want, describe(got))
}

// describe shows a value in a message.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	case string:
		return quote(v)
	}
	s, _ := scalarText(v)
	if len(s) > 80 {
		s = s[:80] + "…"
	}
	return s
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
