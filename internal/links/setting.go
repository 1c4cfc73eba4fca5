package links

import "vethbridge/internal/sysctl"

// setting is what a sysctl shall be.
type setting struct{ key, value string }

// ensureAll sets sysctls of the calling thread's namespace. One that is missing belongs to
// a protocol that the kernel has not got.
func ensureAll(list []setting) error {
	for _, s := range list {
		if _, _, err := sysctl.Ensure(s.key, s.value); err != nil && !sysctl.IsMissing(err) {
			return err
		}
	}
	return nil
}

// turnIPv6OffAtHost leaves IPv6 nothing to do at the host's end: the bridge takes its frames before IP sees
// them. Else each port would have a route for multicast, and the kernel looks through all routes of the host
// whenever the carrier of one comes or goes. It comes before that of this one does, which is when the route
// would be made (addrconf_notify in net/ipv6/addrconf.c). Only time is lost where it can't be.
func (p *Port) turnIPv6OffAtHost() {
	_, _, _ = sysctl.Ensure("net/ipv6/conf/"+p.HostName+"/disable_ipv6", "1")
}
