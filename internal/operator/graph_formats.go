package operator

import (
	"fmt"
	"strings"
)

// dot writes the diagram in the language of Graphviz (https://graphviz.org/doc/info/lang.html).
func (d *diagram) dot() string {
	shapes := func(k kind) string {
		switch k {
		case aHost:
			return "house"
		case aBridge:
			return "hexagon"
		case aContainer:
			return "component"
		case someports:
			return "note"
		}
		return "box"
	}
	var b strings.Builder
	b.WriteString("graph vethbridge {\n  rankdir=LR;\n")
	for i, v := range d.nodes {
		fmt.Fprintf(&b, "  n%d [shape=%s, label=%s];\n", i, shapes(v.kind), dotLabel(v.label))
	}
	for _, e := range d.edges {
		fmt.Fprintf(&b, "  n%d -- n%d", d.number(e.from), d.number(e.to))
		if len(e.label) > 0 {
			b.WriteString(" [label=" + dotLabel(e.label) + "]")
		}
		b.WriteString(";\n")
	}
	return b.String() + "}\n"
}

// dotLabel quotes lines: a backslash begins an escape, an ampersand an entity.
func dotLabel(lines []string) string {
	return `"` + escaped(lines, `\n`, `\`, `\\`, `"`, `\"`, "&", "&amp;", "\n", `\n`) + `"`
}

// mermaid writes the diagram in the language of Mermaid (https://mermaid.js.org/syntax/flowchart.html),
// which Markdown pages of GitHub and GitLab draw.
func (d *diagram) mermaid() string {
	var b strings.Builder
	b.WriteString("graph LR\n")
	for i, v := range d.nodes {
		open, end := "[", "]"
		switch v.kind {
		case aHost, aBridge:
			open, end = "{{", "}}"
		case aContainer:
			open, end = "([", "])"
		}
		fmt.Fprintf(&b, "  n%d%s%s%s\n", i, open, mermaidLabel(v.label), end)
	}
	for _, e := range d.edges {
		line := "---"
		if len(e.label) > 0 {
			line += "|" + mermaidLabel(e.label) + "|"
		}
		fmt.Fprintf(&b, "  n%d %s n%d\n", d.number(e.from), line, d.number(e.to))
	}
	return b.String()
}

// mermaidLabel quotes lines. A number sign begins an entity there; a backtick would begin
// Markdown, and the rest is HTML.
func mermaidLabel(lines []string) string {
	return `"` + escaped(lines, "<br/>", "#", "#35;", "&", "#amp;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "`", "#96;", "\n", " ") + `"`
}

// escaped joins lines in which texts are replaced by others, one pair after the other.
func escaped(lines []string, between string, pairs ...string) string {
	texts := make([]string, len(lines))
	for i, text := range lines {
		for p := 0; p < len(pairs); p += 2 {
			text = strings.ReplaceAll(text, pairs[p], pairs[p+1])
		}
		texts[i] = text
	}
	return strings.Join(texts, between)
}
