package plainjson

import (
	"reflect"
	"strings"
	"sync"
)

// field is one of those that a struct has in JSON, its own or an embedded one's.
type field struct {
	name      string
	index     []int // the way to it, as reflect.Value.FieldByIndex takes it
	tagged    bool  // name is from the tag
	omitEmpty bool
	omitZero  bool
}

type fields []field

// known are the structs that were met: a list may have thousands of one.
var known = struct {
	sync.Mutex
	of map[reflect.Type]fields
}{of: map[reflect.Type]fields{}}

// fieldsOf lists the fields of a struct in their order; false for one that is not plain.
func fieldsOf(t reflect.Type) (list fields, plain bool) {
	known.Lock()
	defer known.Unlock()
	if list, met := known.of[t]; met {
		return list, list != nil
	}
	if list, plain = (fields{}).collect(t, nil); plain {
		list = list.visible()
	} else {
		list = nil
	}
	known.of[t] = list
	return list, plain
}

// collect adds the fields of t, to which index leads.
func (list fields) collect(t reflect.Type, index []int) (fields, bool) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		if tag == "-" || !f.IsExported() && !f.Anonymous {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		way := append(append([]int(nil), index...), i)
		if f.Anonymous && name == "" {
			// Methods of an embedded pointer or of one in a type without a name have rules of their own.
			if f.Type.Kind() != reflect.Struct || t.Name() == "" {
				return nil, false
			}
			var ok bool
			if list, ok = list.collect(f.Type, way); !ok {
				return nil, false
			}
			continue
		}
		add := field{name: name, index: way, tagged: name != ""}
		if !add.read(options, f) {
			return nil, false
		}
		list = append(list, add)
	}
	return list, true
}

func (a *field) read(options string, f reflect.StructField) bool {
	if a.name == "" {
		a.name = f.Name
	}
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "omitempty":
			a.omitEmpty = true
		case "omitzero":
			a.omitZero = true
		case "string":
			return false
		}
	}
	// Pointers may know themselves whether they are zero.
	plain := !a.omitZero || f.Type.Kind() != reflect.Pointer && f.Type.Kind() != reflect.Interface
	return plain && f.IsExported() && isName(a.name)
}

// isName reports whether a tag can't be meant otherwise, nor be written otherwise in JSON.
func isName(tag string) bool {
	for i := range len(tag) {
		switch c := tag[i]; {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9':
		case c == '.' || c == '_' || c == '-' || c == '/':
		default:
			return false
		}
	}
	return true
}

// visible leaves out what is hidden.
func (list fields) visible() fields {
	named := map[string]int{}
	for _, f := range list {
		named[f.name]++
	}
	seen := fields{}
	for i, f := range list {
		if named[f.name] == 1 || !list.hide(i) {
			seen = append(seen, f)
		}
	}
	return seen
}

func (list fields) hide(i int) bool {
	for j, other := range list {
		if i != j && other.name == list[i].name && list[i].yields(other) {
			return true
		}
	}
	return false
}

// yields reports whether b hides a, which has the same name: the one that is embedded least deep counts, then the one
// with a tag, and neither if that doesn't tell.
func (a field) yields(b field) bool {
	if len(a.index) != len(b.index) {
		return len(a.index) > len(b.index)
	}
	return b.tagged || !a.tagged
}

// find returns the field for a key: the one of that name, else the first of that name in other letter case.
func (list fields) find(key string) *field {
	for i := range list {
		if list[i].name == key {
			return &list[i]
		}
	}
	for i := range list {
		if strings.EqualFold(list[i].name, key) {
			return &list[i]
		}
	}
	return nil
}
