package links

import (
	"errors"
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Host works on the links of the network namespace that it was opened in. It is safe for
// concurrent use.
type Host struct {
	nl  *netlink.Handle
	raw requests
}

// Link is a link as the kernel has it.
type Link struct {
	Name  string
	Index int
	MAC   net.HardwareAddr
	MTU   int
}

// Open opens netlink sockets in the process's namespace. The caller must call Close.
func Open() (*Host, error) {
	nl, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open netlink socket: %w", err)
	}
	raw, err := openRequests()
	if err != nil {
		nl.Close()
		return nil, err
	}
	return &Host{nl: nl, raw: raw}, nil
}

// Close closes the sockets.
func (h *Host) Close() {
	h.nl.Close()
	h.raw.close()
}

func linkOf(l netlink.Link) Link {
	a := l.Attrs()
	return Link{Name: a.Name, Index: a.Index, MAC: a.HardwareAddr, MTU: a.MTU}
}

func isMissing(err error) bool {
	var missing netlink.LinkNotFoundError
	return errors.As(err, &missing) || errors.Is(err, unix.ENODEV)
}

// retry repeats a dump that was interrupted by a change in between (NLM_F_DUMP_INTR).
func retry[T any](dump func() (T, error)) (list T, err error) {
	for range 10 {
		if list, err = dump(); !errors.Is(err, netlink.ErrDumpInterrupted) {
			return list, err
		}
	}
	return list, err
}
