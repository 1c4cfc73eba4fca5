package schema

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Schema is a JSON Schema; the zero Schema takes any value.
type Schema struct {
	Dialect     string             `json:"$schema,omitempty"`
	ID          string             `json:"$id,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Ref         string             `json:"$ref,omitempty"` // the name of another schema
	Type        Kind               `json:"type,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Minimum     *int               `json:"minimum,omitempty"`
	Maximum     *int               `json:"maximum,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Properties  map[string]*Schema `json:"properties,omitempty"`
	Additional  *bool              `json:"additionalProperties,omitempty"` // true: other keys are as good
	Items       *Schema            `json:"items,omitempty"`
}

// Set are schemas by their names, which a $ref gives.
type Set map[string]*Schema

// With is the set with another schema of a name.
func (s Set) With(name string, other *Schema) Set {
	with := Set{}
	for n, schema := range s {
		with[n] = schema
	}
	with[name] = other
	return with
}

// Check lists what is wrong with a value whose path is key. An unknown key is a mild finding.
// null is taken for any value, since encoding/json does so.
func (s Set) Check(name, key string, n *Node) []Finding {
	c := checker{set: s}
	c.check(s[name], key, n)
	return c.found
}

type checker struct {
	set   Set
	found []Finding
}

func (c *checker) add(at int, key, format string, args ...any) {
	c.found = append(c.found, Finding{At: at, Key: key, Message: fmt.Sprintf(format, args...)})
}

func (c *checker) check(s *Schema, key string, n *Node) {
	if s.Ref != "" {
		s = c.set[s.Ref]
	}
	fits := s.Type == "" || s.Type == n.Kind || s.Type == Number && n.Kind == Integer || n.Kind == Null
	switch {
	case !fits:
		c.add(n.At, key, "%s must be %s, not %s", cmp.Or(key, "the whole"), article(s.Type), article(n.Kind))
	case n.Kind == Object:
		c.object(s, key, n)
	case n.Kind == Array && s.Items != nil:
		for i, item := range n.Items {
			c.check(s.Items, fmt.Sprintf("%s[%d]", key, i), item)
		}
	case len(s.Enum) > 0 && n.Kind == String && n.Text != "" && !slices.Contains(s.Enum, n.Text):
		c.add(n.At, key, "%s is %q, and can be %s%s", key, n.Text, strings.Join(s.Enum, ", "), meant(n.Text, s.Enum))
	case n.Kind == Integer:
		c.limits(s, key, n)
	}
}

func (c *checker) limits(s *Schema, key string, n *Node) {
	value, err := strconv.Atoi(n.Text)
	if err != nil || s.Minimum != nil && value < *s.Minimum || s.Maximum != nil && value > *s.Maximum {
		c.add(n.At, key, "%s is %s, and can be %s", key, n.Text, s.span())
	}
}

func (s *Schema) span() string {
	switch {
	case s.Minimum != nil && s.Maximum != nil:
		return fmt.Sprintf("%d to %d", *s.Minimum, *s.Maximum)
	case s.Minimum != nil:
		return fmt.Sprintf("%d or more", *s.Minimum)
	}
	return "no larger"
}

func (c *checker) object(s *Schema, key string, n *Node) {
	known := make([]string, 0, len(s.Properties))
	for name := range s.Properties {
		known = append(known, name)
	}
	seen := map[string]bool{}
	for _, m := range n.Members {
		path := strings.TrimPrefix(key+"."+m.Name, ".")
		lower := strings.ToLower(m.Name)
		if seen[lower] {
			c.add(m.At, path, "%s is there twice; the last one counts", path)
		}
		seen[lower] = true
		i := slices.IndexFunc(known, func(name string) bool { return strings.EqualFold(name, m.Name) })
		switch {
		case i >= 0:
			c.check(s.Properties[known[i]], path, m.Value)
		case len(known) > 0 && s.Additional == nil:
			c.found = append(c.found, Finding{At: m.At, Key: path, Mild: true, Message: fmt.Sprintf("%s is an unknown key%s", path, meant(m.Name, known))})
		}
	}
	for _, name := range s.Required {
		if !seen[strings.ToLower(name)] {
			c.add(n.At, key, "%s is missing", strings.TrimPrefix(key+"."+name, "."))
		}
	}
}

func meant(word string, words []string) string {
	if near := Nearest(word, words); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

func article(k Kind) string {
	if k == Object || k == Array || k == Integer {
		return "an " + string(k)
	}
	if k == Null {
		return "null"
	}
	return "a " + string(k)
}
