package schematest

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"vethbridge/internal/schema"
)

var update = flag.Bool("update", false, "write the schemas")

// Dialect is the version of JSON Schema that the files are in.
const Dialect = "https://json-schema.org/draft/2020-12/schema"

// Described lays what the tables of the reference page say about keys over a map. Sections are
// the beginnings of headings; a key that is there in several has its meaning from the last.
func Described(t *testing.T, over map[string]schema.Schema, sections ...string) map[string]schema.Schema {
	t.Helper()
	page, err := os.ReadFile("../../docs/reference.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| (`[^|]*?) \\|[^|]*\\|[^|]*\\| ([^|]+) \\|")
	for _, heading := range sections {
		_, text, found := strings.Cut(string(page), "\n"+heading+"\n")
		if !found {
			t.Fatalf("the page has no heading %q", heading)
		}
		text, _, _ = strings.Cut(text, "\n#")
		for _, r := range row.FindAllStringSubmatch(text, -1) {
			for _, key := range strings.Split(strings.ReplaceAll(r[1], "**new**", ""), ",") {
				key = strings.Trim(strings.TrimSpace(strings.ReplaceAll(key, " here", "")), "` ")
				s := over[key]
				s.Description = sentence(r[2])
				over[key] = s
			}
		}
	}
	return over
}

// sentence is the first one, without the marks of Markdown.
func sentence(text string) string {
	text, _, _ = strings.Cut(text, ". ")
	text = regexp.MustCompile(`,? ?(see )?\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(text, "")
	return strings.TrimSuffix(strings.ReplaceAll(strings.TrimSpace(text), "`", ""), ";")
}

// Shipped compares a schema with the file that is shipped.
func Shipped(t *testing.T, name string, s schema.Schema) {
	t.Helper()
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	s.Dialect, s.ID = Dialect, name
	if err := e.Encode(s); err != nil {
		t.Fatal(err)
	}
	file := "../../conf/schema/" + name
	if *update {
		if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, text.Bytes()) {
		t.Errorf("%s is not in step with the code and the reference page: make schema\n%s", file, text.Bytes())
	}
}
