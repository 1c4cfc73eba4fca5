// Package plainjson does what encoding/json does, byte for byte and error for error, for a process that
// sees each type once.
//
// encoding/json makes a decoder's and encoder's plan of each struct and of all that can be reached from it the first time
// it meets it, which pays off at the thousandth value. A plugin lives for one call: there, this was
// two thirds of all instructions. This package looks at a struct's tags, and only when a text has something for it.
//
// It does the plain things only. Whatever is unusual (a text that is no JSON, a value of another type than the struct wants,
// a type with a rule of its own that is not in here) it leaves to encoding/json from the beginning, so that errors are
// the library's.
//
// It must not know what it encodes.
//
// Files:
//
//	unmarshal.go  Unmarshal: into values
//	scan.go       passing over a text
//	fields.go     which key goes into which field of a struct
//	marshal.go    Marshal
//	wanted.go     the words for what a type is read from
package plainjson
