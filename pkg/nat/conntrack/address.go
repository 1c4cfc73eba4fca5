package conntrack

import (
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"
)

// DropOf removes the tracked connections that addresses began, or that were led to them: whoever
// has one of them next gets nothing of what is still under way to its former holder. Tracked is as
// for Drop. It works in the namespace of the calling thread.
func DropOf(addresses []netip.Addr, tracked int) error {
	s := search{matches: func(e *entry) bool {
		return slices.Contains(addresses, e.From.Addr()) || slices.Contains(addresses, e.AnswersFrom.Addr())
	}}
	six := false
	for _, a := range addresses {
		if a.Is4() {
			s.each = append(s.each, filter{family: unix.AF_INET, from: a, exact: true},
				filter{family: unix.AF_INET, answers: netip.AddrPortFrom(a, 0), exact: true})
		} else if !six {
			six, s.each = true, append(s.each, filter{family: unix.AF_INET6})
		}
	}
	return with(func(t table) error { return s.run(t, tracked) })
}
