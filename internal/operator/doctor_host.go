package operator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"vethbridge/internal/host"
	"vethbridge/internal/masquerade"
	"vethbridge/internal/shared"
	"vethbridge/internal/state"
	"vethbridge/internal/sysctl"
)

// kernelFeatures are those that nothing works without.
func kernelFeatures(ctx context.Context, s *session) error {
	const see topic = "the-kernel-lacks-something"
	if err := s.host.BackendUsable(ctx, masquerade.Auto); err != nil {
		s.problem(see, err.Error(), "the kernel needs nf_tables (CONFIG_NF_TABLES and NF_TABLES_INET)")
	}
	if _, err := sysctl.Get("net/netfilter/nf_conntrack_max"); errors.Is(err, fs.ErrNotExist) {
		s.problem(see, "the kernel tracks no connections, so that nothing can be translated", "a kernel without that module needs CONFIG_NF_CONNTRACK", "modprobe nf_conntrack")
	}
	return nil
}

const forwardingOff topic = "forwarding-is-off"

// forwarding is switched on by the first ADD; another program may have turned it off since.
func forwarding(ctx context.Context, s *session) error {
	on := true
	for _, f := range []struct {
		object shared.Object
		key    string
	}{{host.Forwarding4, "net/ipv4/ip_forward"}, {host.Forwarding6, "net/ipv6/conf/all/forwarding"}} {
		users, err := s.users(ctx, f.object)
		if err != nil {
			return err
		}
		if now, err := sysctl.Get(f.key); users > 0 && (err != nil || now != "1") {
			on = false
			s.problem(forwardingOff, fmt.Sprintf("%s is %q, and %d attachments need it", dotted(f.key), now, users), "see who turned it off (/etc/sysctl.d)", set(f.key, "1"))
		}
	}
	if !on {
		return nil
	}
	return s.forwardingOf(ctx)
}

// forwardingOf looks at single links: for IPv4, the kernel asks the one that a packet comes in by, which is set
// with all others unless somebody, such as systemd-networkd, sets it alone.
func (s *session) forwardingOf(ctx context.Context) error {
	users, err := s.users(ctx, host.Forwarding4)
	if err != nil || users == 0 {
		return err
	}
	bridges, err := s.bridgeNames(ctx)
	if err != nil {
		return err
	}
	devices, err := s.host.Links.DefaultRouteDevices()
	for _, device := range distinct(append(devices, bridges...)) {
		key := "net/ipv4/conf/" + device + "/forwarding"
		if now, err := sysctl.Get(key); err == nil && now == "0" {
			s.problem(forwardingOff, dotted(key)+" is 0: what comes in by "+device+" goes no further", "see who turned it off (/etc/sysctl.d, IPv4Forwarding= of systemd-networkd)", set(key, "1"))
		}
	}
	return err
}

// set is the command that sets a sysctl.
func set(key, value string) string { return "sysctl -w " + dotted(key) + "=" + value }

// dotted is a sysctl as people and the program sysctl write it; one with a dot of its own, in the name of a link,
// takes slashes (sysctl(8)).
func dotted(key string) string {
	if strings.Contains(key, ".") {
		return key
	}
	return strings.ReplaceAll(key, "/", ".")
}

func (s *session) users(ctx context.Context, o shared.Object) (n int, err error) {
	err = s.host.Store.View(ctx, func(tx *state.Tx) (err error) {
		n, err = o.Users(tx)
		return err
	})
	return n, err
}

func routerAdvertisements(_ context.Context, s *session) error {
	if on, err := sysctl.Get("net/ipv6/conf/all/forwarding"); err != nil || on != "1" {
		return nil
	}
	devices, err := s.host.Links.RouterAdvertisementDevices()
	for _, device := range devices {
		key := "net/ipv6/conf/" + device + "/accept_ra"
		if now, err := sysctl.Get(key); err == nil && now != "2" {
			s.warning("the-host-loses-its-ipv6-default-route",
				fmt.Sprintf("%s has its IPv6 default route from a router advertisement, and loses it while the host forwards: accept_ra is %s", device, now), "", set(key, "2"))
		}
	}
	return err
}

// noIPv6 is a trap for the next container: the kernel gives its link no address.
func noIPv6(ctx context.Context, s *session) error {
	users, err := s.users(ctx, host.Forwarding6)
	if now, off := sysctl.Get("net/ipv6/conf/default/disable_ipv6"); err != nil || users == 0 || off != nil || now != "1" {
		return err
	}
	s.problem("ipv6-is-turned-off", fmt.Sprintf("net.ipv6.conf.default.disable_ipv6 is 1: new links get no IPv6 address, and %d attachments have one", users),
		"or leave IPv6 out of the networks", set("net/ipv6/conf/default/disable_ipv6", "0"))
	return nil
}

// connections is about the kernel's table of tracked connections: a full one drops packets.
func connections(_ context.Context, s *session) error {
	count, limit := number("net/netfilter/nf_conntrack_count"), number("net/netfilter/nf_conntrack_max")
	if limit == 0 || count*10 < limit*9 {
		return nil
	}
	s.warning("too-many-connections-are-tracked", fmt.Sprintf("%d of %d connections are tracked; beyond that packets are dropped", count, limit),
		"", set("net/netfilter/nf_conntrack_max", strconv.Itoa(limit*2)))
	return nil
}

func number(key string) int {
	text, err := sysctl.Get(key)
	n, convErr := strconv.Atoi(text)
	if err != nil || convErr != nil {
		return 0
	}
	return n
}

// reversePath matters as soon as an answer leaves by another link than the question came in by.
// The stricter of a link's own value and that of all counts (Documentation/networking/ip-sysctl.rst: the maximum).
func reversePath(ctx context.Context, s *session) error {
	names, err := s.bridgeNames(ctx)
	if err != nil || len(names) < 2 {
		return err
	}
	for _, name := range append([]string{"all"}, names...) {
		key := "net/ipv4/conf/" + name + "/rp_filter"
		if number(key) == 1 {
			s.warning("the-reverse-path-filter-is-strict",
				dotted(key)+" is 1 and there are several networks: a container on two of them loses packets that come in by the other one", "", set(key, "2"))
		}
	}
	return nil
}

// bridgeFilter is about br_netfilter, which shows bridged frames to the rules for IP.
func bridgeFilter(ctx context.Context, s *session) error {
	if !host.BridgesFiltered() {
		return nil
	}
	rows, err := s.rows(ctx)
	for _, r := range rows {
		if len(r.mappings) == 0 || r.Link == "" || r.State != host.Alive.String() {
			continue
		}
		if on, err := s.host.Links.Hairpin(r.Link); err == nil && !on {
			s.problem("a-container-does-not-reach-its-own-published-port",
				fmt.Sprintf("net.bridge.bridge-nf-call-iptables is 1 and port %s has hairpin mode off: %s does not reach its own published ports", r.Link, r.record.Owner),
				"", "ip link set "+r.Link+" type bridge_slave hairpin on")
		}
	}
	return err
}
