package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// marked is a table of a Markdown file below the comment that names it: the name, its head, and its rows.
var marked = regexp.MustCompile(`(?m)^<!-- bench: (\S+) -->\n((?:\|.*\n){2})((?:\|.*\n)*)`)

// document puts the figures of a run into the marked tables of Markdown files. What a table's head says stays.
func document(run string, files ...string) error {
	r, err := readResults(run)
	if err != nil {
		return err
	}
	tables := r.documented()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		filled, err := fill(string(text), tables)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if err := os.WriteFile(file, []byte(filled), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func fill(text string, tables map[string]rows) (string, error) {
	var failed []error
	text = marked.ReplaceAllStringFunc(text, func(found string) string {
		m := marked.FindStringSubmatch(found)
		name, head := m[1], m[2]
		table := tables[name]
		if len(table) == 0 || strings.Count(head, "|") != 2*(len(table[0])+1) {
			failed = append(failed, fmt.Errorf("table %q: there are no such figures, or they have other columns than the head says", name))
			return found
		}
		return "<!-- bench: " + name + " -->\n" + head + table.markdown()
	})
	return text, errors.Join(failed...)
}

func (r rows) markdown() (text string) {
	for _, row := range r {
		for _, c := range row {
			text += strings.TrimRight("| "+c, " ") + " "
		}
		text += "|\n"
	}
	return text
}
