package operator

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
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
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NETWORK\tCONTAINER\tINTERFACE\tSTATE\tADDRESSES\tPORTS\tLINK\tAGE")
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join([]string{
			r.Network, r.Container, r.IfName, r.State, strings.Join(r.Addresses, ","), strings.Join(r.Ports, ","), r.Link, r.Age,
		}, "\t"))
	}
	return w.Flush()
}

func writeJSON(out io.Writer, value any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(value)
}
