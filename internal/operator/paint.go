package operator

import (
	"os"
	"strings"
)

// colour is that of a word for a state or a severity (ECMA-48, SGR); empty for other words.
func colour(word string) string {
	switch word {
	case "problem", "dead", "drifted":
		return "31"
	case "warning", "unknown":
		return "33"
	case "alive":
		return "32"
	}
	return ""
}

// paint gives a word its colour, on a terminal whose owner wants colours (https://no-color.org).
func (s *session) paint(word string) string {
	c := colour(word)
	if c == "" || !s.coloured() {
		return word
	}
	return "\x1b[" + c + "m" + word + "\x1b[0m"
}

func (s *session) coloured() bool { return terminal(s.out) && os.Getenv("NO_COLOR") == "" }

// paintColumn paints the states in a table, which has been laid out without colours.
func (s *session) paintColumn(table string) string {
	if !s.coloured() {
		return table
	}
	var b strings.Builder
	for line := range strings.Lines(table) {
		for _, word := range []string{"dead", drifted, "unknown", "alive"} {
			line = strings.Replace(line, "  "+word+" ", "  "+s.paint(word)+" ", 1)
		}
		b.WriteString(line)
	}
	return b.String()
}
