package operator

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"vethbridge/internal/trace"
)

// TestCommandsInTheTextOfTheDocsAreThere is about those between backticks: the command, and its flags.
func TestCommandsInTheTextOfTheDocsAreThere(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal(err)
	}
	found := 0
	for _, page := range append(pages, "../../README.md", "../../CHANGELOG.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range regexp.MustCompile("`vethbridge ([a-z][^`|<>{}]*)`").FindAllStringSubmatch(string(text), -1) {
			words := strings.Fields(regexp.MustCompile(`[][]|\\.*`).ReplaceAllString(code[1], ""))
			c, known := find(words[0])
			if netavarkVerb[words[0]] {
				continue
			}
			if !known {
				t.Errorf("%s: there is no command %q", page, words[0])
				continue
			}
			found++
			for _, word := range words[1:] {
				name, _, _ := strings.Cut(strings.TrimPrefix(word, "--"), "=")
				if strings.HasPrefix(word, "--") && !bytes.Contains([]byte(c.usage()), []byte("--"+name)) {
					t.Errorf("%s: %s has no flag %s", page, c.Name, word)
				}
			}
		}
	}
	if found < 30 {
		t.Errorf("only %d commands found", found)
	}
}

// TestEveryKeyOfTheJSONIsDocumented: scripts go by the reference page.
func TestEveryKeyOfTheJSONIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/reference.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n### JSON\n")
	section, _, _ = strings.Cut(section, "\n### ")
	for _, printed := range []any{row{}, whole{}, end{}, traced{}, trace.Story{}, trace.Step{}, finding{}, remark{}} {
		kind := reflect.TypeOf(printed)
		for i := range kind.NumField() {
			tag, omitted, _ := strings.Cut(kind.Field(i).Tag.Get("json"), ",")
			key := "`" + tag + "`"
			if omitted == "omitempty" && kind != reflect.TypeOf(trace.Step{}) {
				key += "?"
			}
			if tag != "" && tag != "-" && !strings.Contains(section, key) {
				t.Errorf("%s: %s is not documented", kind.Name(), key)
			}
		}
	}
}

// netavarkVerb are the words of another door of the executable.
var netavarkVerb = map[string]bool{"create": true, "setup": true, "teardown": true, "info": true}
