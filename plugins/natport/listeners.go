package main

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"vethbridge/internal/listeners"
	"vethbridge/pkg/nat"
)

// listenerError says that a program of the host waits for clients on a port that is to lead to
// a container: it would never hear of them again.
type listenerError struct {
	mapping nat.Mapping
	socket  listeners.Socket
}

func (e *listenerError) Error() string {
	by := listeners.Process(e.socket.Inode)
	if by == "" {
		by = "a process of the host"
	}
	return fmt.Sprintf("claim host port %s: %s listens on %s", e.mapping, by, e.socket.Local)
}

// refuseListeners looks for sockets of the host on the ports that are to be published.
func (a *adding) refuseListeners(ctx context.Context) error {
	taken, err := a.listener()
	if err != nil || taken == nil {
		return err
	}
	if a.cfg.OnConflict == Warn {
		a.req.Log.WarnContext(ctx, "a listening process loses its clients to the container", "err", taken)
		return nil
	}
	return taken
}

// listener finds a socket on one of the ports; nil if there is none.
func (a *adding) listener() (*listenerError, error) {
	for _, m := range a.plan.Translations.Mappings {
		sockets, err := a.busy.of(m.Protocol)
		if err != nil {
			return nil, err
		}
		for _, s := range sockets {
			if port := s.Local.Port(); m.Has(port) && s.Takes(uint8(m.Protocol), netip.AddrPortFrom(m.Host, port)) {
				return &listenerError{m, s}, nil
			}
		}
	}
	return nil, nil
}

// busyPorts are the host's sockets of each protocol, listed when they are first asked for.
type busyPorts map[nat.Protocol][]listeners.Socket

func (b busyPorts) of(p nat.Protocol) (list []listeners.Socket, err error) {
	list, listed := b[p]
	if listed {
		return list, nil
	}
	if list, err = listeners.List(uint8(p)); err == nil {
		b[p] = list
	}
	return list, err
}

// has reports whether a socket waits on a port of any address. Where that can't be found
// out, the port is refused later.
func (b busyPorts) has(p nat.Port) bool {
	sockets, _ := b.of(p.Protocol)
	return slices.ContainsFunc(sockets, func(s listeners.Socket) bool { return s.Local.Port() == p.HostPort })
}
