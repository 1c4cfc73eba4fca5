package conntrack

import (
	"errors"
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"vethbridge/internal/nlsocket"
	"vethbridge/pkg/nat"
)

// Drop removes the tracked connections to the host's end of mappings that come, whatever they
// were translated to: those of a former holder of the port, and those that reached the
// host itself before the port was published. Transit connections to the same port of other
// hosts are left alone. Tracked is about how many connections the kernel tracks, by which the
// shortest way is chosen. The socket is one of NETLINK_NETFILTER, of the namespace of the calling thread.
func Drop(socket *nlsocket.Socket, mappings []nat.Mapping, tracked int) error {
	d := dropping{mappings: mappings, local: map[netip.Addr]bool{}}
	return d.run(table{socket}, tracked)
}

// DropLed removes the tracked connections that mappings that go have led to their targets. Socket
// and tracked are as for Drop.
func DropLed(socket *nlsocket.Socket, mappings []nat.Mapping, tracked int) error {
	d := dropping{mappings: mappings, led: true}
	return d.run(table{socket}, tracked)
}

// dropping is the search for connections of mappings.
type dropping struct {
	mappings []nat.Mapping
	led      bool                // only those that they have led to their targets
	local    map[netip.Addr]bool // what the kernel has been asked already
	services map[service][]*nat.Mapping
}

// service is a port of a protocol in one family.
type service struct {
	family   uint8
	protocol nat.Protocol
	port     uint16
}

// mostFilters is more than are ever shorter than one that comprises them.
const mostFilters = 100

func (d *dropping) run(t table, tracked int) (err error) {
	for all, each := range d.sort() {
		if len(each) == mostFilters {
			each = []filter{all}
		}
		err = errors.Join(err, search{each, all, d.has}.run(t, tracked))
	}
	return err
}

// sort notes which mappings each service has, and returns what to look for, by what comprises it.
func (d *dropping) sort() map[filter][]filter {
	groups := map[filter][]filter{}
	d.services = map[service][]*nat.Mapping{}
	for i := range d.mappings {
		m := &d.mappings[i]
		all := d.comprising(m)
		for n := range m.More + 1 {
			s := service{all.family, m.Protocol, m.HostPort + n}
			d.services[s] = append(d.services[s], m)
			if len(groups[all]) < mostFilters {
				groups[all] = append(groups[all], d.filter(all, s.port, m))
			}
		}
	}
	return groups
}

func (d *dropping) has(e *entry) bool {
	for _, m := range d.services[service{e.family, e.Protocol, e.To.Port()}] {
		if d.matches(e, m) {
			return true
		}
	}
	return false
}

// comprising is what a mapping has in common with others.
func (d *dropping) comprising(m *nat.Mapping) filter {
	f := filter{family: familyOf(m.Host), protocol: m.Protocol}
	if d.led {
		f.answers = netip.AddrPortFrom(m.Target.Addr(), 0)
	}
	return f
}

// filter is what a mapping does with one of its ports. Which addresses are the host's own only its routes can tell.
func (d *dropping) filter(f filter, port uint16, m *nat.Mapping) filter {
	f.port, f.exact = port, d.led || !m.Host.IsUnspecified()
	if !m.Host.IsUnspecified() {
		f.to = m.Host
	}
	if d.led {
		f.answers = targetOf(m, port)
	}
	return f
}

// matches looks at the original direction of a connection, which no translation changes, and at who answers.
func (d *dropping) matches(e *entry, m *nat.Mapping) bool {
	if d.led && (e.AnswersFrom != targetOf(m, e.To.Port()) || e.To.Addr() == m.Target.Addr()) {
		return false
	}
	return e.To.Addr() == m.Host || m.Host.IsUnspecified() && (d.led || d.isLocal(e.To.Addr()))
}

// targetOf is where a mapping leads one of its ports.
func targetOf(m *nat.Mapping, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(m.Target.Addr(), m.Target.Port()+port-m.HostPort)
}

// isLocal asks the kernel's routes, as the rules in front of the translations do: what is
// an address of the host is not only what stands on its links.
func (d *dropping) isLocal(a netip.Addr) bool {
	local, known := d.local[a]
	if !known {
		local = isLocal(a)
		d.local[a] = local
	}
	return local
}

func isLocal(a netip.Addr) bool {
	socket, err := nlsocket.Open(unix.NETLINK_ROUTE)
	if err != nil {
		return false
	}
	defer socket.Close()
	of := &nl.RtMsg{RtMsg: unix.RtMsg{Family: familyOf(a), Dst_len: uint8(a.BitLen())}}
	request := append(nlsocket.Begin(unix.RTM_GETROUTE, 0), of.Serialize()...)
	routes, err := socket.Ask(append(request, nl.NewRtAttr(unix.RTA_DST, a.AsSlice()).Serialize()...))
	return err == nil && len(routes) > 0 && nl.DeserializeRtMsg(routes[0]).Type == unix.RTN_LOCAL
}
