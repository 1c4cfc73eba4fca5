// Package schematest makes JSON Schemas from the structs that configs are decoded into, and from
// the words of the reference page, and holds them beside the files that are shipped.
//
// Files:
//
//	generate.go  Generate: a schema from a type
//	page.go      Described: what the reference page says about keys
//	agree.go     Agree: the schema and the decoder take and refuse the same
package schematest
