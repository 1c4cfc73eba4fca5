package plainjson

import (
	"reflect"
	"strings"
	"sync"
)

// maxWay is how deep structs may be embedded in each other.
const maxWay = 4

// field is one of those that a struct has in JSON, its own or an embedded one's.
type field struct {
	name      string
	index     [maxWay]int
	depth     int  // how much of index leads to it
	tagged    bool // name is from the tag
	omitEmpty bool
	omitZero  bool
}

// way leads to the field, as reflect.Value.FieldByIndex takes it.
func (a *field) way() []int { return a.index[:a.depth] }

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
	if list, plain = make(fields, 0, t.NumField()).collect(t, field{}); plain {
		list = list.visible()
	}
	known.of[t] = list
	return list, plain
}

// collect adds the fields of t, to which from leads.
func (list fields) collect(t reflect.Type, from field) (_ fields, plain bool) {
	if from.depth == maxWay {
		return nil, false
	}
	from.depth++
	for i := range t.NumField() {
		f := t.Field(i)
		tag := tagOf(f.Tag)
		if tag == "-" || !f.IsExported() && !f.Anonymous {
			continue
		}
		from.index[from.depth-1] = i
		name, options, _ := strings.Cut(tag, ",")
		if !f.Anonymous || name != "" {
			list = append(list, from)
			plain = list[len(list)-1].read(name, options, f)
		} else if f.Type.Kind() == reflect.Struct && t.Name() != "" {
			list, plain = list.collect(f.Type, from)
		} else { // methods of an embedded pointer, and of one in a type without a name, have rules of their own
			plain = false
		}
		if !plain {
			return nil, false
		}
	}
	return list, true
}

// tagOf is what a tag says of JSON: mostly there is nothing else in it, and nothing quoted.
func tagOf(tag reflect.StructTag) string {
	text, ok := strings.CutPrefix(string(tag), `json:"`)
	if end := strings.IndexByte(text, '"'); ok && end >= 0 && end == len(text)-1 && strings.IndexByte(text, '\\') < 0 {
		return text[:end]
	}
	return tag.Get("json")
}

func (a *field) read(name, options string, f reflect.StructField) (plain bool) {
	a.name, a.tagged = name, name != ""
	if !a.tagged {
		a.name = f.Name
	}
	switch options {
	case "":
	case "omitempty":
		a.omitEmpty = true
	case "omitzero": // pointers may know themselves whether they are zero
		a.omitZero = f.Type.Kind() != reflect.Pointer && f.Type.Kind() != reflect.Interface
		if !a.omitZero {
			return false
		}
	default:
		return false
	}
	return f.IsExported() && isName(a.name)
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
	for i := range list {
		for j := range i {
			if list[j].name == list[i].name {
				return list.without()
			}
		}
	}
	return list
}

func (list fields) without() (seen fields) {
	for i := range list {
		if !list.hide(i) {
			seen = append(seen, list[i])
		}
	}
	return seen
}

func (list fields) hide(i int) bool {
	for j := range list {
		if list[j].name == list[i].name && i != j && list[i].yields(&list[j]) {
			return true
		}
	}
	return false
}

// yields reports whether b hides a, which has the same name: the one that is embedded least deep counts, then the one
// with a tag, and neither if that doesn't tell.
func (a *field) yields(b *field) bool {
	if a.depth != b.depth {
		return a.depth > b.depth
	}
	return b.tagged || !a.tagged
}

// find returns the field for a key: the one of that name, else the first of that name in other letter case.
func (list fields) find(key []byte) *field {
	for i := range list {
		if list[i].name == string(key) {
			return &list[i]
		}
	}
	folded := string(key)
	for i := range list {
		if strings.EqualFold(list[i].name, folded) {
			return &list[i]
		}
	}
	return nil
}
