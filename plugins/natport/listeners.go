package main

import (
	"context"
	"fmt"
	"net/netip"

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

func (a *adding) listener() (*listenerError, error) {
	sockets := map[nat.Protocol][]listeners.Socket{}
	for _, m := range a.plan.Translations.Mappings {
		list, listed := sockets[m.Protocol]
		if !listed && m.Protocol != nat.SCTP {
			var err error
			if list, err = listeners.List(uint8(m.Protocol)); err != nil {
				return nil, err
			}
			sockets[m.Protocol] = list
		}
		for _, s := range list {
			if s.Takes(uint8(m.Protocol), netip.AddrPortFrom(m.Host, m.HostPort)) {
				return &listenerError{m, s}, nil
			}
		}
	}
	return nil, nil
}
