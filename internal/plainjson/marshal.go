package plainjson

import (
	"encoding"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strconv"
	"unicode/utf8"
)

// usual is a size that most records fit into.
const usual = 512

// Marshal is json.Marshal: the same bytes, the same error. It is safe for concurrent use.
func Marshal(v any) ([]byte, error) {
	e := encoder{text: make([]byte, 0, usual)}
	if e.value(reflect.ValueOf(v)) {
		return e.text, nil
	}
	left.Add(1)
	return json.Marshal(v)
}

// encoder writes values. Its methods report false at whatever is not plain.
type encoder struct {
	text  []byte
	depth int
}

func (e *encoder) value(v reflect.Value) bool {
	switch own := ownEncoder(v).(type) {
	case json.Marshaler:
		return false
	case encoding.TextMarshaler:
		text, err := own.MarshalText()
		return err == nil && e.string(string(text))
	}
	e.depth++
	ok := e.depth < maxDepth && e.plain(v)
	e.depth--
	return ok
}

// ownEncoder returns v, or a pointer to it where there can be one, if its type may have an encoder of its own.
func ownEncoder(v reflect.Value) any {
	if !v.IsValid() || v.Kind() == reflect.Pointer || !mayHaveMethods(v.Type()) {
		return nil // what a pointer points to has the same
	}
	if v.CanAddr() {
		v = v.Addr()
	}
	if v.NumMethod() == 0 {
		return nil
	}
	return v.Interface()
}

func (e *encoder) plain(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return e.add("null")
		}
		return e.value(v.Elem())
	case reflect.Struct:
		return e.object(v)
	case reflect.Slice:
		return e.list(v)
	case reflect.String:
		return v.Type() != reflect.TypeFor[json.Number]() && e.string(v.String())
	case reflect.Bool:
		return e.add(strconv.FormatBool(v.Bool()))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		e.text = strconv.AppendInt(e.text, v.Int(), 10)
		return true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		e.text = strconv.AppendUint(e.text, v.Uint(), 10)
		return true
	}
	return false
}

func (e *encoder) object(v reflect.Value) bool {
	fields, ok := fieldsOf(v.Type())
	if !ok {
		return false
	}
	mark := byte('{')
	for i := range fields {
		f := &fields[i]
		part := v.FieldByIndex(f.way())
		if f.omitEmpty && isEmpty(part) || f.omitZero && isZero(part) {
			continue
		}
		e.text = append(e.text, mark)
		mark = ','
		e.text = append(e.text, '"')
		e.text = append(e.text, f.name...)
		e.text = append(e.text, '"', ':')
		if !e.value(part) {
			return false
		}
	}
	if mark == '{' {
		e.text = append(e.text, mark)
	}
	return e.add("}")
}

func (e *encoder) list(v reflect.Value) bool {
	switch element := v.Type().Elem(); {
	case v.IsNil():
		return e.add("null")
	case element == reflect.TypeFor[byte]():
		e.text = append(e.text, '"')
		e.text = base64.StdEncoding.AppendEncode(e.text, v.Bytes())
		return e.add(`"`)
	case element.Kind() == reflect.Uint8 && !element.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return false
	}
	e.text = append(e.text, '[')
	for i := range v.Len() {
		if i > 0 {
			e.text = append(e.text, ',')
		}
		if !e.value(v.Index(i)) {
			return false
		}
	}
	return e.add("]")
}

func (e *encoder) string(s string) bool {
	if isPlain(s) {
		e.text = append(e.text, '"')
		e.text = append(e.text, s...)
		return e.add(`"`)
	}
	text, err := json.Marshal(s)
	e.text = append(e.text, text...)
	return err == nil
}

func (e *encoder) add(s string) bool {
	e.text = append(e.text, s...)
	return true
}

// isPlain reports whether a text is written as it is.
func isPlain(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ' || c >= utf8.RuneSelf:
			return false
		case c == '"' || c == '\\' || c == '<' || c == '>' || c == '&':
			return false
		}
	}
	return true
}

// isEmpty is encoding/json's notion of it.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

func isZero(v reflect.Value) bool {
	if !mayHaveMethods(v.Type()) {
		return v.IsZero()
	}
	own := reflect.New(v.Type())
	if own.NumMethod() > 0 {
		own.Elem().Set(v)
		if z, ok := own.Interface().(interface{ IsZero() bool }); ok {
			return z.IsZero()
		}
	}
	return v.IsZero()
}

// mayHaveMethods reports whether there can be methods of t or of a pointer to it, which take long to look for: only those types
// have some that a package has named, and structs that embed such.
func mayHaveMethods(t reflect.Type) bool { return t.Kind() == reflect.Struct || t.PkgPath() != "" }
