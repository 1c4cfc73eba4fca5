package operator

import (
	"os/exec"
	"strings"
	"testing"
)

// odd are names that no link or container has, and that must not break a diagram all the same.
var odd = []string{`a"b`, `a\`, `\N`, "a\nb", "&lt;", "<b>", "#quot;", "`a`", `"]; n9 [label="`, "größe"}

func oddPicture() *node {
	root := &node{kind: aHost, name: "host"}
	for _, name := range odd {
		root.children = append(root.children, &node{kind: aContainer, name: name, says: []string{name, name}})
	}
	return root
}

func TestDotShowsAnyNameAsItIs(t *testing.T) {
	cmd := exec.Command("dot", "-Tplain")
	cmd.Stdin = strings.NewReader(flat(oddPicture()).dot())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if nodes := strings.Count("\n"+string(out), "\nnode "); nodes != len(odd)+1 {
		t.Errorf("%d nodes, want %d: %s", nodes, len(odd)+1, out)
	}
	cmd = exec.Command("dot", "-Tsvg")
	cmd.Stdin = strings.NewReader(flat(oddPicture()).dot())
	svg, err := cmd.CombinedOutput()
	for _, text := range []string{">a&quot;b<", `>a\<`, `>\N<`, ">&amp;lt;<", ">&lt;b&gt;<", ">größe<"} {
		if err != nil || !strings.Contains(string(svg), text) {
			t.Errorf("%v: %s is not in\n%s", err, text, svg)
		}
	}
}

func TestMermaidQuotesAnyName(t *testing.T) {
	text := flat(oddPicture()).mermaid()
	for i, want := range []string{"a#quot;b", `a\`, `\N`, "a b", "#amp;lt;", "#lt;b#gt;", "#35;quot;", "#96;a#96;", "#quot;]; n9 [label=#quot;", "größe"} {
		if !strings.Contains(text, `(["`+want+`"])`) || !strings.Contains(text, `|"`+want+"<br/>"+want+`"|`) {
			t.Errorf("%q is not %q in\n%s", odd[i], want, text)
		}
	}
	if lines := strings.Count(text, "\n"); lines != 2+2*len(odd) {
		t.Errorf("%d lines:\n%s", lines, text)
	}
}

func TestAContainerOnTwoNetworksIsOneNodeOfADiagram(t *testing.T) {
	port := func(link, ifName string) *node {
		return &node{kind: aVeth, name: link, children: []*node{{kind: aContainer, name: "web", says: []string{ifName}}}}
	}
	d := flat(&node{kind: aHost, name: "host", children: []*node{port("veth0", "eth0"), port("veth1", "eth1")}})
	if len(d.nodes) != 4 || len(d.edges) != 4 {
		t.Errorf("%v", d)
	}
}
