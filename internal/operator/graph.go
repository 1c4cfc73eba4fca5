package operator

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

func graph(ctx context.Context, s *session) error {
	draw := (*node).text
	switch s.format {
	case "dot":
		draw = func(n *node) string { return flat(n).dot() }
	case "mermaid":
		draw = func(n *node) string { return flat(n).mermaid() }
	}
	root, err := s.picture(ctx)
	switch {
	case err != nil:
	case s.format == "svg", s.format == "png":
		err = s.image(ctx, flat(root).dot())
	default:
		_, err = fmt.Fprint(s.out, draw(root))
	}
	return err
}

// image lets Graphviz draw.
func (s *session) image(ctx context.Context, dot string) error {
	cmd := exec.CommandContext(ctx, "dot", "-T"+s.format)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(dot), s.out, s.errOut
	err := cmd.Run()
	if errors.Is(err, exec.ErrNotFound) {
		return errors.New("draw image: Graphviz's program dot is not installed; --format dot makes what it reads anywhere")
	}
	return err
}

// text draws the tree for a terminal, in ASCII.
func (n *node) text() string {
	var b strings.Builder
	b.WriteString(n.name + "\n")
	n.branches(&b, "")
	return b.String()
}

func (n *node) branches(b *strings.Builder, indent string) {
	for i, c := range n.children {
		branch, below := "|-- ", "|   "
		if i == len(n.children)-1 {
			branch, below = "`-- ", "    "
		}
		if c.kind == someports {
			leaves(b, indent, c.says)
			continue
		}
		line := string(c.kind) + " " + c.name
		if c.kind == aVeth {
			line = c.name
		}
		if len(c.says) > 0 {
			line += ": " + strings.Join(c.says, ", ")
		}
		b.WriteString(indent + branch + line + "\n")
		c.branches(b, indent+below)
	}
}

// leaves draws one line for each published port; nothing comes behind them.
func leaves(b *strings.Builder, indent string, ports []string) {
	for i, p := range ports {
		if i == len(ports)-1 {
			b.WriteString(indent + "`-- " + p + "\n")
		} else {
			b.WriteString(indent + "|-- " + p + "\n")
		}
	}
}

// diagram is the tree as nodes and edges: a container on several networks is one node.
type diagram struct {
	nodes []vertex
	edges []edge
}

type vertex struct {
	key   string
	kind  kind
	label []string // lines
}

type edge struct {
	from, to string // keys
	label    []string
}

func flat(root *node) *diagram {
	d := &diagram{nodes: []vertex{{root.key(), root.kind, []string{root.name}}}}
	d.add(root)
	return d
}

func (n *node) key() string { return string(n.kind) + " " + n.name }

func (d *diagram) add(parent *node) {
	for _, c := range parent.children {
		v, e := vertex{c.key(), c.kind, []string{c.name}}, edge{from: parent.key(), to: c.key()}
		switch c.kind {
		case aContainer:
			e.label = c.says // they are those of one attachment
		case someports:
			v.label = c.says
		default:
			v.label = append(v.label, c.says...)
		}
		if !d.has(v.key) {
			d.nodes = append(d.nodes, v)
		}
		d.edges = append(d.edges, e)
		d.add(c)
	}
}

func (d *diagram) has(key string) bool { return d.number(key) < len(d.nodes) }

// number is where a node stands in the list.
func (d *diagram) number(key string) int {
	for i, v := range d.nodes {
		if v.key == key {
			return i
		}
	}
	return len(d.nodes)
}
