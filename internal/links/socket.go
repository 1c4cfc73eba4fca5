package links

import (
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"vethbridge/internal/nlsocket"
)

// requests is a netlink socket for all that an ADD or DEL does. The netlink package would decode every
// reply whole, by reflection.
type requests struct {
	socket *nlsocket.Socket
}

// openRequests opens a socket in the namespace of the calling thread. It stays the socket of
// that namespace wherever it is used.
func openRequests() (*requests, error) {
	s, err := nlsocket.Open(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	// With these the kernel says in words what it refuses, and takes the link of a request
	// for addresses as a filter. Both are only improvements.
	_ = s.Set(unix.NETLINK_EXT_ACK)
	_ = s.Set(unix.NETLINK_GET_STRICT_CHK)
	return &requests{s}, nil
}

func (r *requests) close() { r.socket.Close() }

// do sends a request and returns what it is answered with, without the headers. A list that changed meanwhile is
// asked for again.
func (r *requests) do(kind, flags int, data ...nl.NetlinkRequestData) ([][]byte, error) {
	request := nlsocket.Begin(kind, flags)
	for _, d := range data {
		request = append(request, d.Serialize()...)
	}
	return retry(func() ([][]byte, error) { return r.socket.Ask(request) })
}
