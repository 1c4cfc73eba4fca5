package conntrack

import (
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"vethbridge/internal/nlsocket"
)

// DropOf removes the tracked connections that addresses began, or that were led to them: whoever
// has one of them next gets nothing of what is still under way to its former holder. Socket and
// tracked are as for Drop.
func DropOf(socket *nlsocket.Socket, addresses []netip.Addr, tracked int) error {
	s := search{matches: func(e *entry) bool {
		return slices.Contains(addresses, e.From.Addr()) || slices.Contains(addresses, e.AnswersFrom.Addr())
	}}
	six := false
	for _, a := range addresses {
		if a.Is4() {
			f := filter{family: unix.AF_INET, exact: true, from: a}
			s.each = append(s.each, f)
			f.from, f.answers = netip.Addr{}, netip.AddrPortFrom(a, 0)
			s.each = append(s.each, f)
		}
		six = six || a.Is6()
	}
	if six {
		s.each = append(s.each, filter{family: unix.AF_INET6})
	}
	return s.run(table{socket}, tracked)
}
