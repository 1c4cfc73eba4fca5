package links

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
)

// PortState is the state of a bridge port (BR_STATE_* in uapi/linux/if_bridge.h).
type PortState uint8

// The states of a bridge port. Without the spanning tree protocol one is disabled while it
// has no carrier, and forwards as soon as it has.
const (
	Disabled PortState = iota
	Listening
	Learning
	Forwarding
	Blocking
)

// String names the state as bridge(8) does.
func (s PortState) String() string {
	names := [...]string{"disabled", "listening", "learning", "forwarding", "blocking"}
	if int(s) < len(names) {
		return names[s]
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// forwardingLimit is how long a port may take: with the spanning tree protocol, two forward
// delays of 15 s each.
const forwardingLimit = 35 * time.Second

// awaitForwarding waits until the bridge forwards the port's frames. It nearly always does
// already; else the kernel's event is waited for. A port whose other end stays down is not
// waited for.
func (h *Host) awaitForwarding(ctx context.Context, p *Port) (portLink, error) {
	port, err := h.raw.link(p.HostName)
	if err != nil || p.Down || port.state == Forwarding {
		return port, err
	}
	events, err := nl.Subscribe(unix.NETLINK_ROUTE, unix.RTNLGRP_LINK)
	if err != nil {
		return port, failure.To("subscribe to link events", err)
	}
	defer events.Close()
	ctx, cancel := context.WithTimeout(ctx, forwardingLimit)
	defer cancel()
	for {
		port, err = h.raw.link(p.HostName)
		if err != nil || port.state == Forwarding {
			return port, err
		}
		if ctx.Err() != nil {
			return port, &NotForwardingError{Bridge: p.Bridge, Port: p.HostName, State: port.state, Cause: ctx.Err()}
		}
		if err := nextEvent(events); err != nil {
			return port, err
		}
	}
}

// nextEvent returns at the next event, or soon enough to look at the deadline. Events that
// were lost (ENOBUFS) count as one.
func nextEvent(events *nl.NetlinkSocket) error {
	if err := events.SetReceiveTimeout(&unix.Timeval{Usec: 200_000}); err != nil {
		return failure.To("limit wait for link events", err)
	}
	_, _, err := events.Receive()
	if err == nil || errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) || errors.Is(err, unix.ENOBUFS) {
		return nil
	}
	return failure.To("wait for link events", err)
}
