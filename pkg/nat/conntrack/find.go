package conntrack

import (
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
	"vethbridge/internal/nlsocket"
	"vethbridge/pkg/nat"
)

// Connection is a tracked connection: as its client began it, and as the answers go.
type Connection struct {
	Protocol nat.Protocol
	From, To netip.AddrPort
	// AnswersFrom and AnswersTo differ from To and From where something was translated.
	AnswersFrom, AnswersTo netip.AddrPort
}

// String returns "tcp 192.0.2.1:40000 -> 198.51.100.1:8080, answered by 10.1.0.2:80 to 192.0.2.1:40000".
func (c Connection) String() string {
	text := fmt.Sprintf("%s %s -> %s", c.Protocol, c.From, c.To)
	if c.AnswersFrom != c.To || c.AnswersTo != c.From {
		text += fmt.Sprintf(", answered by %s to %s", c.AnswersFrom, c.AnswersTo)
	}
	return text
}

// Find lists the connections that one of the addresses takes part in. It reads the whole table
// of the calling thread's namespace.
func Find(addresses []netip.Addr) (list []Connection, err error) {
	err = with(func(t table) error {
		entries, err := t.list(filter{}, func(e *entry) bool { return e.From.Port() != 0 && e.has(addresses) })
		for _, e := range entries {
			list = append(list, e.Connection)
		}
		return err
	})
	return list, err
}

// with opens the table for fn.
func with(fn func(table) error) error {
	socket, err := nlsocket.Open(unix.NETLINK_NETFILTER)
	if err != nil {
		return failure.To("open conntrack socket", err)
	}
	defer socket.Close()
	return fn(table{socket})
}

func (c Connection) has(addresses []netip.Addr) bool {
	return slices.ContainsFunc([]netip.AddrPort{c.From, c.To, c.AnswersFrom, c.AnswersTo}, func(p netip.AddrPort) bool {
		return slices.Contains(addresses, p.Addr())
	})
}
