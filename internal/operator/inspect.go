package operator

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"vethbridge/internal/fence"
	"vethbridge/internal/state"
	"vethbridge/pkg/nat"
)

// whole is one attachment with all that belongs to it.
type whole struct {
	row
	Namespace    string   `json:"namespace,omitempty"`
	MAC          string   `json:"mac,omitempty"`
	Networks     []string `json:"networks"`
	Fence        []string `json:"fence"`
	LocalhostVia string   `json:"localhostVia,omitempty"`
	HostEnd      *end     `json:"hostEnd,omitempty"`
	ContainerEnd *end     `json:"containerEnd,omitempty"`
	Connections  []string `json:"connections,omitempty"`
	Log          []string `json:"log,omitempty"`
}

// inspect shows the one attachment that a container ID (or its beginning), an address, a host
// port or a host link belongs to.
func inspect(ctx context.Context, s *session) error {
	rows, err := s.rows(ctx)
	if err != nil {
		return err
	}
	found := exactly(slices.DeleteFunc(rows, func(r *row) bool { return !r.is(s.subject()) }), s.subject())
	if len(found) == 0 {
		return fmt.Errorf("no attachment has %q as (the beginning of) its container ID, as address, host port or host link; \"vethbridge ls\" shows them all", s.subject())
	}
	if len(found) > 1 {
		for _, r := range found {
			fmt.Fprintf(s.out, "%s/%s/%s\n", r.Network, r.Container, r.IfName)
		}
		return fmt.Errorf("%q is %d attachments; say which by --network, address or host link", s.subject(), len(found))
	}
	w, err := s.whole(ctx, found[0])
	if err != nil {
		return err
	}
	return w.show(s)
}

// exactly leaves the attachments of the container whose whole ID it is, if there is one; the ID may be the beginning of others.
func exactly(rows []*row, id string) []*row {
	var list []*row
	for _, r := range rows {
		if r.Container == id {
			list = append(list, r)
		}
	}
	if len(list) == 0 {
		return rows
	}
	return list
}

// is reports whether the subject names the attachment.
func (r *row) is(subject string) bool {
	if strings.HasPrefix(r.Container, subject) || r.Link == subject {
		return true
	}
	for _, a := range r.Addresses {
		if address, _, _ := strings.Cut(a, "/"); address == subject {
			return true
		}
	}
	var port portFilter
	return port.Set(subject) == nil && filter{port: port}.ports(r.mappings)
}

func (s *session) whole(ctx context.Context, r *row) (w whole, err error) {
	if err := s.markDrifted(ctx, []*row{r}); err != nil {
		return w, err
	}
	w = whole{row: *r, Networks: []string{}, Fence: []string{}}
	a := r.record
	w.Namespace, w.MAC, w.LocalhostVia = a.Netns.Path, a.MAC.String(), a.LocalhostVia
	if w.HostEnd, w.ContainerEnd, err = s.ends(a); err != nil {
		return w, err
	}
	if w.Connections, err = connectionsOf(r); err != nil {
		return w, err
	}
	if err = s.countTaken(ctx, &w.row); err != nil {
		return w, err
	}
	w.Log = s.logOf(r)
	return w, s.host.Store.View(ctx, func(tx *state.Tx) error { return w.rules(tx, a) })
}

// rules fills in what the attachment needs in the kernel's tables.
func (w *whole) rules(tx *state.Tx, a *state.Attachment) error {
	elements, err := fence.Recorded(tx, a.Owner)
	for _, e := range elements {
		w.Fence = append(w.Fence, e.String())
	}
	if err != nil {
		return err
	}
	for _, part := range natParts {
		t, _, err := nat.Recorded(tx, a.Owner, part)
		if err != nil {
			return err
		}
		for _, n := range t.Networks {
			w.Networks = append(w.Networks, n.String())
		}
	}
	return nil
}

func (w *whole) show(s *session) error {
	if s.json {
		return writeJSON(s.out, w)
	}
	var b strings.Builder
	line := func(name string, values ...string) {
		if text := strings.Join(values, "\n               "); text != "" {
			fmt.Fprintf(&b, "%-14s %s\n", name, text)
		}
	}
	line("network", w.Network)
	line("container", w.Container)
	line("interface", w.IfName)
	line("state", w.State+", for "+w.age)
	line("drift", w.Drift...)
	line("namespace", w.Namespace)
	line("host link", w.Link)
	line("bridge", w.Bridge)
	line("MAC address", w.MAC)
	line("addresses", w.Addresses...)
	line("ports", texts(w.Ports)...)
	line("127.0.0.1 by", w.LocalhostVia)
	line("networks", w.Networks...)
	line("guard, walls", w.Fence...)
	if w.HostEnd != nil {
		line("host's end", w.HostEnd.lines()...)
	}
	if w.ContainerEnd != nil {
		line("other end", w.ContainerEnd.lines()...)
	}
	line("connections", w.Connections...)
	line("log", w.Log...)
	_, err := io.WriteString(s.out, b.String())
	return err
}
