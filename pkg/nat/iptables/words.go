package iptables

import (
	"fmt"
	"strings"
	"unicode"
)

// plain are the letters that iptables-save leaves without quotes (xtables_save_string).
const plain = "_-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// quote writes one word as iptables-save does and iptables-restore reads it. Nothing that
// could end a line gets through.
func quote(word string) (string, error) {
	if strings.ContainsFunc(word, unicode.IsControl) {
		return "", fmt.Errorf("quote %q: it has control characters", word)
	}
	if word != "" && strings.Trim(word, plain) == "" {
		return word, nil
	}
	for _, special := range []string{`\`, `"`, `'`} {
		word = strings.ReplaceAll(word, special, `\`+special)
	}
	return `"` + word + `"`, nil
}

// words splits a line of iptables-save.
func words(line string) []string {
	var list []string
	var word strings.Builder
	begun, quoted, escaped := false, false, false
	for _, r := range line {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case quoted && r == '\\':
			escaped = true
		case r == '"':
			begun, quoted = true, !quoted
		case r == ' ' && !quoted:
			if begun {
				list = append(list, word.String())
			}
			word.Reset()
			begun = false
		default:
			begun = true
			word.WriteRune(r)
		}
	}
	if begun {
		list = append(list, word.String())
	}
	return list
}
