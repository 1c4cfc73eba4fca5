package links

import (
	"encoding/binary"
	"errors"

	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
	"vethbridge/internal/nlsocket"
)

// Some sysctls can be read by netlink too. Below /proc/sys/net a look-up goes through the entries that
// other namespaces have under the same name (proc_sys_compare in fs/proc/proc_sysctl.c): beside a thousand
// containers it takes 0.2 ms, and netlink 0.01 as ever.

// IFLA_INET_CONF of uapi/linux/if_link.h: a number for each IPV4_DEVCONF_* of uapi/linux/ip.h, which begin at 1.
const inetConf, inetForwarding, acceptRedirects, arpNotify, routeLocalnet = 1, 1, 4, 22, 26

var errNoAnswer = errors.New("the kernel does not say")

// Forwards reports whether the host forwards IPv4, or IPv6, from wherever it comes (net.ipv4.ip_forward,
// net.ipv6.conf.all.forwarding).
func (h *Host) Forwards(ipv6 bool) (bool, error) {
	family := byte(unix.AF_INET)
	if ipv6 {
		family = unix.AF_INET6
	}
	const ifindex, forwarding, all = 1, 2, 1<<32 - 1 // NETCONFA_* of uapi/linux/netconf.h
	question := append(nlsocket.Begin(unix.RTM_GETNETCONF, 0), family, 0, 0, 0)
	question = binary.NativeEndian.AppendUint16(question, unix.SizeofNlAttr+4)
	question = binary.NativeEndian.AppendUint16(question, ifindex)
	question = binary.NativeEndian.AppendUint32(question, all)
	answers, err := h.raw.socket.Ask(question)
	if err == nil && len(answers) == 1 {
		if value, _ := nlsocket.Attribute(answers[0][min(4, len(answers[0])):], forwarding); len(value) == 4 {
			return binary.NativeEndian.Uint32(value) != 0, nil
		}
	}
	return false, failure.To("ask for forwarding", errors.Join(err, errNoAnswer))
}

// RouteLocalnet reports whether packets from 127.0.0.0/8 may leave by a link (net.ipv4.conf.LINK.route_localnet).
func (h *Host) RouteLocalnet(linkName string) (bool, error) {
	link, err := h.raw.link(linkName)
	on, said := link.inet(routeLocalnet)
	if err != nil || !said {
		return false, failure.To("ask for route_localnet of "+linkName, errors.Join(err, errNoAnswer))
	}
	return on, nil
}

// inet is a setting of IPv4 for the link, if the kernel says it.
func (p *portLink) inet(setting int) (on, said bool) {
	values := p.families
	for _, kind := range []uint16{unix.AF_INET, inetConf} {
		values, _ = nlsocket.Attribute(values, kind)
	}
	if len(values) < setting*4 {
		return false, false
	}
	return binary.NativeEndian.Uint32(values[(setting-1)*4:]) != 0, true
}
