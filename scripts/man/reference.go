package main

import (
	"fmt"
	"strings"
)

// reference is the text of docs/reference.md.
type reference string

// part is what stands under a heading, up to the next one of any level.
func (r reference) part(heading string) (string, error) {
	_, text, found := strings.Cut("\n"+string(r), "\n"+heading+"\n")
	if !found {
		return "", fmt.Errorf("docs/reference.md has no %q", heading)
	}
	var part strings.Builder
	inCode := false
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "```") {
			inCode = !inCode
		}
		if !inCode && strings.HasPrefix(line, "#") {
			break
		}
		part.WriteString(line)
	}
	return part.String(), nil
}

// write writes the part under a heading: paragraphs, code, and tables as lists of items.
func (r reference) write(p *page, heading string) error {
	text, err := r.part(heading)
	if err != nil {
		return err
	}
	for block := range strings.SplitSeq(blocks(text), "\x00") {
		switch block = strings.TrimSpace(block); {
		case block == "":
		case strings.HasPrefix(block, "```"):
			_, body, _ := strings.Cut(block, "\n")
			p.verbatim(strings.TrimSuffix(body, "```"))
		case strings.HasPrefix(block, "|"):
			writeTable(p, block)
		default:
			p.paragraph(block)
		}
	}
	return nil
}

// blocks puts a zero between what empty lines outside of code divide.
func blocks(text string) string {
	var b strings.Builder
	inCode := false
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "```") {
			inCode = !inCode
		}
		if !inCode && line == "\n" {
			line = "\x00"
		}
		b.WriteString(line)
	}
	return b.String()
}

// writeTable makes an item of each row: its first cell is the term, the last but one of those
// with types and defaults says what it means.
func writeTable(p *page, table string) {
	var head []string
	for line := range strings.Lines(table) {
		cells := row(line)
		switch {
		case head == nil:
			head = cells
		case head[0] == "command": // they have a section of their own
		case strings.HasPrefix(cells[0], "---"):
		default:
			term, _, _ := strings.Cut(cells[0], " **new**")
			p.item(strings.ReplaceAll(term, "`", ""), sentence(head, cells))
		}
	}
}

// sentence joins the cells behind the first, with the names of the columns where they are
// needed.
func sentence(head, cells []string) string {
	kind := ""
	var parts []string
	for i := 1; i < len(cells) && i < len(head); i++ {
		switch text := cells[i]; {
		case text == "":
		case head[i] == "type":
			kind = "(" + text + ") "
		case head[i] == "default" && text != "required":
			parts = append(parts, "default "+text)
		case head[i] == "error":
			parts = append(parts, "Error: "+text)
		case head[i] == "labels":
			parts = append(parts, "Labels: "+text)
		default:
			parts = append(parts, text)
		}
	}
	return kind + strings.Join(parts, ". ") + "."
}

// row splits a line of a table; a bar behind a backslash is text.
func row(line string) []string {
	line = strings.ReplaceAll(strings.Trim(strings.TrimSpace(line), "|"), `\|`, "\x01")
	var cells []string
	for cell := range strings.SplitSeq(line, "|") {
		cells = append(cells, strings.ReplaceAll(strings.TrimSpace(cell), "\x01", "|"))
	}
	return cells
}
