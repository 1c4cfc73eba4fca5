package operator

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
	"vethbridge/internal/netns"
	"vethbridge/internal/trace"
	"vethbridge/pkg/nat"
)

// sendLimit is how long it takes at most until a packet that is sent here is seen: its client waits for
// half of that.
const sendLimit = 2 * time.Second

// client is where the packet comes from.
type client struct {
	ours  bool   // this host, or a container of it, so that the packet can be sent
	netns string // path of the container's namespace; empty for the host
}

// wantedPacket reads the three subjects.
func (s *session) wantedPacket(rows []*row) (w trace.Wanted, from client, err error) {
	var port portFilter
	if err := port.Set(s.subjects[2]); err != nil {
		return w, from, err
	}
	literal, _ := netip.ParseAddr(s.subjects[0]) // invalid for a container
	to, _, err := endpoint(rows, s.subjects[1], literal)
	if err != nil {
		return w, from, err
	}
	address, at, err := endpoint(rows, s.subjects[0], to)
	if err != nil {
		return w, from, err
	}
	if address.Is4() != to.Is4() {
		return w, from, fmt.Errorf("%s and %s are of different families", address, to)
	}
	w = trace.Wanted{Protocol: unix.IPPROTO_TCP, From: address, To: netip.AddrPortFrom(to, port.number)}
	switch port.protocol {
	case nat.UDP:
		w.Protocol = unix.IPPROTO_UDP
	case nat.SCTP:
		return w, from, errors.New("sctp can't be traced, only tcp and udp")
	}
	switch _, err := s.host.Links.Holder(address); {
	case at != nil:
		from = client{ours: true, netns: at.record.Netns.Path}
	case err == nil || address.IsLoopback():
		from = client{ours: true}
	}
	return w, from, nil
}

// endpoint finds an address by itself or by its container, of the family of another one if that
// is known.
func endpoint(rows []*row, text string, beside netip.Addr) (netip.Addr, *row, error) {
	literal, literalErr := netip.ParseAddr(text)
	var found *row
	var its netip.Addr
	rows = exactly(rows, text)
	for _, r := range rows {
		for _, a := range r.Addresses {
			address := netip.MustParsePrefix(a).Addr()
			if address == literal {
				return address, r, nil
			}
			named := strings.HasPrefix(r.Container, text) && (!beside.IsValid() || address.Is4() == beside.Is4())
			if named && found != nil && found != r {
				return its, nil, fmt.Errorf("%q is several attachments, %s and %s among them: give an address", text, found.record.Owner, r.record.Owner)
			}
			if named && found == nil {
				found, its = r, address
			}
		}
	}
	if found != nil {
		return its, found, nil
	}
	if literalErr != nil {
		return literal, nil, fmt.Errorf("%q is neither an address nor the beginning of a container ID with one", text)
	}
	return literal.Unmap(), nil, nil
}

// send sends the packet, if it can be sent here.
func (c client) send(w trace.Wanted) (answer trace.Answer, err error) {
	switch {
	case !c.ours:
		return trace.Sent, nil
	case c.netns == "":
		answer, err = trace.Send(w)
	default:
		ns, openErr := netns.Open(c.netns)
		if openErr != nil {
			return trace.Sent, openErr
		}
		defer ns.Close()
		err = ns.Do(func() error { answer, err = trace.Send(w); return err })
	}
	if err != nil {
		return answer, failure.To("send from "+w.From.String(), err)
	}
	return answer, nil
}
