package plainjsontest

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"math/rand"
	"reflect"
	"strconv"
	"strings"
)

// writer writes random texts that fit a type, with faults if it is told to.
type writer struct {
	random *rand.Rand
	faulty bool
	text   bytes.Buffer
}

// faults are texts that a value may not expect, or that are written in an unusual way.
var faults = []string{
	`null`, `""`, `"x"`, `3`, `-1`, `-0`, `01`, `1.5`, `1e3`, `[]`, `{}`, `[1,"a",null]`, `{"a":{"b":[1.5]},"a":1}`, `true`, `false`, `tru`, ``, `}`,
	`99999999999999999999`, `"\u0041"`, `"\ud800"`, `"é"`, "\"\xff\"", `"a<b>&\\\"\n"`, "\"a\nb\"", `"a<b"`, `"a>b"`, `"a&b"`, `"\x"`, `"AAEC"`, `"AA"`, `"\u2028"`, "\"\u2028\"",
	strings.Repeat("[", 200) + strings.Repeat("]", 200), "\x00", `nul`, `-`, `"`,
}

// words are the texts of those types that have their own.
var words = []string{
	"10.1.0.2", "2001:db8::1", "10.1.0.0/24", "2001:db8::/64", "10.1.0.2:80", "0a:58:0a:01:00:02", "tcp", "udp", "nftables", "iptables-nft", "masquerade", "macs", "",
}

func (w *writer) oneIn(n int) bool { return w.random.Intn(n) == 0 }

func (w *writer) value(t reflect.Type) {
	w.space()
	defer w.space()
	if w.faulty && w.oneIn(12) {
		w.text.WriteString(faults[w.random.Intn(len(faults))])
		return
	}
	if t == reflect.TypeFor[json.RawMessage]() {
		w.value(reflect.TypeFor[[]map[string]int]())
		return
	}
	switch own := reflect.New(t).Interface().(type) {
	case json.Unmarshaler:
		w.word(t, func(word string) error { return own.UnmarshalJSON([]byte(strconv.Quote(word))) })
		return
	case encoding.TextUnmarshaler:
		w.word(t, func(word string) error { return own.UnmarshalText([]byte(word)) })
		return
	}
	w.plain(t)
}

func (w *writer) space() {
	if w.oneIn(10) {
		w.text.WriteString(" \t\r\n"[:1+w.random.Intn(4)])
	}
}

// word writes a text that the type takes for one of its own.
func (w *writer) word(t reflect.Type, fits func(word string) error) {
	for _, n := range w.random.Perm(len(words)) {
		if fits(words[n]) == nil {
			w.text.WriteString(strconv.Quote(words[n]))
			return
		}
	}
	panic(fmt.Sprintf("words has none for a %s", t))
}

func (w *writer) plain(t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer:
		w.value(t.Elem())
	case reflect.Struct:
		w.between("{}", func() { w.members(t, map[string]bool{}) })
	case reflect.Map:
		w.between("{}", func() { w.member(strconv.Itoa(w.random.Int()), t.Elem()) })
	case reflect.Slice:
		if t.Elem() == reflect.TypeFor[byte]() {
			w.text.WriteString(`"CgsMDQ4P"`)
			return
		}
		w.between("[]", func() {
			for range w.random.Intn(4) {
				w.value(t.Elem())
				w.text.WriteByte(',')
			}
		})
	case reflect.String:
		w.text.WriteString(strconv.Quote(words[w.random.Intn(len(words))]))
	case reflect.Bool:
		w.text.WriteString(strconv.FormatBool(w.oneIn(2)))
	case reflect.Interface:
		w.text.WriteString("null")
	default:
		w.text.WriteString(strconv.Itoa(w.random.Intn(128)))
	}
}

// between writes what fill does between two brackets, without its last comma.
func (w *writer) between(brackets string, fill func()) {
	w.text.WriteByte(brackets[0])
	w.space()
	from := w.text.Len()
	fill()
	if w.text.Len() > from && !(w.faulty && w.oneIn(50)) {
		w.text.Truncate(bytes.LastIndexByte(w.text.Bytes(), ','))
	}
	w.text.WriteByte(brackets[1])
}

func (w *writer) member(key string, t reflect.Type) {
	w.text.WriteString(strconv.Quote(key) + ":")
	w.value(t)
	w.text.WriteByte(',')
}

// members writes some of the fields of a struct, each name once, and keys that it has not.
func (w *writer) members(t reflect.Type, written map[string]bool) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			if f.Type.Kind() == reflect.Struct {
				w.members(f.Type, written)
			}
		case name == "-" || !f.IsExported() || written[strings.ToLower(name)] || w.oneIn(3):
		default:
			written[strings.ToLower(name)] = true
			w.field(name, f)
		}
	}
	if w.oneIn(4) {
		w.member("unknown", reflect.TypeFor[map[string][]bool]())
	}
}

func (w *writer) field(name string, f reflect.StructField) {
	if name == "" {
		name = f.Name
	}
	if w.oneIn(5) {
		name = strings.ToUpper(name)
	}
	w.member(name, f.Type)
	if w.faulty && w.oneIn(20) {
		w.member(strings.ToLower(name), f.Type) // a second time
	}
}
