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
// hosts are left alone.
func Drop(mappings []nat.Mapping) error {
	byFamily := map[netlink.InetFamily]*filter{}
	for _, m := range mappings {
		family := netlink.InetFamily(unix.AF_INET6)
		if m.Host.Is4() {
			family = unix.AF_INET
		}
		if byFamily[family] == nil {
			byFamily[family] = &filter{hosts: map[service][]netip.Addr{}}
		}
		key := service{uint8(m.Protocol), m.HostPort}
		byFamily[family].hosts[key] = append(byFamily[family].hosts[key], m.Host)
	}
	for family, f := range byFamily {
		if err := f.drop(family); err != nil {
			return err
		}
	}
	return nil
}

// service is a port of a protocol.
type service struct {
	protocol uint8
	port     uint16
}

// filter matches connections to the host's end of mappings of one family.
type filter struct {
	hosts map[service][]netip.Addr
	local map[netip.Addr]bool // addresses of the host
}

func (f *filter) drop(family netlink.InetFamily) error {
	addrs, err := netlink.AddrList(nil, int(family))
	if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
		return fmt.Errorf("list addresses of the host: %w", err)
	}
	f.local = map[netip.Addr]bool{}
	for _, a := range addrs {
		if addr, ok := netip.AddrFromSlice(a.IP); ok {
			f.local[addr.Unmap()] = true
		}
	}
	if _, err := netlink.ConntrackDeleteFilters(netlink.ConntrackTable, family, f); err != nil && !gone(err) {
		return fmt.Errorf("drop tracked connections: %w", err)
	}
	return nil
}

// gone tells errors that mean that an entry ended by itself, or the dump was interrupted
// by one that did.
func gone(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, netlink.ErrDumpInterrupted)
}

// MatchConntrackFlow implements netlink.CustomConntrackFilter by the original direction of
// a connection, which no translation changes.
func (f *filter) MatchConntrackFlow(flow *netlink.ConntrackFlow) bool {
	for _, host := range f.hosts[service{flow.Forward.Protocol, flow.Forward.DstPort}] {
		to, ok := netip.AddrFromSlice(flow.Forward.DstIP)
		to = to.Unmap()
		if ok && (to == host || host.IsUnspecified() && (f.local[to] || to.IsLoopback())) {
			return true
		}
	}
	return false
}
