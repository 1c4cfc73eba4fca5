package operator

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEveryFindingLeadsToAHeadingOfThePage goes by the anchors that GitHub and GitLab make of
// headings, and looks for headings that nothing leads to.
func TestEveryFindingLeadsToAHeadingOfThePage(t *testing.T) {
	text, err := os.ReadFile("../../" + page)
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(text), "\n## What the doctor finds\n")
	anchors := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^### (.*)$`).FindAllStringSubmatch(part, -1) {
		words := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(heading[1]), "")
		anchors[strings.ReplaceAll(words, " ", "-")] = false
	}
	files, err := filepath.Glob("doctor*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, see := range regexp.MustCompile(`"([a-z0-9]+(?:-[a-z0-9]+){2,})"`).FindAllStringSubmatch(string(code), -1) {
			if _, there := anchors[see[1]]; !there {
				t.Errorf("%s: the page has no heading #%s", file, see[1])
			}
			anchors[see[1]] = true
		}
	}
	for anchor, used := range anchors {
		if !used {
			t.Errorf("no finding leads to #%s", anchor)
		}
	}
}
