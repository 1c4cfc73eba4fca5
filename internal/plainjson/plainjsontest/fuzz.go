package plainjsontest

import (
	"encoding/json"
	"iter"
	"math/rand"
	"reflect"
	"testing"

	"vethbridge/internal/plainjson"
)

// Subject is a type with what its values hold before they are decoded into.
type Subject struct {
	kind          reflect.Type
	new           func() reflect.Value // a pointer
	reads, writes bool                 // without encoding/json
}

// Record makes a subject of the type of defaults, which is read and written without encoding/json.
func Record[T any](defaults T) Subject {
	return Subject{reflect.TypeFor[T](), func() reflect.Value {
		v := defaults
		return reflect.ValueOf(&v)
	}, true, true}
}

// Config makes a subject that is only read without encoding/json.
func Config[T any](defaults T) Subject {
	s := Record(defaults)
	s.writes = false
	return s
}

// Odd makes a subject that is left to encoding/json.
func Odd[T any](defaults T) Subject {
	s := Config(defaults)
	s.reads = false
	return s
}

// texts is how many random texts of each type every run of the tests sees, with and without faults.
const texts = 100

// Fuzz compares for any text what plainjson and encoding/json make of it, and of the value that comes of it. Random texts
// without a fault must not need encoding/json at all: they are what plugins read and write.
func Fuzz(f *testing.F, subjects ...Subject) {
	for i, s := range subjects {
		for good, bad := range s.Texts() {
			s.needsNoLibrary(f, good)
			f.Add(uint(i), good)
			f.Add(uint(i), bad)
			f.Add(uint(i), append(good, "]"...))
		}
	}
	f.Fuzz(func(t *testing.T, i uint, text []byte) {
		s := subjects[i%uint(len(subjects))]
		v := s.sameValue(t, text)
		sameBytes(t, v.Interface())
		sameBytes(t, v.Elem().Interface())
	})
}

// Texts are random ones for the type, the same in every run, each without and with faults.
func (s Subject) Texts() iter.Seq2[[]byte, []byte] {
	r := rand.New(rand.NewSource(1))
	return func(yield func(good, bad []byte) bool) {
		for range texts {
			good, bad := writer{random: r}, writer{random: r, faulty: true}
			good.value(s.kind)
			bad.value(s.kind)
			if !yield(good.text.Bytes(), bad.text.Bytes()) {
				return
			}
		}
	}
}

func (s Subject) needsNoLibrary(f *testing.F, text []byte) {
	v, left := s.new(), plainjson.Left()
	if err := plainjson.Unmarshal(text, v.Interface()); s.reads && (err != nil || plainjson.Left() != left) {
		f.Errorf("reading %s into %s was left to encoding/json, which says %v", text, s.kind, err)
	}
	left = plainjson.Left()
	if _, err := plainjson.Marshal(v.Interface()); s.writes && (err != nil || plainjson.Left() != left) {
		f.Errorf("writing %+v was left to encoding/json, which says %v", v, err)
	}
}

func (s Subject) sameValue(t *testing.T, text []byte) reflect.Value {
	ours, theirs := s.new(), s.new()
	ourError, theirError := plainjson.Unmarshal(text, ours.Interface()), json.Unmarshal(text, theirs.Interface())
	if !reflect.DeepEqual(ourError, theirError) {
		t.Fatalf("%s into %s: %v; encoding/json: %v", text, s.kind, ourError, theirError)
	}
	if !reflect.DeepEqual(ours.Interface(), theirs.Interface()) {
		t.Fatalf("%s into %s: %+v; encoding/json: %+v", text, s.kind, ours.Elem(), theirs.Elem())
	}
	return ours
}

func sameBytes(t *testing.T, v any) {
	ours, ourError := plainjson.Marshal(v)
	theirs, theirError := json.Marshal(v)
	if string(ours) != string(theirs) || !reflect.DeepEqual(ourError, theirError) {
		t.Errorf("%+v is %s (%v); encoding/json: %s (%v)", v, ours, ourError, theirs, theirError)
	}
}
