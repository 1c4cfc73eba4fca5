package operator

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"vethbridge/internal/host"
	"vethbridge/internal/links"
	"vethbridge/internal/state"
	"vethbridge/pkg/ipam"
	"vethbridge/pkg/nat"
)

// drifted is the state of a living attachment of which the kernel lacks something.
const drifted = "drifted"

// row is one attachment as ls shows it.
type row struct {
	Network   string        `json:"network"`
	Container string        `json:"container"`
	IfName    string        `json:"ifName"`
	State     string        `json:"state"`
	Drift     []string      `json:"drift,omitempty"`
	Addresses []string      `json:"addresses"`
	Ports     []*publishing `json:"ports"`
	Bridge    string        `json:"bridge,omitempty"`
	Link      string        `json:"link,omitempty"`
	Age       *int64        `json:"ageSeconds,omitempty"` // none of a former boot

	age      string // for people
	record   *state.Attachment
	mappings []nat.Mapping
}

// rows lists the wanted attachments with what they hold, from one moment of the book.
func (s *session) rows(ctx context.Context) ([]*row, error) {
	rows := []*row{}
	err := s.host.Store.View(ctx, func(tx *state.Tx) error {
		records, err := tx.Attachments(s.network)
		for i := 0; i < len(records) && err == nil; i++ {
			if strings.HasPrefix(records[i].Owner.ContainerID, s.filter.container) {
				rows, err = s.appendRow(tx, rows, records[i])
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if rows, err = s.addressed(rows); err != nil {
		return nil, err
	}
	for _, r := range rows {
		life, _ := s.host.Liveness(r.record) // an error leaves it unknown, which is shown
		r.State = life.String()
	}
	if s.check {
		err = s.markDrifted(ctx, rows)
	}
	return rows, err
}

// appendRow adds an attachment if its ports are wanted.
func (s *session) appendRow(tx *state.Tx, rows []*row, a *state.Attachment) ([]*row, error) {
	leases, err := ipam.Leases(tx, a.Owner)
	if err != nil {
		return rows, err
	}
	translations, _, err := nat.Recorded(tx, a.Owner, nat.PartNatport)
	if err != nil || !s.filter.ports(translations.Mappings) {
		return rows, err
	}
	r := &row{
		Network: a.Owner.Network, Container: a.Owner.ContainerID, IfName: a.Owner.IfName,
		Addresses: []string{}, Ports: []*publishing{}, Bridge: a.Bridge, Link: a.HostLink, record: a, mappings: translations.Mappings,
	}
	r.Age, r.age = age(a, tx.BootID())
	for _, l := range leases {
		r.Addresses = append(r.Addresses, l.Address.String())
	}
	for i := range translations.Mappings {
		r.Ports = append(r.Ports, portOf(&translations.Mappings[i]))
	}
	return append(rows, r), nil
}

// addressed adds the addresses that other plugins have given: the mark of a link names them, and mappings lead to them where
// the link is another plugin's, too. It leaves those attachments whose addresses are wanted.
func (s *session) addressed(rows []*row) (wanted []*row, err error) {
	wanted = []*row{}
	marks := map[string]links.Marked{}
	for _, r := range rows {
		if len(r.Addresses) == 0 && r.Link != "" && len(marks) == 0 {
			if marks, err = s.marks(); err != nil {
				return nil, err
			}
		}
		if len(r.Addresses) == 0 {
			r.Addresses = r.given(marks[r.record.Owner.Mark()])
		}
		if s.filter.addresses(r.Addresses) {
			wanted = append(wanted, r)
		}
	}
	return wanted, nil
}

func (r *row) given(link links.Marked) []string {
	list := []string{}
	for _, a := range link.Addresses {
		list = append(list, a.String())
	}
	if r.Link == "" {
		for i := range r.mappings {
			to := r.mappings[i].Target.Addr()
			list = append(list, netip.PrefixFrom(to, to.BitLen()).String())
		}
	}
	return distinct(list)
}

// markDrifted compares the living with the kernel.
func (s *session) markDrifted(ctx context.Context, rows []*row) (err error) {
	c := s.comparison()
	for _, r := range rows {
		if r.State != host.Alive.String() {
			continue
		}
		if r.Drift, err = c.drift(ctx, r.record); err != nil {
			return err
		}
		if len(r.Drift) > 0 {
			r.State = drifted
		}
	}
	return nil
}

// age is the time since ADD on the clock of this boot, in seconds and in words; a former boot's record has none.
func age(a *state.Attachment, boot string) (seconds *int64, words string) {
	d := time.Duration(state.Now() - a.Created).Round(time.Second)
	if d < 0 || a.BootID != boot {
		return nil, "-"
	}
	n := int64(d / time.Second)
	return &n, d.String()
}
