package integration

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
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
	said := literals(t)
	headings := heading.FindAllStringSubmatch(string(page), -1)
	if len(headings) == 0 {
		t.Fatal("no headings found")
	}
	for _, h := range headings {
		for _, text := range quoted.FindAllStringSubmatch(h[1], -1) {
			if !slices.ContainsFunc(said, saying(text[1])) {
				t.Errorf("no code says %q", text[1])
			}
		}
	}
}

// saying tells whether a string literal has the words of a text: the parts between … that follow each other in it
// are distinctive if they have twelve characters.
func saying(text string) func(literal string) bool {
	parts := strings.Split(text, "…")
	return func(literal string) bool {
		for from := range parts {
			rest, length := literal, 0
			for _, part := range parts[from:] {
				_, after, found := strings.Cut(rest, part)
				if !found {
					break
				}
				if rest, length = after, length+len(part); length >= 12 {
					return true
				}
			}
		}
		return false
	}
}

// literals are the strings in the product's code.
func literals(t *testing.T) (list []string) {
	t.Helper()
	for _, dir := range []string{"../internal", "../pkg", "../plugins"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			after := map[ast.Expr]string{}
			ast.Inspect(file, func(n ast.Node) bool {
				if call, is := n.(*ast.CallExpr); is {
					after[ending(call)] = ": "
				}
				if literal, is := n.(*ast.BasicLit); is && literal.Kind == token.STRING {
					text, err := strconv.Unquote(literal.Value)
					if err != nil {
						t.Fatal(err)
					}
					list = append(list, text+after[literal])
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// ending is the end of what failure.To says was being done, which a colon and the cause follow.
func ending(call *ast.CallExpr) ast.Expr {
	if f, is := call.Fun.(*ast.SelectorExpr); !is || fmt.Sprint(f.X, ".", f.Sel) != "failure.To" {
		return nil
	}
	if sum, is := call.Args[0].(*ast.BinaryExpr); is {
		return sum.Y
	}
	return call.Args[0]
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

// TestLinksOfTheDocsLeadSomewhere is about files beside them, and headings of pages.
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
		for _, link := range regexp.MustCompile(`\]\(([^)#:]*)(#[^)]*)?\)`).FindAllStringSubmatch(string(text), -1) {
			target := page
			if link[1] != "" {
				target = filepath.Join(filepath.Dir(page), link[1])
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s leads to %s: %v", page, link[1], err)
			} else if link[2] != "" && !slices.Contains(anchors(t, target), link[2]) {
				t.Errorf("%s leads to %s%s, and there is no such heading", page, link[1], link[2])
			}
		}
	}
}

// anchors are the places of a page that links can lead to, as GitHub and GitLab make them of headings.
func anchors(t *testing.T, page string) (list []string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(string(text), -1) {
		words := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(heading[1]), "")
		list = append(list, "#"+strings.ReplaceAll(words, " ", "-"))
	}
	return list
}

// TestEveryTableOfTheBookIsInTheArchitecture goes by the names that stand in the state file.
func TestEveryTableOfTheBookIsInTheArchitecture(t *testing.T) {
	page, err := os.ReadFile("../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rows, _ := strings.Cut(string(page), "| table | kept by | says |")
	rows, _, _ = strings.Cut(rows, "\n\n")
	var said, kept []string
	for _, row := range regexp.MustCompile(`(?m)^\| ([\w, -]+) \|`).FindAllStringSubmatch(rows, -1) {
		said = append(said, strings.Split(row[1], ", ")...)
	}
	declared := regexp.MustCompile(`(?m)^\s*(?:const )?\w+ +(?:state\.)?Table += "(.*)"`)
	err = filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, name := range declared.FindAllStringSubmatch(string(text), -1) {
			kept = append(kept, name[1])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(said)
	slices.Sort(kept)
	if !slices.Equal(said, kept) {
		t.Errorf("the page has the tables %q, the code %q", said, kept)
	}
}
