package plainjson

import (
	"encoding"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strconv"
	"sync/atomic"
)

// Unmarshal is json.Unmarshal: the same value, the same error. It is safe for concurrent use.
func Unmarshal(data []byte, into any) error {
	if v := reflect.ValueOf(into); v.Kind() == reflect.Pointer && !v.IsNil() {
		fresh := reflect.New(v.Type().Elem()).Elem()
		fresh.Set(v.Elem())
		d := decoder{scanner{text: data}}
		if d.value(fresh) && d.atEnd() {
			v.Elem().Set(fresh)
			return nil
		}
	}
	left.Add(1)
	return json.Unmarshal(data, into)
}

// left counts what was left to encoding/json.
var left atomic.Int64

// Left returns how many calls of this process were left to encoding/json, for tests.
func Left() int64 { return left.Load() }

// decoder fills values in. Its methods report false at whatever is not plain.
type decoder struct {
	scanner
}

func (d *decoder) value(v reflect.Value) bool {
	if isShared(v) {
		return false
	}
	switch own := ownDecoder(v).(type) {
	case json.Unmarshaler:
		raw, ok := d.raw()
		return ok && own.UnmarshalJSON(raw) == nil
	case encoding.TextUnmarshaler:
		if d.peek() != 'n' {
			text, ok := d.bytes()
			return ok && own.UnmarshalText(text) == nil
		}
	}
	if d.peek() == 'n' {
		return d.word("null") // which leaves a value as it is, and all that could hold a null holds one
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return d.value(v.Elem())
	case reflect.Struct:
		return d.peek() == '{' && d.object(v)
	case reflect.Map:
		return d.peek() == '{' && d.table(v)
	case reflect.Slice:
		return d.list(v)
	}
	return d.scalar(v)
}

// isShared reports whether v holds what others may hold too, so that filling it in could not be taken back.
func isShared(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
		return !v.IsNil()
	}
	return false
}

// ownDecoder returns a pointer to v if its type, one that some package has named, may have a decoder of its own.
func ownDecoder(v reflect.Value) any {
	if v.Type().PkgPath() == "" || v.Addr().NumMethod() == 0 {
		return nil
	}
	return v.Addr().Interface()
}

func (d *decoder) object(v reflect.Value) bool {
	fields, ok := fieldsOf(v.Type())
	return ok && d.members(func(key []byte) bool {
		if f := fields.find(key); f != nil {
			return d.value(v.FieldByIndex(f.way()))
		}
		return d.skip()
	})
}

func (d *decoder) table(v reflect.Value) bool {
	t := v.Type()
	if t.Key() != reflect.TypeFor[string]() {
		return false
	}
	v.Set(reflect.MakeMap(t))
	return d.members(func(key []byte) bool {
		element := reflect.New(t.Elem()).Elem()
		if !d.value(element) {
			return false
		}
		v.SetMapIndex(reflect.ValueOf(string(key)), element)
		return true
	})
}

func (d *decoder) list(v reflect.Value) bool {
	switch d.peek() {
	case '"':
		return v.Type().Elem().Kind() == reflect.Uint8 && d.base64(v)
	case '[':
	default:
		return false
	}
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	return d.elements(']', func() bool {
		n := v.Len()
		v.Grow(1)
		v.SetLen(n + 1)
		return d.value(v.Index(n))
	})
}

func (d *decoder) base64(v reflect.Value) bool {
	text, ok := d.bytes()
	content, err := base64.StdEncoding.AppendDecode([]byte{}, text)
	v.SetBytes(content)
	return ok && err == nil
}

func (d *decoder) scalar(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String:
		text, ok := d.bytes()
		v.SetString(string(text))
		return ok && v.Type() != reflect.TypeFor[json.Number]()
	case reflect.Bool:
		v.SetBool(d.peek() == 't')
		return d.word("true") || d.word("false")
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		text, ok := d.number()
		n, err := strconv.ParseInt(string(text), 10, v.Type().Bits())
		v.SetInt(n)
		return ok && err == nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		text, ok := d.number()
		n, err := strconv.ParseUint(string(text), 10, v.Type().Bits())
		v.SetUint(n)
		return ok && err == nil
	}
	return false
}
