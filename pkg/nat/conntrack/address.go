package conntrack

import (
	"errors"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink/nl"
)

// DropOf removes the tracked connections that addresses began, or that were led to them: whoever
// has one of them next gets nothing of what is still under way to its former holder. Tracked is as
// for Drop. It works in the namespace of the calling thread.
func DropOf(addresses []netip.Addr, tracked int) error {
	if len(addresses) == 0 {
		return nil
	}
	t, err := open()
	if err != nil {
		return err
	}
	defer t.close()
	entries, err := t.of(addresses, tracked)
	return errors.Join(err, t.removeSome(entries, func(e entry) bool {
		return slices.Contains(addresses, e.from) || slices.Contains(addresses, e.answers)
	}))
}

// of lists the entries of addresses, and others too where one walk through the table that sends all
// of them is shorter than one for each address and direction.
func (t *table) of(addresses []netip.Addr, tracked int) ([]entry, error) {
	if tracked < perWalk {
		return t.dump(everything, nil)
	}
	var all []entry
	var failed []error
	for _, a := range addresses {
		for _, filter := range [][]*nl.RtAttr{
			bySource(a, nl.CTA_TUPLE_ORIG, ctaFilterOrigFlags), bySource(a, nl.CTA_TUPLE_REPLY, ctaFilterReplyFlags),
		} {
			entries, err := t.dump(familyOf(a), filter)
			all, failed = append(all, entries...), append(failed, err)
		}
	}
	return all, errors.Join(failed...)
}
