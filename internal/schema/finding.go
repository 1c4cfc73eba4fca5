package schema

import (
	"bytes"
	"unicode/utf8"
)

// Finding is something about a text.
type Finding struct {
	At      int    // offset
	Key     string // the path of the value that it is about
	Message string
	Mild    bool // it is tolerated by who reads the text
}

// Position returns the line and the column, both from 1, of an offset. Columns are characters.
func Position(text []byte, at int) (line, column int) {
	before := text[:min(at, len(text))]
	last := bytes.LastIndexByte(before, '\n')
	return bytes.Count(before, []byte{'\n'}) + 1, utf8.RuneCount(before[last+1:]) + 1
}
