package main

import (
	"fmt"
	"regexp"
	"strings"
)

// page is a manual page under way, in the macros of man(7).
type page struct{ text strings.Builder }

func newPage(name, summary string) *page {
	p := &page{}
	fmt.Fprintf(&p.text, ".\\\" Made by \"make man\" from the commands and docs/reference.md.\n.TH %s 8 \"\" %[2]s \"%[2]s manual\"\n",
		strings.ToUpper(name), "vethbridge")
	p.section("NAME")
	p.line(name + ` \- ` + plain(summary))
	return p
}

func (p *page) line(text string) { p.text.WriteString(text + "\n") }

func (p *page) section(name string) { p.line(".SH " + name) }

// paragraph writes text with the reference page's marks: code, links, emphasis.
func (p *page) paragraph(text string) {
	p.line(".PP")
	p.line(inline(text))
}

// item writes a term and what is said of it.
func (p *page) item(term, text string) {
	p.line(".TP")
	p.line(`\fB` + plain(term) + `\fR`)
	p.line(inline(text))
}

// verbatim writes lines as they are.
func (p *page) verbatim(text string) {
	p.line(".PP\n.RS 4\n.nf")
	for line := range strings.Lines(text) {
		p.line(plain(strings.TrimSuffix(line, "\n")))
	}
	p.line(".fi\n.RE")
}

// plain escapes what troff would take for its own: backslashes, hyphens that are typed, and
// a dot or a quote at the beginning of a line.
func plain(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "^", `\(ha`, "~", `\(ti`, "…", "...").Replace(text)
	return control.ReplaceAllString(text, `\&$0`)
}

var (
	control  = regexp.MustCompile(`(?m)^[.']`)
	link     = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	code     = regexp.MustCompile("`([^`]*)`")
	emphasis = regexp.MustCompile(`\*\*([^*]*)\*\*`)
)

// inline makes Markdown's marks those of troff.
func inline(text string) string {
	text = plain(link.ReplaceAllString(text, "$1"))
	text = code.ReplaceAllString(text, `\fB$1\fR`)
	return emphasis.ReplaceAllString(text, `\fI$1\fR`)
}
