// Package schema has the JSON Schemas of our configs, for editors and for "vethbridge validate".
// The files are made from the structs that configs are decoded into ("make schema"); a test of
// each package that decodes holds them in step.
package schema

import _ "embed" // the files

// The schemas, by what they are of.
var (
	//go:embed conflist.json
	Conflist string
	//go:embed vethbridge.json
	Vethbridge string
	//go:embed natport.json
	Natport string
	//go:embed ipam.json
	IPAM string
)
