package schematest

import (
	"encoding/json"
	"reflect"
	"strings"

	"vethbridge/internal/schema"
)

// Generate makes the schema of the JSON that a type is decoded from. What a type can't say is
// laid over it, by the paths of keys ("runtimeConfig.mac", "ranges[][].subnet").
func Generate(t reflect.Type, over map[string]schema.Schema) schema.Schema {
	return generator(over).of(t, "")
}

type generator map[string]schema.Schema

func (g generator) of(t reflect.Type, path string) schema.Schema {
	if t.Kind() == reflect.Pointer {
		return g.of(t.Elem(), path)
	}
	s := schema.Schema{}
	switch {
	case t == reflect.TypeFor[json.RawMessage]():
	case t.Kind() == reflect.Struct:
		s.Type, s.Properties = schema.Object, map[string]*schema.Schema{}
		g.fields(t, path, s.Properties)
	case t.Kind() == reflect.Slice:
		items := g.of(t.Elem(), path+"[]")
		s.Type, s.Items = schema.Array, &items
	case t.Kind() == reflect.String:
		s.Type = schema.String
	case t.Kind() == reflect.Bool:
		s.Type = schema.Boolean
	case t.Kind() == reflect.Int:
		s.Type = schema.Integer
	default:
		panic("no schema for " + t.String())
	}
	return merge(s, g[path])
}

func (g generator) fields(t reflect.Type, path string, into map[string]*schema.Schema) {
	for f := range fieldsOf(t) {
		if f.Anonymous {
			g.fields(f.Type, path, into)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		s := g.of(f.Type, strings.TrimPrefix(path+"."+name, "."))
		into[name] = &s
	}
}

func fieldsOf(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

// merge lets what is laid over win, key by key.
func merge(s, over schema.Schema) schema.Schema {
	from, into := reflect.ValueOf(over), reflect.ValueOf(&s).Elem()
	for i := range from.NumField() {
		if !from.Field(i).IsZero() {
			into.Field(i).Set(from.Field(i))
		}
	}
	return s
}

// Limits is a schema of numbers between two.
func Limits(least, most int) schema.Schema { return schema.Schema{Minimum: &least, Maximum: &most} }

// Words is a schema of some words.
func Words(words ...string) schema.Schema { return schema.Schema{Enum: words} }

// Open is a schema of an object that others may put keys into, too.
func Open() schema.Schema {
	open := true
	return schema.Schema{Additional: &open}
}
