package operator

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"vethbridge/internal/state"
	"vethbridge/pkg/ipam"
	"vethbridge/pkg/nat"
)

// row is one attachment as ls shows it.
type row struct {
	Network   string   `json:"network"`
	Container string   `json:"container"`
	IfName    string   `json:"ifName"`
	State     string   `json:"state"`
	Addresses []string `json:"addresses"`
	Ports     []string `json:"ports"`
	Bridge    string   `json:"bridge,omitempty"`
	Link      string   `json:"link,omitempty"`
	Age       string   `json:"age"`
}

func list(ctx context.Context, s *session) error {
	rows, err := s.rows(ctx)
	if err != nil {
		return err
	}
	if s.json {
		e := json.NewEncoder(s.out)
		e.SetIndent("", "  ")
		return e.Encode(rows)
	}
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NETWORK\tCONTAINER\tINTERFACE\tSTATE\tADDRESSES\tPORTS\tLINK\tAGE")
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join([]string{
			r.Network, r.Container, r.IfName, r.State, strings.Join(r.Addresses, ","), strings.Join(r.Ports, ","), r.Link, r.Age,
		}, "\t"))
	}
	return w.Flush()
}

func (s *session) rows(ctx context.Context) ([]row, error) {
	records, err := s.host.Attachments(ctx, s.network)
	if err != nil {
		return nil, err
	}
	rows := make([]row, 0, len(records))
	for _, a := range records {
		life, _ := s.host.Liveness(ctx, a) // an error leaves it unknown, which is shown
		r := row{
			Network: a.Owner.Network, Container: a.Owner.ContainerID, IfName: a.Owner.IfName, State: life.String(),
			Bridge: a.Bridge, Link: a.HostLink, Age: age(a),
		}
		if err := s.holdings(ctx, a, &r); err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// holdings fills in what the libraries' tables say.
func (s *session) holdings(ctx context.Context, a state.Attachment, r *row) error {
	r.Addresses, r.Ports = []string{}, []string{}
	return s.host.Store.View(ctx, func(tx *state.Tx) error {
		leases, err := ipam.Leases(tx, a.Owner)
		if err != nil {
			return err
		}
		for _, l := range leases {
			r.Addresses = append(r.Addresses, l.Address.String())
		}
		translations, err := nat.Recorded(tx, a.Owner, nat.PartNatport)
		for _, m := range translations.Mappings {
			r.Ports = append(r.Ports, m.String())
		}
		return err
	})
}

// age is the time since ADD on the clock of this boot; a former boot's record has none.
func age(a state.Attachment) string {
	d := time.Duration(state.Now() - a.Created)
	if d < 0 {
		return "-"
	}
	return d.Round(time.Second).String()
}
