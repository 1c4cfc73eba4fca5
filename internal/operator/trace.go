package operator

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os/signal"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"vethbridge/internal/forward"
	"vethbridge/internal/listeners"
	"vethbridge/internal/netfilter"
	"vethbridge/internal/trace"
)

// traced is what a trace tells.
type traced struct {
	trace.Story
	Answer trace.Answer `json:"answer,omitempty"`
	Notes  []string     `json:"notes,omitempty"`
}

// tracePacket follows one packet from the client.
func tracePacket(ctx context.Context, s *session) error {
	rows, err := s.rows(ctx)
	if err != nil {
		return err
	}
	wanted, from, err := s.wantedPacket(rows)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, unix.SIGINT, unix.SIGTERM) // the tables must go
	defer stop()
	conn := &netfilter.Conn{}
	defer conn.Close()
	events, answer, err := s.follow(ctx, conn, wanted, from)
	if err != nil {
		return err
	}
	t := traced{Answer: answer, Story: trace.Tell(events, trace.Names{
		Link: func(index uint32) string { return s.host.Links.NameOf(int(index)) },
		Rule: trace.Rules{Conn: conn}.Words,
		IsBridge: func(name string) bool {
			return slices.ContainsFunc(rows, func(r *row) bool { return r.Bridge == name })
		},
	})}
	t.Notes = t.notes(rows, from)
	return t.show(s)
}

// follow follows the packet while the tables are there.
func (s *session) follow(ctx context.Context, conn *netfilter.Conn, w trace.Wanted, from client) (events []*trace.Event, answer trace.Answer, err error) {
	l, err := trace.Listen()
	if err != nil {
		return nil, answer, err
	}
	defer l.Close()
	if err := trace.Watch(conn, w); err != nil {
		return nil, answer, err
	}
	defer func() { err = errors.Join(err, trace.Unwatch(conn)) }()
	sent := make(chan error, 1)
	go func() {
		var err error
		answer, err = from.send(w)
		sent <- err
	}()
	limit := s.wait
	if from.ours {
		limit = sendLimit
	} else {
		fmt.Fprintf(s.errOut, "waiting %s for a connection from %s to %s\n", s.wait, w.From, w.To)
	}
	events, err = l.Follow(ctx, limit)
	return events, answer, errors.Join(err, <-sent)
}

// notes are about the end of the way: who is there.
func (t *traced) notes(rows []*row, from client) (list []string) {
	if i := slices.IndexFunc(rows, func(r *row) bool { return r.is(t.Last.To.Addr().String()) }); i >= 0 && t.Fate != trace.Unseen {
		list = append(list, fmt.Sprintf("%s is %s", t.Last.To.Addr(), rows[i].record.Owner))
	}
	switch {
	case t.Fate == trace.Arrived:
		list = append(list, listening(t.Last))
	case t.Fate == trace.Unseen && from.netns != "":
		list = append(list, "it never left the container: has it a route, and does anybody answer for the destination (ip route, ip neigh)?")
	case t.Fate == trace.Unseen:
		list = append(list, "it was lost before this host's bridge and router, or at the hook ingress of a link (nft list ruleset netdev)")
	}
	for _, f := range forward.All() {
		if f.Legacy && f.InUse() && t.Fate == trace.Lost {
			list = append(list, fmt.Sprintf("%s has rules, which can't be followed: look at the counters of %[1]s -L -v", f))
		}
	}
	return list
}

// listening says which process of the host gets the packet.
func listening(p trace.Packet) string {
	sockets, err := listeners.List(p.Protocol)
	if err != nil {
		return err.Error()
	}
	for _, l := range sockets {
		if l.Takes(p.Protocol, netip.AddrPortFrom(p.To.Addr(), p.To.Port())) {
			return fmt.Sprintf("%s listens on port %d", listeners.Process(l.Inode), p.To.Port())
		}
	}
	return fmt.Sprintf("nothing on this host listens on port %d, and the port is not published for this client", p.To.Port())
}

func (t *traced) show(s *session) error {
	if s.json {
		return writeJSON(s.out, t)
	}
	for _, step := range t.Steps {
		fmt.Fprintln(s.out, step)
	}
	end := t.End
	if t.Answer != trace.Sent {
		end += "; " + string(t.Answer)
	}
	fmt.Fprintln(s.out, strings.Join(append([]string{end}, t.Notes...), "\n"))
	if t.Answer == trace.Silence || t.Fate != trace.Left && t.Fate != trace.Arrived {
		return errFindings
	}
	return nil
}
