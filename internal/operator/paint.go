package operator

import (
	"os"
	"strings"
)

// colours are of the words for states and severities (ECMA-48, SGR).
var colours = map[string]string{"problem": "31", "dead": "31", "drifted": "31", "warning": "33", "unknown": "33", "alive": "32"}

// paint gives a word its colour, on a terminal whose owner wants colours (https://no-color.org).
func (s *session) paint(word string) string {
	colour, known := colours[word]
	if !known || !s.coloured() {
		return word
	}
	return "\x1b[" + colour + "m" + word + "\x1b[0m"
}

func (s *session) coloured() bool { return terminal(s.out) && os.Getenv("NO_COLOR") == "" }

// paintColumn paints the first word of its kind in each line of a table, which has been laid out
// without colours.
func (s *session) paintColumn(table string) string {
	if !s.coloured() {
		return table
	}
	var b strings.Builder
	for line := range strings.Lines(table) {
		for word := range colours {
			line = strings.Replace(line, "  "+word+"  ", "  "+s.paint(word)+"  ", 1)
		}
		b.WriteString(line)
	}
	return b.String()
}
