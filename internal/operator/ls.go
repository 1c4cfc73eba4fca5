package operator

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"vethbridge/pkg/nat"
)

func list(ctx context.Context, s *session) error {
	if s.watch {
		return s.again(ctx, s.list)
	}
	return s.list(ctx, s.out)
}

func (s *session) list(ctx context.Context, out io.Writer) error {
	rows, err := s.rows(ctx)
	if err != nil {
		return err
	}
	if s.json {
		return writeJSON(out, rows)
	}
	columns := (*row).wide
	if s.narrow {
		columns = (*row).slim
	}
	table := [][]string{columns(&row{
		Network: "NETWORK", Container: "CONTAINER", IfName: "INTERFACE", State: "STATE", Addresses: []string{"ADDRESSES"}, Ports: []*publishing{{text: "PORTS"}}, Link: "LINK", age: "AGE",
	})}
	for _, r := range rows {
		table = append(table, columns(r))
	}
	_, err = io.WriteString(out, s.paintColumn(aligned(table)))
	return err
}

// aligned lays out a table: each column is as wide as its longest word and two spaces, but the last.
func aligned(table [][]string) string {
	widths := make([]int, len(table[0]))
	for _, line := range table {
		for column, word := range line {
			widths[column] = max(widths[column], utf8.RuneCountInString(word))
		}
	}
	var b strings.Builder
	for _, line := range table {
		for column, word := range line {
			b.WriteString(word)
			if column < len(line)-1 {
				b.WriteString(strings.Repeat(" ", widths[column]+2-utf8.RuneCountInString(word)))
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func (r *row) wide() []string {
	return []string{r.Network, r.Container, r.IfName, r.State, strings.Join(r.Addresses, ","), strings.Join(texts(r.Ports), ","), r.Link, r.age}
}

// slim is for a terminal of 80 columns: the beginning of the ID, the first address, host ports
// without the rest.
func (r *row) slim() []string {
	address, ports := "", []string{}
	if len(r.Addresses) > 0 {
		address, _, _ = strings.Cut(r.Addresses[0], "/")
	}
	for i := range r.mappings {
		m := &r.mappings[i]
		port := strconv.Itoa(int(m.HostPort))
		if m.More > 0 {
			port += "-" + strconv.Itoa(int(m.Last()))
		}
		if m.Protocol != nat.TCP {
			port += "/" + m.Protocol.String()
		}
		if !slices.Contains(ports, port) {
			ports = append(ports, port)
		}
	}
	if len(r.mappings) == 0 { // of the headings, too
		ports = texts(r.Ports)
	}
	return []string{r.Network, r.Container[:min(12, len(r.Container))], r.State, address, strings.Join(ports, ","), r.age}
}

func writeJSON(out io.Writer, value any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(value)
}
