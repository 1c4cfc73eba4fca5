package conntrack

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"vethbridge/pkg/nat"
)

// Drop removes the tracked connections to the host's end of the mappings, whatever they
// were translated to: those of a former holder of the port, and those that reached the
// host itself before the port was published. Transit connections to the same port of other
// hosts are left alone. Tracked is about how many connections the kernel tracks, by which the
// shortest way is chosen. It works in the namespace of the calling thread.
func Drop(mappings []nat.Mapping, tracked int) error {
	if len(mappings) == 0 {
		return nil
	}
	t, err := open()
	if err != nil {
		return err
	}
	defer t.close()
	d := dropping{table: t, tracked: tracked, hosts: map[service][]netip.Addr{}, local: map[netip.Addr]bool{}}
	for _, m := range mappings {
		for n := range int(m.More) + 1 {
			s := service{familyOf(m.Host), m.Protocol, m.HostPort + uint16(n)}
			d.hosts[s] = append(d.hosts[s], m.Host)
		}
	}
	var failed []error
	for _, f := range d.filters() {
		failed = append(failed, d.drop(f))
	}
	return errors.Join(failed...)
}

// service is a port of a protocol in one family.
type service struct {
	family   uint8
	protocol nat.Protocol
	port     uint16
}

type dropping struct {
	table   *table
	tracked int
	hosts   map[service][]netip.Addr // the host's ends of the mappings
	local   map[netip.Addr]bool      // what the kernel has been asked already
}

// perWalk is how many entries the kernel sends in the time that it takes to walk its table: for
// several ports, one walk that sends all entries of the protocol can be shorter than one for
// each port that sends only its own. Both were measured with 262,144 buckets.
const perWalk = 20_000

// filters are what the kernel is to send.
func (d *dropping) filters() []filter {
	type protocol struct {
		family   uint8
		protocol nat.Protocol
	}
	services := map[protocol][]service{}
	for s := range d.hosts {
		p := protocol{s.family, s.protocol}
		services[p] = append(services[p], s)
	}
	var list []filter
	for p, of := range services {
		if d.tracked < perWalk*(len(of)-1) {
			list = append(list, filter{service: service{family: p.family, protocol: p.protocol}})
			continue
		}
		for _, s := range of {
			list = append(list, d.filter(s))
		}
	}
	return list
}

// filter names the address too if there is only one.
func (d *dropping) filter(s service) filter {
	f := filter{service: s}
	if hosts := d.hosts[s]; len(hosts) == 1 && !hosts[0].IsUnspecified() {
		f.host = hosts[0]
	}
	return f
}

func (d *dropping) drop(f filter) error {
	entries, err := d.table.list(f)
	return errors.Join(err, d.table.removeSome(entries, d.matches))
}

func (t *table) removeSome(entries []entry, some func(entry) bool) (err error) {
	for _, e := range entries {
		if !some(e) {
			continue
		}
		if removed := t.remove(e); removed != nil && !errors.Is(removed, unix.ENOENT) {
			err = errors.Join(err, fmt.Errorf("drop tracked connection to %s port %d: %w", e.to, e.service.port, removed))
		}
	}
	return err
}

// matches looks at the original direction of a connection, which no translation changes.
func (d *dropping) matches(e entry) bool {
	for _, host := range d.hosts[e.service] {
		if e.to == host || host.IsUnspecified() && d.isLocal(e.to) {
			return true
		}
	}
	return false
}

// isLocal asks the kernel's routes, as the rules in front of the translations do: what is
// an address of the host is not only what stands on its links.
func (d *dropping) isLocal(a netip.Addr) bool {
	local, known := d.local[a]
	if !known {
		routes, err := netlink.RouteGet(a.AsSlice())
		local = err == nil && len(routes) > 0 && routes[0].Type == unix.RTN_LOCAL
		d.local[a] = local
	}
	return local
}

func familyOf(a netip.Addr) uint8 {
	if a.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}
