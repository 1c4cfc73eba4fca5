package trace

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
)

const (
	// group is NFNLGRP_NFTRACE (uapi/linux/netfilter/nfnetlink.h).
	group = 9
	// quiet is how long nothing more is heard of a packet when its way is over: all hooks of a
	// host take microseconds. It is less than TCP waits before it repeats a segment.
	quiet = 300 * time.Millisecond
)

// Listener hears what the kernel says about traced packets. It is not safe for concurrent use.
type Listener struct{ conn *netlink.Conn }

// Listen begins to hear, in the namespace of the calling thread.
func Listen() (*Listener, error) {
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err == nil {
		err = conn.JoinGroup(group)
	}
	if err != nil {
		return nil, failure.To("listen for traces", err)
	}
	return &Listener{conn}, nil
}

// Close ends it.
func (l *Listener) Close() error { return l.conn.Close() }

// Follow returns the events of the first packet that comes within the limit; none if none comes.
func (l *Listener) Follow(ctx context.Context, limit time.Duration) (list []*Event, err error) {
	deadline := time.Now().Add(limit)
	var packet followed
	for ctx.Err() == nil && (time.Now().Before(deadline) || l.behind()) {
		if err := l.conn.SetReadDeadline(time.Now().Add(quiet)); err != nil {
			return nil, err
		}
		messages, err := l.conn.Receive()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && len(list) > 0 && !l.behind():
			return list, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			continue
		case err != nil:
			return nil, failure.To("read traces", err)
		}
		for _, m := range messages {
			e, err := decode(m)
			if err != nil {
				return nil, err
			}
			if packet.has(e) {
				list = append(list, e)
			}
		}
	}
	return list, ctx.Err()
}

// behind reports whether there are events that have not been read yet: on a busy machine a deadline may pass
// before this process has its turn.
func (l *Listener) behind() bool {
	ready := []unix.PollFd{{Events: unix.POLLIN}}
	raw, err := l.conn.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) {
			ready[0].Fd = int32(fd)
			_, _ = unix.Poll(ready, 0)
		})
	}
	return err == nil && ready[0].Revents&unix.POLLIN != 0
}

// followed tells one packet from others that the same client sends at the same time. Its trace
// has another ID on the bridge and above it, and each walk begins with its headers.
type followed struct {
	first Packet
	ids   map[uint32]bool
}

func (f *followed) has(e *Event) bool {
	if !f.first.Known() && e.Packet.Known() {
		f.first, f.ids = e.Packet, map[uint32]bool{}
	}
	if e.Packet.Known() && e.Packet.From == f.first.From {
		f.ids[e.ID] = true
	}
	return f.ids[e.ID]
}
