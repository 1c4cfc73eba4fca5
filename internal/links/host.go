package links

import (
	"errors"
	"net"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"vethbridge/internal/nlsocket"
)

// Host works on the links of the network namespace that it was opened in. It is safe for
// concurrent use.
type Host struct{ raw *requests }

// rare is for what is rare: it opens a socket for each request.
var rare netlink.Handle

// Link is a link as the kernel has it.
type Link struct {
	Name  string
	Index int
	MAC   net.HardwareAddr
	MTU   int
}

// Open opens a netlink socket in the process's namespace. The caller must call Close.
func Open() (*Host, error) {
	raw, err := openRequests()
	if err != nil {
		return nil, err
	}
	return &Host{raw}, nil
}

// Close closes the socket.
func (h *Host) Close() { h.raw.close() }

// find returns a link of the host by its name.
func (h *Host) find(linkName string) (netlink.Link, error) {
	link, err := h.raw.link(linkName)
	return link.Link, err
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
		if list, err = dump(); !errors.Is(err, netlink.ErrDumpInterrupted) && !errors.Is(err, nlsocket.ErrInterrupted) {
			return list, err
		}
	}
	return list, err
}
