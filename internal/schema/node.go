package schema

import (
	"strconv"
	"strings"
)

// Kind is JSON's kind of a value, in the words of JSON Schema.
type Kind string

// The kinds; an integer is a number too.
const (
	Object  Kind = "object"
	Array   Kind = "array"
	String  Kind = "string"
	Integer Kind = "integer"
	Number  Kind = "number"
	Boolean Kind = "boolean"
	Null    Kind = "null"
)

// Node is a value of a text.
type Node struct {
	At      int // offset of its first byte
	Kind    Kind
	Text    string   // of a string without quotes, a number or a truth value
	Members []Member // of an object, in their order
	Items   []*Node  // of an array
	end     int      // offset behind it
}

// Member is a key with its value.
type Member struct {
	Name  string
	At    int // offset of the key
	Value *Node
}

// Get returns the value of a key in any letter case; the last one counts. Of a key that is missing it is an empty one.
func (n *Node) Get(name string) (value *Node, there bool) {
	value = &Node{}
	for _, m := range n.Members {
		if strings.EqualFold(m.Name, name) {
			value, there = m.Value, true
		}
	}
	return value, there
}

// Find returns the node at a path such as "ipam.ranges[0][1].gateway", or the last node on the
// way to it that is there.
func (n *Node) Find(path string) *Node {
	for part := range strings.SplitSeq(path, ".") {
		name, indices, _ := strings.Cut(part, "[")
		next, there := n.Get(name)
		if !there {
			return n
		}
		n = next
		for index := range strings.SplitSeq(strings.TrimSuffix(indices, "]"), "][") {
			i, err := strconv.Atoi(index)
			if err != nil || i >= len(n.Items) {
				break
			}
			n = n.Items[i]
		}
	}
	return n
}

// Raw is the part of the text that the node was read from.
func (n *Node) Raw(text []byte) []byte { return text[n.At:n.end] }
