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

// TestEveryPromiseHasATestThatIsThere goes by the names of the tests in the page of promises.
func TestEveryPromiseHasATestThatIsThere(t *testing.T) {
	page, err := os.ReadFile("../docs/promises.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{}
	err = filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, name := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)`).FindAllStringSubmatch(string(text), -1) {
			tests[name[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(page)) {
		if !strings.HasPrefix(line, "| P") {
			continue
		}
		proof := quoted.FindAllStringSubmatch(line[strings.LastIndex(strings.TrimRight(line, "| \n"), "|"):], -1)
		if len(proof) == 0 {
			t.Errorf("nothing proves %s", line)
		}
		for _, name := range proof {
			if !tests[name[1]] && !strings.HasPrefix(name[1], "make ") {
				t.Errorf("there is no test %s", name[1])
			}
		}
	}
}

// TestLinksOfTheDocsLeadSomewhere is about files beside them.
func TestLinksOfTheDocsLeadSomewhere(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "../README.md", "../ARCHITECTURE.md", "../CONTRIBUTING.md", "../CHANGELOG.md", "../conf/README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`).FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), link[1])); err != nil {
				t.Errorf("%s leads to %s: %v", page, link[1], err)
			}
		}
	}
}
