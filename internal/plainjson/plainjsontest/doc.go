// Package plainjsontest holds plainjson beside encoding/json for the types that go through it: each package with
// such types gives them to Fuzz.
//
// It must not know whose types they are.
//
// Files:
//
//	fuzz.go  Fuzz: the same value, the same bytes, the same error
//	text.go  random texts for a type
package plainjsontest
