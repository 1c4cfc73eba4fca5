package integration

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// heading finds the error texts that the troubleshooting page promises to explain.
var heading = regexp.MustCompile("(?m)^### (`.*)$")

var quoted = regexp.MustCompile("`([^`]+)`")

// TestErrorsInTheTroubleshootingPageAreThoseOfTheCode lets an operator search the page for
// the words of a message.
func TestErrorsInTheTroubleshootingPageAreThoseOfTheCode(t *testing.T) {
	page, err := os.ReadFile("../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	code := sources(t)
	headings := heading.FindAllStringSubmatch(string(page), -1)
	if len(headings) == 0 {
		t.Fatal("no headings found")
	}
	for _, h := range headings {
		for _, text := range quoted.FindAllStringSubmatch(h[1], -1) {
			for part := range strings.SplitSeq(text[1], "…") {
				if !strings.Contains(code, strings.TrimSpace(part)) {
					t.Errorf("no code says %q", part)
				}
			}
		}
	}
}

// sources is the text of the product's code, formats filled in with nothing.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, dir := range []string{"../internal", "../pkg", "../plugins"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			all.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}
